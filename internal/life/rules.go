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
		Job: job, Expect: map[string]int{}, Memory: map[string]int64{},
		LaunchTimeout: c.Timeouts.Launch, EngineTimeout: c.Timeouts.Engine, StopTimeout: c.Timeouts.Stop,
		KeepFailed: c.KeepFailed > 0,
	}
	for name, s := range rendered.Services {
		rules.Expect[name] = s.GetScale()
		if limit := memoryLimit(s); limit > 0 {
			rules.Memory[name] = limit
		}
	}
	if _, ok := rendered.Services[render.InfraService]; ok {
		rules.Infra = render.InfraService
	}
	return rules
}

func memoryLimit(s types.ServiceConfig) int64 {
	if s.MemLimit == 0 && s.Deploy != nil && s.Deploy.Resources.Limits != nil {
		return int64(s.Deploy.Resources.Limits.MemoryBytes)
	}
	return int64(s.MemLimit)
}

// Secrets are the values that the rendered file leaves out, of the merged
// project's environment and of what its interpolation sees.
// They are by service: two may have another value for one key.
func Secrets(merged *types.Project, keys []string) map[string]map[string]string {
	values := map[string]map[string]string{}
	for name, s := range merged.Services {
		for _, key := range keys {
			value, ok := secret(merged, s, key)
			if !ok {
				continue
			}
			if values[name] == nil {
				values[name] = map[string]string{}
			}
			values[name][key] = value
		}
	}
	return values
}

// secret is the value of one key of a service, of those that name it.
func secret(merged *types.Project, s types.ServiceConfig, key string) (string, bool) {
	value, named := s.Environment[key]
	switch {
	case !named:
		return "", false
	case value != nil:
		return *value, true
	}
	found, ok := merged.Environment[key]
	return found, ok
}

// SecretFiles are the contents of compose secrets that come from a variable:
// the rendered file has its name only.
func SecretFiles(merged *types.Project) map[string]string {
	contents := map[string]string{}
	for name, s := range merged.Secrets {
		if s.Environment == "" {
			continue
		}
		if value, ok := merged.Environment[s.Environment]; ok {
			contents[name] = value
		}
	}
	return contents
}
