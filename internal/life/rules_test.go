package life

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"dce/internal/project"
)

func TestRulesKnowTheMemoryLimitOfEachService(t *testing.T) {
	limits := func(memory types.UnitBytes) *types.DeployConfig {
		return &types.DeployConfig{Resources: types.Resources{Limits: &types.Resource{MemoryBytes: memory}}}
	}
	rules := Rules(&types.Project{Services: types.Services{
		"key":    {MemLimit: 64 << 20},
		"deploy": {Deploy: limits(32 << 20)},
		"both":   {MemLimit: 16 << 20, Deploy: limits(16 << 20)},
		"none":   {Deploy: &types.DeployConfig{}},
	}}, false, project.Config{})
	want := map[string]int64{"key": 64 << 20, "deploy": 32 << 20, "both": 16 << 20}
	if diff := cmp.Diff(want, rules.Memory); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

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
