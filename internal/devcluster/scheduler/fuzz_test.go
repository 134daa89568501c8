package scheduler

import (
	"fmt"
	"testing"
	"time"
)

// FuzzScheduler holds what must be true whatever is asked and whatever happens: no port is given twice, a lonely app has
// one task at most, and when all executors obey, everything asked for comes to be and every deployment ends.
func FuzzScheduler(f *testing.F) {
	f.Add([]byte{0, 9, 10, 1, 9, 11, 2, 12, 9, 3, 9, 9})
	f.Add([]byte{1, 17, 8, 33, 7, 5, 65, 9, 6, 1, 4, 9, 129, 12, 13, 14})
	f.Add([]byte{2, 2, 18, 34, 50, 66, 15, 16, 82, 31, 47, 63, 98})
	f.Fuzz(func(t *testing.T, steps []byte) {
		w := newWorld(t, func(o *Options) { o.Agent.Ports = [2]int{31000, 31019} })
		for _, step := range steps[:min(len(steps), 60)] {
			w.random(step)
			w.check()
		}
		w.s.Starve(w.now, "")
		w.take()
		for range 50 {
			w.settle()
			w.heal()
			w.pass(5 * time.Minute) // the longest backoff
		}
		w.check()
		w.final()
	})
}

// random does one of the things that can happen to two apps, one of them lonely.
func (w *world) random(step byte) {
	const lonely = `"labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"},`
	app, kind, value := "/a", step%16, int(step/16)
	more := ""
	if value%2 == 1 {
		app, more = "/b", lonely
	}
	body := fmt.Sprintf(`{"id":%q,"cmd":"run %d",%s"cpus":1,"mem":32,"instances":%d,%s}`, app, value%3, more, value%2+(1-value%2)*(value%5), mesosCheck)
	switch kind {
	case 0, 1, 2:
		_, _ = w.deploy(body) // it may be locked
	case 3:
		_, _ = w.deploy(body, true)
	case 4:
		_, _ = w.s.Deploy(w.now, func(r Root) (Root, error) { return r.Without(app), nil }, DeployOptions{Force: true})
	case 5:
		for _, d := range w.s.Deployments() {
			_, _ = w.s.RevertDeployment(w.now, d.ID)
		}
	case 6:
		for _, d := range w.s.Deployments() {
			_ = w.s.CancelDeployment(w.now, d.ID)
		}
	case 7:
		w.s.KillTasks(w.now, w.s.Find(app, nil), value > 4)
	case 8:
		_, _ = w.s.KillAndScale(w.now, w.s.Find(app, nil)[:min(1, len(w.s.Find(app, nil)))], value > 4)
	case 9, 10, 11:
		w.obey()
	case 12:
		w.pass(time.Duration(value) * 30 * time.Second)
	case 13:
		w.s.Starve(w.now, []string{"", InsufficientCpus}[value%2])
	default:
		w.happen(kind, value)
	}
	w.take()
}

// happen lets a task fail, finish, or become unhealthy.
func (w *world) happen(kind byte, value int) {
	var alive []string
	for _, task := range w.order {
		if _, lives := w.tasks[task]; lives {
			alive = append(alive, task)
		}
	}
	if len(alive) == 0 {
		return
	}
	task := alive[value%len(alive)]
	if kind == 14 {
		state := []string{"TASK_FAILED", "TASK_FINISHED", "TASK_LOST"}[value%3]
		delete(w.tasks, task)
		w.s.Status(w.now, TaskStatus{TaskID: task, State: state})
	} else {
		w.s.Status(w.now, TaskStatus{TaskID: task, State: "TASK_RUNNING", Healthy: new(value%2 == 0)})
	}
}

// heal makes all tasks healthy.
func (w *world) heal() {
	for _, i := range w.s.Instances("") {
		if asked, lives := w.tasks[i.TaskID()]; i.Condition == Running && lives && !asked {
			w.s.Status(w.now, TaskStatus{TaskID: i.TaskID(), State: "TASK_RUNNING", Healthy: new(true)})
			w.take()
		}
	}
}

func (w *world) check() {
	w.Helper()
	ports, lonely := map[int]string{}, 0
	for _, i := range w.s.Instances("") {
		if !i.Launched() {
			continue
		}
		if i.AppID == "/b" {
			lonely++
		}
		for _, p := range i.Ports {
			if ports[p] != "" {
				w.Errorf("port %d is given to %s and %s", p, ports[p], i.ID)
			}
			ports[p] = i.ID
		}
	}
	if lonely > 1 {
		w.Errorf("the lonely app has %d tasks", lonely)
	}
}

// final checks that everything is as it was asked for.
func (w *world) final() {
	w.Helper()
	if left := w.s.Deployments(); len(left) > 0 {
		w.Errorf("a deployment never ends: %+v, instances %+v", left[0].Steps, w.s.Instances(""))
	}
	for _, id := range []string{"/a", "/b"} {
		wanted := 0
		if app := w.s.App(id); app != nil {
			wanted = app.Instances
		}
		if got := len(w.s.of(id, served)); got != wanted || len(w.s.of(id, always)) != wanted {
			w.Errorf("%s has %d instances, %d serve, want %d", id, len(w.s.of(id, always)), got, wanted)
		}
	}
	if len(w.tasks) != len(w.s.Instances("")) {
		w.Errorf("%d tasks live, %d instances are known", len(w.tasks), len(w.s.Instances("")))
	}
}
