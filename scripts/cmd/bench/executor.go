package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
)

const (
	frameworkID = "dce-bench"
	// firstPort is where the ports begin that the agent offers.
	firstPort = 31990
)

// onAgent is an agent whose executors are the dce that is measured.
type onAgent struct {
	*bench

	agent  *agent.Agent
	events <-chan agent.Event
	dir    string // of the compose file that tasks bring
	count  int
	latest agent.Executor
}

// executor compares the pod of infra and two services under an agent with the
// same pod by dce up and by raw calls.
func (b *bench) executor(ctx context.Context, r *report) (err error) {
	dir := filepath.Join(b.dir, "pod-2")
	if err := writeProject(dir, waiters(2)); err != nil {
		return err
	}
	rendered, err := b.rendered(ctx, dir)
	if err != nil {
		return err
	}
	raw, err := newRawPod(ctx, b.engine, rendered)
	if err != nil {
		return err
	}
	a, err := b.startAgent(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.agent.Stop(context.WithoutCancel(ctx))) }()
	taken, err := compare(ctx, "the same pod under an agent", b.rounds, []contender{
		{"executor", []step{measured("launch", a.launch), measured("kill", a.kill), between(a.gone)}},
		{"local", []step{timed("launch", b.up(dir)), between(b.down(dir))}},
		{"raw", []step{timed("launch", raw.up), timed("kill", raw.stop), between(raw.remove)}},
	})
	if err != nil {
		return err
	}
	launch, kill := taken["launch"], taken["kill"]
	r.add("pod of infra and 2 under an agent, LAUNCH received until TASK_RUNNING sent", launch["executor"], "`dce up --local -d` of it", launch["local"], 1.1)
	r.add("", launch["executor"], "raw Engine API calls, same order and network", launch["raw"], 1.2)
	r.add("the same pod, KILL until TASK_KILLED", kill["executor"], "raw stops in the same order", kill["raw"], 1.1)
	if err := a.failure(ctx, r, kill["raw"]); err != nil {
		return err
	}
	return a.atRest(ctx, r)
}

func (b *bench) startAgent(ctx context.Context, dir string) (*onAgent, error) {
	a, err := agent.Start(ctx, agent.Options{WorkDir: filepath.Join(b.dir, "agent"), CgroupsRoot: "dce-bench"})
	if err != nil {
		return nil, fmt.Errorf("starting an agent: %w", err)
	}
	return &onAgent{bench: b, agent: a, events: a.Watch(ctx), dir: dir}, nil
}

// launch starts a task. It took from the first update, which an executor sends
// as soon as it has received the task, until the pod runs.
func (a *onAgent) launch(ctx context.Context) (time.Duration, error) {
	a.count++
	id := fmt.Sprintf("bench-%d", a.count)
	line, file := "exec '"+a.dce+"' executor", "docker-compose.yml"
	info := mesos.ExecutorInfo{
		Type: mesos.ExecutorInfo_CUSTOM, ExecutorID: mesos.ExecutorID{Value: id},
		Command: &mesos.CommandInfo{Value: &line, URIs: []mesos.CommandInfo_URI{
			{Value: filepath.Join(a.dir, "compose.yaml"), OutputFile: &file},
		}},
		Resources: []mesos.Resource{scalar("cpus", 0.1), scalar("mem", 64)},
	}
	task := mesos.TaskInfo{
		Name: "bench", TaskID: mesos.TaskID{Value: id},
		Resources: []mesos.Resource{scalar("cpus", 0.5), scalar("mem", 128), {
			Type: mesos.RANGES.Enum(), Name: "ports",
			Ranges: &mesos.Value_Ranges{Range: []mesos.Value_Range{{Begin: firstPort, End: firstPort + 3}}},
		}},
	}
	checkpoint := true
	framework := mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: frameworkID}, User: "root", Checkpoint: &checkpoint}
	if err := a.agent.Launch(ctx, framework, info, task); err != nil {
		return 0, fmt.Errorf("launching a task: %w", err)
	}
	began, err := a.told(ctx, mesos.TASK_STARTING)
	if err != nil {
		return 0, err
	}
	runs, err := a.told(ctx, mesos.TASK_RUNNING)
	if err != nil {
		return 0, err
	}
	if a.latest, err = a.agent.Executor(frameworkID, id); err != nil {
		return 0, fmt.Errorf("finding the executor: %w", err)
	}
	return runs.Sub(began), nil
}

func scalar(name string, v float64) mesos.Resource {
	return mesos.Resource{Type: mesos.SCALAR.Enum(), Name: name, Scalar: &mesos.Value_Scalar{Value: v}}
}

// told waits for an update, and returns when the executor sent it.
func (a *onAgent) told(ctx context.Context, state mesos.TaskState) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		select {
		case e := <-a.events:
			switch {
			case e.Status == nil:
			case e.Status.GetState() == state:
				return time.Unix(0, int64(e.Status.GetTimestamp()*float64(time.Second))), nil
			default:
				return time.Time{}, fmt.Errorf("told of %s instead of %s: %s", e.Status.GetState(), state, e.Status.GetMessage())
			}
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("waiting for %s: %w", state, ctx.Err())
		}
	}
}

// kill ends the task as a scheduler does.
func (a *onAgent) kill(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := a.agent.Kill(frameworkID, a.latest.ID, nil); err != nil {
		return 0, fmt.Errorf("killing the task: %w", err)
	}
	killed, err := a.told(ctx, mesos.TASK_KILLED)
	return killed.Sub(began), err
}

// gone waits for the end of the executor's process.
func (a *onAgent) gone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		select {
		case e := <-a.events:
			if e.Failure != nil {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("waiting for the executor to end: %w", ctx.Err())
		}
	}
}

// failure measures what becomes of a pod one of whose containers ends, from the
// engine's event on. stops are raw stops of a whole pod.
func (a *onAgent) failure(ctx context.Context, r *report, stops []time.Duration) error {
	var taken reactions
	var ends []time.Duration
	for range a.rounds {
		if _, err := a.launch(ctx); err != nil {
			return err
		}
		died, told, err := a.breakOne(ctx, a.latest.ContainerID)
		if err != nil {
			return err
		}
		failed, err := a.told(ctx, mesos.TASK_FAILED)
		if err != nil {
			return err
		}
		ends = append(ends, failed.Sub(died))
		if err := a.gone(ctx); err != nil {
			return err
		}
		if err := taken.add(died, told, filepath.Join(a.latest.Directory, "dce-events.jsonl")); err != nil {
			return err
		}
	}
	taken.report(r, "under an agent, ")
	r.add("under an agent, a container has ended until TASK_FAILED is sent", ends, "raw stops of a whole pod in the same order", stops, 0)
	return nil
}

// breakOne kills one container of a pod.
func (b *bench) breakOne(ctx context.Context, podID string) (died, told time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	victim, err := b.container(ctx, podID, "wait0")
	if err != nil {
		return died, told, err
	}
	filters := make(client.Filters).Add("label", "dce.pod="+podID).Add("event", "die", "kill", "destroy")
	stream := b.engine.Events(ctx, client.EventsListOptions{Filters: filters})
	if _, err := b.engine.ContainerKill(ctx, victim, client.ContainerKillOptions{}); err != nil {
		return died, told, fmt.Errorf("killing a container: %w", err)
	}
	return watch(ctx, stream, victim)
}

// settleTime is how long something has run when its process is looked at,
// restTime how long that is watched.
const (
	settleTime = 10 * time.Second
	restTime   = time.Minute
)

// atRest measures an executor whose pod runs.
func (a *onAgent) atRest(ctx context.Context, r *report) error {
	if _, err := a.launch(ctx); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "an executor at rest: a minute")
	pid, err := executorPID(a.latest.Directory)
	if err != nil {
		return err
	}
	if r.rest, err = restOf(ctx, pid); err != nil {
		return err
	}
	if _, err := a.kill(ctx); err != nil {
		return err
	}
	return a.gone(ctx)
}

// restOf measures a process at rest.
func restOf(ctx context.Context, pid int) (rest, error) {
	if err := pause(ctx, settleTime); err != nil {
		return rest{}, err
	}
	before, err := usageOf(pid)
	if err != nil {
		return rest{}, err
	}
	if err := pause(ctx, restTime); err != nil {
		return rest{}, err
	}
	after, err := usageOf(pid)
	if err != nil {
		return rest{}, err
	}
	return rest{resident: max(before.resident, after.resident), ticks: after.ticks - before.ticks, measured: true}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
