package render_test

import (
	"regexp"
	"strings"
	"testing"

	"dce/internal/render"
)

// Names and labels may hold anything: a scheduler takes what its users say. They
// reach the engine as they are where they are only words, and never become
// another's name, another line or a word of a shell.
func TestHostileIDsAreWordsAndNothingElse(t *testing.T) {
	named := regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,200}$`)
	seen := map[string]string{}
	for _, id := range []string{
		"a\nservices: {evil: {image: x, privileged: true}}", "$(reboot)", "`reboot`", "; reboot #", "../../etc/passwd", "${HOME}", "$$HOME", "a b\tc",
		"'\"\\", "\x1b[2J", "-rf", "ünï", strings.Repeat("x", 1<<12),
	} {
		in := example(load(t, "services: {web: {image: a, volumes: ['data:/data']}}\nvolumes: {data: {}}\n"))
		in.Task.ID, in.Task.ExecutorID, in.Task.FrameworkID = id, id+"-ex", id+"-fw"
		r := rendered(t, in)
		for _, name := range []string{r.Project.Name, r.Project.Volumes["data"].Name} {
			if !named.MatchString(name) || seen[name] != "" {
				t.Errorf("%.40q gives the name %.80q", id, name)
			}
			seen[name] = id
		}
		text, err := r.YAML()
		if err != nil {
			t.Fatalf("%.40q: %v", id, err)
		}
		again, err := tryLoad(string(text))
		if err != nil {
			t.Fatalf("%.40q does not load again: %v", id, err)
		}
		if len(again.Services) != 2 {
			t.Errorf("%.40q: services %v", id, again.ServiceNames())
		}
		labels := again.Services["web"].Labels
		for key, want := range map[string]string{
			render.LabelTask: id, render.LabelTaskID: id, render.LabelExecutor: id + "-ex", render.LabelExecutorID: id + "-ex", render.LabelFramework: id + "-fw",
		} {
			if labels[key] != want {
				t.Errorf("%.40q: %s is %.80q", id, key, labels[key])
			}
		}
	}
}
