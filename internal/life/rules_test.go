package life

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

func TestEveryServiceGetsItsOwnSecrets(t *testing.T) {
	one, two, empty := "one", "two", ""
	merged := &types.Project{
		Environment: types.Mapping{"PASSWORD": "of the environment", "UNNAMED": "of nobody"},
		Services: types.Services{
			"a":     {Environment: types.MappingWithEquals{"PASSWORD": &one}},
			"b":     {Environment: types.MappingWithEquals{"PASSWORD": &two, "OTHER": &one}},
			"bare":  {Environment: types.MappingWithEquals{"PASSWORD": nil}},
			"empty": {Environment: types.MappingWithEquals{"PASSWORD": &empty}},
			"none":  {},
		},
	}
	want := map[string]map[string]string{
		"a":     {"PASSWORD": "one"},
		"b":     {"PASSWORD": "two"},
		"bare":  {"PASSWORD": "of the environment"},
		"empty": {"PASSWORD": ""},
	}
	if diff := cmp.Diff(want, Secrets(merged, []string{"PASSWORD", "UNNAMED"})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
