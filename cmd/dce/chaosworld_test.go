package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// world is one private engine with its agents.
type world struct {
	*chaos

	kind      kind
	api       *client.Client
	engine    *enginetest.Private
	leases    string
	operators string
	// settings is the file of the same: written once, since what is written anew is
	// empty for a moment, and a sweep that reads it then sweeps another engine.
	settings  string
	image     string
	registry  string // the address, in the engine's network, of one that never answers
	neighbour *neighbour
	// boot is the boot id that executors and sweeps are told; empty for the
	// machine's.
	boot string
	// harm is held by a fault that hits every lane: no round begins meanwhile.
	harm sync.RWMutex
}

func (c *chaos) newWorld(k kind) *world {
	c.Helper()
	w := &world{chaos: c, kind: k, engine: enginetest.StartPrivate(c, 512, k.engine...), leases: c.TempDir(), boot: k.boot}
	w.api = w.engine.API
	w.image = enginetest.Busybox(c, w.api)
	w.operators = fmt.Sprintf("agent: {engine: %q, leases: %q}\n", w.engine.Host, w.leases)
	w.settings = filepath.Join(c.TempDir(), "dce.yaml")
	if err := os.WriteFile(w.settings, []byte(w.operators), 0o600); err != nil {
		c.Fatal(err)
	}
	w.registry = silentRegistry(w.engine)
	if k.neighbour {
		w.neighbour = w.newNeighbour()
	}
	return w
}

// end ends the neighbour, and holds that nothing is left: all of it was of pods.
func (w *world) end() {
	w.Helper()
	if w.neighbour != nil {
		w.spared()
		w.neighbour.end()
	}
	if out, err := w.reap(w.Context(), ""); err != nil {
		w.Errorf("the last sweep: %v\n%s", err, out)
	}
	res, err := w.api.ContainerList(w.Context(), client.ContainerListOptions{All: true})
	if err != nil || len(res.Items) > 0 {
		w.leaked("%d containers in all, %v", len(res.Items), err)
	}
	volumes, err := w.api.VolumeList(w.Context(), client.VolumeListOptions{})
	if err != nil || len(volumes.Items) > 0 {
		w.leaked("volumes in all: %+v, %v", volumes.Items, err)
	}
	if files, _ := filepath.Glob(w.leases + "/*.lease"); len(files) > 0 {
		w.leaked("leases in all: %v", files)
	}
}

// stage is an agent of this world.
func (w *world) stage(name string, o agent.Options) *stage {
	s := onAgent(w.T, o)
	s.api, s.image, s.operators = w.api, w.image, w.operators
	s.id = name
	return s
}

// reap runs dce reap on this world for as long as it may, by a clock that is off,
// and holds that it has left the living alone.
func (w *world) reap(ctx context.Context, off string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	argv := inBoot(w.boot, "dce reap")
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), operatorsFile+"="+w.settings, clockOff+"="+off, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	for _, pod := range removedBy(string(out)) {
		if pids := executorsOf(pod); len(pids) > 0 {
			w.killed("pod %s was removed, its executor is process %v\n%s", pod, pids, out)
		}
	}
	return string(out), err
}

// inBoot is the command line of a shell's line, which sees the boot id given if
// there is one: the whole directory is another one then, as the id alone would
// be taken for a container's own.
func inBoot(id, line string) []string {
	if id == "" {
		return strings.Fields(line)
	}
	const dir = "/proc/sys/kernel/random"
	return []string{"unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs " + dir + " && echo " + id + " >" + dir + "/boot_id && exec " + line}
}

// removedBy are the pods that a sweep says it has removed.
func removedBy(out string) []string {
	var pods []string
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, "removed pod "); ok {
			pod, _, _ := strings.Cut(rest, " ")
			pods = append(pods, pod)
		}
	}
	return pods
}

// neighbour is a pod that lives through everything.
type neighbour struct {
	*stage

	pod  string
	task string
	was  []string
}

func (w *world) newNeighbour() *neighbour {
	n := &neighbour{stage: w.stage("neighbour", agent.Options{ReregistrationTimeout: time.Minute})}
	// A run on a slow machine takes longer than the services of other tests live.
	n.task = n.launch(map[string]string{"compose.yaml": strings.ReplaceAll(twoServices, "sleep 1000", "sleep 1000000")})
	n.told(mesos.TASK_STARTING)
	n.told(mesos.TASK_RUNNING)
	n.pod = n.container(n.id)
	n.was = w.lives(n.pod)
	return n
}

func (n *neighbour) end() {
	n.Helper()
	n.kill(n.task, nil)
	n.told(mesos.TASK_KILLED)
	n.gone()
}

// lives are the lives of a pod's containers: each with its process and when that
// began.
func (w *world) lives(pod string) []string {
	w.Helper()
	res, err := w.api.ContainerList(w.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", "dce.pod="+pod)})
	if err != nil {
		w.Fatal(err)
	}
	var lives []string
	for _, c := range res.Items {
		look, err := w.api.ContainerInspect(w.Context(), c.ID, client.ContainerInspectOptions{})
		if err != nil {
			w.Fatal(err)
		}
		state := look.Container.State
		lives = append(lives, fmt.Sprint(c.Names, " ", c.ID[:12], " ", state.Status, " ", state.Pid, " ", state.StartedAt))
	}
	slices.Sort(lives)
	return lives
}

// spared holds that the neighbour is as it was.
func (w *world) spared() {
	w.Helper()
	if w.neighbour == nil {
		return
	}
	if ended := ended(w.neighbour.was, w.lives(w.neighbour.pod)); len(ended) > 0 {
		w.killed("of the neighbour: %s", strings.Join(ended, ", "))
	}
}

// ended are the lives that are not there any more.
func ended(was, is []string) []string {
	return slices.DeleteFunc(slices.Clone(was), func(life string) bool { return slices.Contains(is, life) })
}
