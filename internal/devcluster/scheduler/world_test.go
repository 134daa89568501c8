package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is a scheduler with a clock, and executors that do as they are told.
type world struct {
	*testing.T

	s     *Scheduler
	now   time.Time
	ids   int
	tasks map[string]bool // launched and not ended: whether it was asked to end
	order []string        // of the tasks
	log   []string
	names map[string]string // a short name for each instance
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{T: t, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), tasks: map[string]bool{}, names: map[string]string{}}
	o := Options{
		NewID:    func() string { w.ids++; return fmt.Sprintf("%08d-0000-4000-8000-000000000000", w.ids) },
		PortFree: func(int) bool { return true },
		Agent:    Agent{ID: "S0", Host: "agent.example", IP: "127.0.0.1", CPUs: 100, Mem: 100_000, Disk: 100_000, Ports: [2]int{31000, 31099}},
	}
	for _, c := range change {
		c(&o)
	}
	w.s = New(w.now, o)

	return w
}

// name is what a test calls an instance: a, b, c in the order in which they were launched first.
func (w *world) name(task string) string {
	id := instanceOf(task)
	if w.names[id] == "" {
		w.names[id] = string(rune('a' + len(w.names)))
	}

	return w.names[id]
}

// take does and notes what the scheduler wants done.
func (w *world) take() {
	for _, e := range w.s.Effects() {
		switch e := e.(type) {
		case Launch:
			task := e.Instance.TaskID()
			if _, twice := w.tasks[task]; twice {
				w.Errorf("task %s was launched twice", task)
			}
			w.tasks[task], w.order = false, append(w.order, task)
			w.note("launch %s", w.name(task))
		case Kill:
			if asked, lives := w.tasks[e.TaskID]; lives && !asked {
				w.note("kill %s", w.name(e.TaskID))
				w.tasks[e.TaskID] = true
			}
		case Tell:
			if strings.HasPrefix(e.Type, "deployment_") && e.Type != "deployment_info" {
				w.note("%s", strings.TrimPrefix(e.Type, "deployment_"))
			}
		}
	}
}

func (w *world) note(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

// noted is what was noted since it was called before.
func (w *world) noted() string {
	text := strings.Join(w.log, ", ")
	w.log = nil

	return text
}

// deploy changes an app by a partial update, or makes it.
func (w *world) deploy(body string, force ...bool) (*Deployment, error) {
	w.Helper()
	app, err := NewApp([]byte(body), "")
	if err != nil {
		w.Fatal(err)
	}
	w.pass(time.Second)
	d, err := w.s.Deploy(w.now, func(root Root) (Root, error) { return root.With(app), nil }, DeployOptions{Force: len(force) > 0})
	w.take()

	return d, err
}

func (w *world) mustDeploy(body string) *Deployment {
	w.Helper()
	d, err := w.deploy(body)
	if err != nil {
		w.Fatal(err)
	}

	return d
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.s.Tick(w.now)
	w.take()
}

// status tells of the task of an instance by its short name.
func (w *world) status(name, state string, healthy ...bool) {
	w.Helper()
	for _, task := range slices.Backward(w.order) {
		if _, lives := w.tasks[task]; !lives || w.name(task) != name {
			continue
		}
		u := TaskStatus{TaskID: task, State: state}
		if len(healthy) > 0 {
			u.Healthy = &healthy[0]
		}
		if ended(state) {
			delete(w.tasks, task)
		}
		w.s.Status(w.now, u)
		w.take()

		return
	}
	w.Fatalf("no task of %s lives", name)
}

// obey has every executor do one thing that it was told: the first that was asked to end does, else the first that does
// not run runs. It says whether there was one.
func (w *world) obey() bool {
	for _, task := range w.order {
		if asked, lives := w.tasks[task]; lives && asked {
			w.status(w.name(task), "TASK_KILLED")

			return true
		}
	}
	for _, i := range w.s.Instances("") {
		if i.Launched() && i.Condition != Running {
			w.status(w.name(i.TaskID()), "TASK_RUNNING", true)

			return true
		}
	}

	return false
}

// settle lets everybody obey until nothing happens.
func (w *world) settle() {
	w.Helper()
	for range 10_000 {
		if !w.obey() {
			return
		}
	}
	w.Fatal("it does not come to rest")
}

// web is an app that needs little.
func web(more ...string) string {
	fields := append([]string{`"id":"/web"`, `"cmd":"run"`, `"cpus":0.1`, `"mem":32`, `"portDefinitions":[]`}, more...)

	return "{" + strings.Join(fields, ",") + "}"
}

const mesosCheck = `"healthChecks":[{"protocol":"MESOS_TCP","port":80}]`
