package marathon

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"dce/internal/devcluster/scheduler"
)

// routeTasks serves /v2/tasks and /v2/tasks/delete.
func (s *Server) routeTasks(c call, method, rest string) reply {
	switch {
	case rest == "" && method == http.MethodGet:
		return s.listTasks(c)
	case rest == "delete" && method == http.MethodPost:
		return s.deleteTasks(c)
	}

	return wrongMethod()
}

func (s *Server) listTasks(c call) reply {
	query := c.r.URL.Query()
	states := append(query["status"], query["status[]"]...)
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []task{}
	for _, i := range launched(s.scheduler.Instances("")) {
		if wantsState(states, i.Condition) {
			list = append(list, s.taskOf(i))
		}
	}
	if strings.HasPrefix(c.r.Header.Get("Accept"), "text/plain") {
		return reply{status: http.StatusOK, text: asText(list)}
	}

	return ok(map[string]any{"tasks": list})
}

// wantsState says that a task is asked for; states that Marathon does not know are no wish.
func wantsState(states []string, condition string) bool {
	wishes := false
	for _, state := range states {
		switch strings.ToLower(state) {
		case "running":
			wishes = true
			if condition == scheduler.Running {
				return true
			}
		case "staging":
			wishes = true
			if condition == scheduler.Provisioned || condition == scheduler.Staging {
				return true
			}
		}
	}

	return !wishes
}

// asText lists each service port with the addresses behind it, for load balancers.
func asText(list []task) string {
	var text strings.Builder
	for _, t := range list {
		name := strings.ReplaceAll(strings.Trim(t.AppID, "/"), "/", "_")
		for n, port := range t.Ports {
			fmt.Fprintf(&text, "%s\t%d\t%s:%d\t\n", name, t.ServicePorts[n], t.Host, port)
		}
	}

	return text.String()
}

func (s *Server) deleteTasks(c call) reply {
	var wanted struct {
		IDs []string `json:"ids"`
	}
	if err := json.Unmarshal(c.body, &wanted); err != nil {
		return failed(&scheduler.InvalidError{JSON: true, Text: err.Error()})
	}
	if refusal := c.scaleAndWipe(); refusal != nil {
		return *refusal
	}
	for _, id := range wanted.IDs {
		if scheduler.AppOfTask(id) == "" {
			return message400(fmt.Sprintf("Invalid task id '%s'. [%s]", id, id))
		}
	}
	tasks, answer := s.killTasks(c, "", wanted.IDs)
	if answer != nil {
		return *answer
	}

	return ok(map[string]any{"tasks": tasks})
}

// scaleAndWipe refuses both at once.
func (c call) scaleAndWipe() *reply {
	if c.flag("scale", false) && c.flag("wipe", false) {
		return new(message400("You cannot use scale and wipe at the same time."))
	}

	return nil
}

// killTasks kills tasks: all of an app, or those named. With scale the answer is that of a deployment.
func (s *Server) killTasks(c call, app string, ids []string) ([]task, *reply) {
	var tasks []task
	var d *scheduler.Deployment
	err := s.do(func(now time.Time) (err error) {
		if host := c.r.URL.Query().Get("host"); host != "" && host != "*" && host != s.opts.Agent.Hostname() {
			ids = []string{} // there is one host
		}
		found := s.scheduler.Find(app, ids)
		if c.flag("scale", false) {
			d, err = s.scheduler.KillAndScale(now, found, c.flag("force", false))

			return err
		}
		tasks = s.tasksOf(s.scheduler.KillTasks(now, found, c.flag("wipe", false)))

		return nil
	})
	switch {
	case err != nil:
		return nil, new(failed(err))
	case d != nil:
		return nil, new(begun(d))
	}

	return tasks, nil
}

// appTasks serves /v2/apps/{id}/tasks and /v2/apps/{id}/tasks/{task}.
func (s *Server) appTasks(c call, method, id, one string) reply {
	if group, found := strings.CutSuffix("/"+id, "/*"); found && method == http.MethodGet && one == "" {
		return s.tasksOfGroup(scheduler.CanonicalID(group))
	}
	app := scheduler.CanonicalID(id)
	s.mu.Lock()
	known, instances := s.scheduler.App(app) != nil, launched(s.scheduler.Instances(app))
	s.mu.Unlock()
	switch {
	case !known:
		return failed(scheduler.UnknownApp(app))
	case method == http.MethodGet && one == "":
		return ok(map[string]any{"tasks": s.tasksOf(instances)})
	case method != http.MethodDelete:
		return wrongMethod()
	}
	if refusal := c.scaleAndWipe(); refusal != nil {
		return *refusal
	}
	var ids []string
	if one != "" {
		ids = []string{one}
	}
	tasks, answer := s.killTasks(c, app, ids)
	switch {
	case answer != nil:
		return *answer
	case one != "" && len(tasks) == 0:
		return failed(scheduler.NotFound("Task '%s' does not exist", one))
	case one != "":
		return ok(map[string]any{"task": tasks[0]})
	}

	return ok(map[string]any{"tasks": tasks})
}

func (s *Server) tasksOfGroup(group string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.scheduler.Root().HasGroup(group) {
		return failed(scheduler.UnknownGroup(group))
	}
	list := []task{}
	for _, app := range s.scheduler.Root().AppsIn(group) {
		list = append(list, s.tasksOf(launched(s.scheduler.Instances(app.ID)))...)
	}

	return ok(map[string]any{"tasks": list})
}
