package executor

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/health"
	"dce/internal/mesos"
	"dce/internal/pod"
)

func ended(state pod.State, r pod.Reason) pod.Pod {
	return pod.Pod{State: state, Outcome: state, Started: true, Reason: r}
}

func healthy(h pod.Health) map[string]pod.Container {
	return map[string]pod.Container{"web-1": {Service: "web", State: pod.Up, Healthcheck: true, Health: h}}
}

func TestUpdate(t *testing.T) {
	yes, no := true, false
	crash := ended(pod.Failed, pod.Reason{Cause: pod.CauseExit, Service: "web", ExitCode: 3, After: 130 * time.Second})
	crash.Evidence.Logs = []string{"connecting to db", "panic: no db"}
	sick := ended(pod.Failed, pod.Reason{Cause: pod.CauseUnhealthy, Service: "web"})
	sick.Evidence.Health = "503\n"
	early := ended(pod.Killed, pod.Reason{Cause: pod.CauseKill, Message: "the scheduler"})
	early.Started = false

	tests := map[string]struct {
		view view
		was  pod.State
		pod  pod.Pod
		want *mesos.Update
	}{
		"a pod that is being prepared": {pod: pod.Pod{State: pod.Staging}},
		"a pod that is being started":  {pod: pod.Pod{State: pod.Starting}},
		"a running pod that nobody checks": {
			pod:  pod.Pod{State: pod.Running},
			want: &mesos.Update{State: v1.TASK_RUNNING},
		},
		"a running pod says where it is": {
			view: view{container: &v1.ContainerStatus{}, labels: []v1.Label{{Key: "k"}}},
			pod:  pod.Pod{State: pod.Running},
			want: &mesos.Update{State: v1.TASK_RUNNING, Container: &v1.ContainerStatus{}, Labels: []v1.Label{{Key: "k"}}},
		},
		"a framework that asks hears of health also without a healthcheck": {
			view: view{checked: true}, pod: pod.Pod{State: pod.Running},
			want: &mesos.Update{State: v1.TASK_RUNNING, Healthy: &yes},
		},
		"a running pod with a healthcheck that passes": {
			pod:  pod.Pod{State: pod.Running, Containers: healthy(pod.Healthy)},
			want: &mesos.Update{State: v1.TASK_RUNNING, Healthy: &yes},
		},
		"a running pod with a healthcheck that does not yet pass": {
			pod:  pod.Pod{State: pod.Running, Containers: healthy(pod.HealthStarting)},
			want: &mesos.Update{State: v1.TASK_RUNNING, Healthy: &no},
		},
		"a health that has changed since it runs is the reason": {
			was: pod.Running, pod: pod.Pod{State: pod.Running, Containers: healthy(pod.HealthStarting)},
			want: &mesos.Update{State: v1.TASK_RUNNING, Healthy: &no, Reason: v1.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum()},
		},
		"a verdict of the framework's own check is one, too": {
			view: view{judged: true, verdict: &health.Verdict{Healthy: true}}, was: pod.Running, pod: pod.Pod{State: pod.Running},
			want: &mesos.Update{State: v1.TASK_RUNNING, Healthy: &yes, Reason: v1.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum()},
		},
		"a pod that is told again for something else has no reason": {
			was: pod.Running, pod: pod.Pod{State: pod.Running}, want: &mesos.Update{State: v1.TASK_RUNNING},
		},
		"a pod on its way to a failure says so only at the end": {
			pod: pod.Pod{State: pod.Stopping, Outcome: pod.Failed},
		},
		"a pod that is being killed": {
			pod:  pod.Pod{State: pod.Stopping, Outcome: pod.Killed, Reason: pod.Reason{Cause: pod.CauseKill, Message: "the scheduler"}},
			want: &mesos.Update{State: v1.TASK_KILLING, Message: "stopped by the scheduler"},
		},
		"a killed pod": {
			pod:  ended(pod.Killed, pod.Reason{Cause: pod.CauseKill, Message: "the scheduler"}),
			want: &mesos.Update{State: v1.TASK_KILLED, Message: "stopped by the scheduler"},
		},
		"a pod killed while it was launched": {
			pod:  early,
			want: &mesos.Update{State: v1.TASK_KILLED, Message: "stopped by the scheduler", Reason: v1.REASON_TASK_KILLED_DURING_LAUNCH.Enum()},
		},
		"a finished job": {
			pod:  ended(pod.Finished, pod.Reason{Cause: pod.CauseJobFinished}),
			want: &mesos.Update{State: v1.TASK_FINISHED, Message: "every service of the job exited with code 0"},
		},
		"a service that crashed, with its last lines": {
			pod: crash,
			want: &mesos.Update{
				State:   v1.TASK_FAILED,
				Message: "service web exited with code 3 after 2m10s\nits last lines:\n  connecting to db\n  panic: no db",
			},
		},
		"a service that became unhealthy, with what its check said": {
			pod: sick,
			want: &mesos.Update{
				State: v1.TASK_FAILED, Healthy: &no, Reason: v1.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum(),
				Message: "service web became unhealthy\nits last health check said: 503",
			},
		},
		"a service out of memory": {
			pod: ended(pod.Failed, pod.Reason{Cause: pod.CauseOOM, Service: "web", Memory: 256 << 20}),
			want: &mesos.Update{
				State: v1.TASK_FAILED, Reason: v1.REASON_CONTAINER_LIMITATION_MEMORY.Enum(),
				Message: "service web was OOM-killed at its limit of 256 MiB",
			},
		},
		"a pod that could not be prepared": {
			pod: ended(pod.Failed, pod.Reason{Cause: pod.CausePrepare, Message: "image x:1 not found"}),
			want: &mesos.Update{
				State: v1.TASK_FAILED, Reason: v1.REASON_CONTAINER_LAUNCH_FAILED.Enum(),
				Message: "preparing the pod failed: image x:1 not found",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.view.taskID = "t1"
			got, told := tt.view.update(tt.was, tt.pod)
			if !told {
				if tt.want != nil {
					t.Fatalf("nothing is told of %v", tt.pod)
				}
				return
			}
			if tt.want == nil {
				t.Fatalf("told %v", got)
			}
			tt.want.TaskID = "t1"
			if diff := cmp.Diff(*tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestStopTimeWithoutAnAgent(t *testing.T) {
	for name, tt := range map[string]struct {
		task task
		want time.Duration
	}{
		"before there is a pod":             {task{}, lostTime},
		"where nobody has set one":          {task{run: &run{}}, lostTime},
		"what the job or the operator says": {task{run: &run{stopTimeout: time.Hour}}, time.Hour},
	} {
		if got := tt.task.stopTime(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestWhatAPodThatEndedFromOutsideMayHaveEndedBy(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ended := func(service string, after time.Duration) pod.Container {
		return pod.Container{Name: service, Service: service, State: pod.Exited, EndedAt: at.Add(after)}
	}
	for name, tt := range map[string]struct {
		cause      pod.Cause
		containers []pod.Container
		want       string
	}{
		"infra":                {pod.CauseInfra, nil, "somebody stopped it, or the Docker engine is stopped"},
		"all at once":          {pod.CauseAllExited, []pod.Container{ended("a", 0), ended("b", 40*time.Millisecond), ended("infra", time.Hour)}, "all ended within 40ms, as they do when the Docker engine"},
		"one after the other":  {pod.CauseAllExited, []pod.Container{ended("a", 0), ended("b", time.Minute)}, ""},
		"one alone":            {pod.CauseAllExited, []pod.Container{ended("a", 0), ended("infra", 0)}, ""},
		"one that has crashed": {pod.CauseExit, []pod.Container{ended("a", 0), ended("b", 0)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			containers := map[string]pod.Container{}
			for _, c := range tt.containers {
				containers[c.Name] = c
			}
			got := suspicion(pod.Pod{Reason: pod.Reason{Cause: tt.cause}, Containers: containers, Rules: pod.Rules{Infra: "infra"}})
			if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
		})
	}
}
