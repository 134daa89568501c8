package life

import (
	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/pod"
	"dce/internal/project"
	"dce/internal/render"
)

// Rules are how a rendered pod lives, by its project and configuration.
func Rules(rendered *types.Project, job bool, c project.Config) pod.Rules {
	rules := pod.Rules{
		Job: job, Expect: map[string]int{},
		LaunchTimeout: c.Timeouts.Launch, EngineTimeout: c.Timeouts.Engine, StopTimeout: c.Timeouts.Stop,
		KeepFailed: c.KeepFailed > 0,
	}
	for name, s := range rendered.Services {
		rules.Expect[name] = s.GetScale()
	}
	if _, ok := rendered.Services[render.InfraService]; ok {
		rules.Infra = render.InfraService
	}
	return rules
}

// Secrets are the values that the rendered file leaves out, of the merged
// project's environment and of what its interpolation sees.
func Secrets(merged *types.Project, keys []string) map[string]string {
	values := map[string]string{}
	for _, key := range keys {
		for _, s := range merged.Services {
			if v := s.Environment[key]; v != nil {
				values[key] = *v
			}
		}
		if v, ok := merged.Environment[key]; ok && values[key] == "" {
			values[key] = v
		}
	}
	return values
}
