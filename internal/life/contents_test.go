package life

import (
	"testing"

	"dce/internal/project"
)

// Compose asks for the variable of a secret or config that has no content, and
// fails where it is not set.
func TestAnEmptySecretOrConfigIsOneThatIsSet(t *testing.T) {
	p, err := project.LoadRendered(t.Context(), []byte(`
name: p
services: {web: {image: x, secrets: [full, empty], configs: [none]}}
secrets: {full: {environment: FULL}, empty: {environment: EMPTY}, other: {environment: OTHER}}
configs: {none: {environment: NONE}}
`))
	if err != nil {
		t.Fatal(err)
	}
	giveContents(p, map[string]string{"full": "x", "empty": "", "unknown": "x"})
	if got := p.Secrets["full"].Content; got != "x" {
		t.Errorf("full is %q", got)
	}
	for name, want := range map[string]bool{"FULL": false, "EMPTY": true, "OTHER": false, "NONE": true} {
		if value, set := p.Environment[name]; set != want || value != "" {
			t.Errorf("%s is %q, set %v", name, value, set)
		}
	}
}
