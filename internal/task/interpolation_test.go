package task_test

import (
	"testing"

	"dce/internal/render"
	"dce/internal/task"
)

func TestInterpolationSeesTheExecutorsEnvironmentButNoSettings(t *testing.T) {
	env := task.Interpolation(render.Task{
		ID:       "shop.1",
		Ports:    []render.OfferedPort{{Number: 31005, Name: "http"}},
		Env:      map[string]string{"HOST": "agent7", "PORT": "31005", "STAGE": "prod", "DOCKER_TAG": "1.4", "HOME": "/srv", "COMPOSE_FILE": "x", "DCE_PROJECT_NAME": "x", "LD_PRELOAD": "x"},
		AgentEnv: map[string]string{"MESOS_SANDBOX": "/mnt/mesos/sandbox", "LIBPROCESS_IP": "10.0.0.7"},
	}, render.Settings{})
	for key, want := range map[string]string{
		"PORT0": "31005", "PORT_HTTP": "31005", "PORT": "31005", "HOST": "agent7", "STAGE": "prod", "MESOS_TASK_ID": "shop.1",
		"DOCKER_TAG": "1.4", "HOME": "/srv", "MESOS_SANDBOX": "/mnt/mesos/sandbox", "LIBPROCESS_IP": "10.0.0.7",
	} {
		if env[key] != want {
			t.Errorf("%s is %q, want %q", key, env[key], want)
		}
	}
	for _, key := range []string{"COMPOSE_FILE", "DCE_PROJECT_NAME", "LD_PRELOAD"} {
		if v, ok := env[key]; ok {
			t.Errorf("%s is seen: %q", key, v)
		}
	}
}
