package task_test

import (
	"testing"

	"dce/internal/render"
	"dce/internal/task"
)

func TestInterpolationSeesPortsAndTheHostButNotTheEnginesVariables(t *testing.T) {
	env := task.Interpolation(render.Task{
		ID:    "shop.1",
		Ports: []render.OfferedPort{{Number: 31005, Name: "http"}},
		Env:   map[string]string{"HOST": "agent7", "PORT": "31005", "STAGE": "prod", "DOCKER_HOST": "tcp://evil"},
	}, render.Settings{})
	for key, want := range map[string]string{
		"PORT0": "31005", "PORT_HTTP": "31005", "PORT": "31005", "HOST": "agent7", "STAGE": "prod", "MESOS_TASK_ID": "shop.1",
	} {
		if env[key] != want {
			t.Errorf("%s is %q, want %q", key, env[key], want)
		}
	}
	if v, ok := env["DOCKER_HOST"]; ok {
		t.Errorf("DOCKER_HOST is seen: %q", v)
	}
}
