package marathon

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"dce/internal/devcluster/scheduler"
)

// routeApps serves /v2/apps and what is below it; an id may have slashes of its own.
func (s *Server) routeApps(c call, method, rest string) reply {
	if rest == "" {
		return s.allApps(c, method)
	}
	if id, after, found := cutSegment(rest, "versions"); found && method == http.MethodGet {
		return s.showVersions(scheduler.CanonicalID(id), after)
	}
	if id, after, found := cutSegment(rest, "tasks"); found {
		return s.appTasks(c, method, id, after)
	}
	if id, after, found := cutSegment(rest, "restart"); found && after == "" && method == http.MethodPost {
		return s.restartApp(c, scheduler.CanonicalID(id))
	}
	if group, found := strings.CutSuffix("/"+rest, "/*"); found && method == http.MethodGet {
		return s.appsOfGroup(c, scheduler.CanonicalID(group))
	}
	id := scheduler.CanonicalID(rest)
	switch method {
	case http.MethodGet:
		return s.showApp(c, id)
	case http.MethodPut:
		return s.updateApp(c, scheduler.Update{ID: id, Body: c.body, Partial: c.flag("partialUpdate", true), Create: true})
	case http.MethodPatch:
		return s.updateApp(c, scheduler.Update{ID: id, Body: c.body, Partial: true})
	case http.MethodDelete:
		return s.deleteApp(c, id)
	}

	return wrongMethod()
}

// cutSegment cuts a path at its last segment of a name that is the last or the one before.
func cutSegment(path, name string) (before, after string, found bool) {
	segments := strings.Split(path, "/")
	for n := 1; n <= 2 && n < len(segments); n++ {
		if at := len(segments) - n; segments[at] == name {
			return strings.Join(segments[:at], "/"), strings.Join(segments[at+1:], "/"), true
		}
	}

	return "", "", false
}

func (s *Server) allApps(c call, method string) reply {
	switch method {
	case http.MethodGet:
		return s.listApps(c)
	case http.MethodPost:
		return s.createApp(c)
	case http.MethodPut, http.MethodPatch:
		partial := method == http.MethodPatch || c.flag("partialUpdate", true)

		return s.deploy(c.flag("force", false), func(root scheduler.Root) (scheduler.Root, error) {
			return scheduler.Updates(root, c.body, partial, method == http.MethodPut, s.scheduler.VersionOf)
		})
	}

	return wrongMethod()
}

// deploy begins a deployment.
func (s *Server) deploy(force bool, change func(scheduler.Root) (scheduler.Root, error)) reply {
	var d *scheduler.Deployment
	err := s.do(func(now time.Time) (err error) {
		d, err = s.scheduler.Deploy(now, change, scheduler.DeployOptions{Force: force})

		return err
	})
	if err != nil {
		return failed(err)
	}

	return begun(d)
}

func (s *Server) createApp(c call) reply {
	app, err := scheduler.NewApp(c.body, "")
	if err != nil {
		return failed(err)
	}
	answer := s.deploy(c.flag("force", false), func(root scheduler.Root) (scheduler.Root, error) {
		if root.Apps[app.ID] != nil {
			return root, scheduler.Conflict("An app with id [%s] already exists.", app.ID)
		}

		return root.With(app), nil
	})
	if answer.status != http.StatusOK {
		return answer
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	created := s.scheduler.App(app.ID)
	if created == nil { // deleted meanwhile
		created = app
	}
	s.tellPosted(c, created)
	zero := 0
	id := answer.header["Marathon-Deployment-Id"]

	return reply{
		status: http.StatusCreated,
		header: map[string]string{"Location": "http://" + c.r.Host + "/v2/apps" + app.ID, "Marathon-Deployment-Id": id},
		body: appInfo{
			App: created, TasksStaged: &zero, TasksRunning: &zero, TasksHealthy: &zero, TasksUnhealthy: &zero,
			Deployments: &[]identifiable{{id}},
		},
	}
}

func (s *Server) tellPosted(c call, app *scheduler.App) {
	s.publish(scheduler.Tell{Type: "api_post_event", At: scheduler.Time{Time: time.Now()}, Fields: map[string]any{
		"clientIp": hostOf(c.r.RemoteAddr), "uri": c.r.URL.Path, "appDefinition": app,
	}})
}

func (s *Server) updateApp(c call, u scheduler.Update) reply {
	created := false
	answer := s.deploy(c.flag("force", false), func(root scheduler.Root) (scheduler.Root, error) {
		created = root.Apps[u.ID] == nil

		return u.Target(root, s.scheduler.VersionOf)
	})
	if answer.status != http.StatusOK {
		return answer
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if app := s.scheduler.App(u.ID); app != nil {
		s.tellPosted(c, app)
	}
	if created {
		answer.status = http.StatusCreated
		answer.header["Location"] = "http://" + c.r.Host + "/v2/apps" + u.ID
	}

	return answer
}

func (s *Server) deleteApp(c call, id string) reply {
	return s.deploy(c.flag("force", true), func(root scheduler.Root) (scheduler.Root, error) {
		if root.Apps[id] == nil {
			return root, scheduler.UnknownApp(id)
		}

		return root.Without(id), nil
	})
}

func (s *Server) restartApp(c call, id string) reply {
	return s.deploy(c.flag("force", false), func(root scheduler.Root) (scheduler.Root, error) {
		if root.Apps[id] == nil {
			return root, scheduler.UnknownApp(id)
		}

		return root.With(root.Apps[id].Restarting()), nil
	})
}

func (s *Server) showApp(c call, id string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	app := s.scheduler.App(id)
	if app == nil {
		return failed(scheduler.UnknownApp(id))
	}

	return ok(map[string]any{"app": s.info(app, c.embeds("counts", "deployments", "tasks", "lastTaskFailure"))})
}

func (s *Server) listApps(c call) reply {
	query := c.r.URL.Query()
	labels, err := parseSelector(query.Get("label"))
	if err != nil {
		return message400(err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	apps := []appInfo{}
	for _, app := range s.scheduler.Root().AppsIn("/") {
		cmd := ""
		if app.Cmd != nil {
			cmd = *app.Cmd
		}
		if strings.Contains(app.ID, query.Get("id")) && strings.Contains(cmd, query.Get("cmd")) && labels.match(app.Labels) {
			apps = append(apps, s.info(app, c.embeds("counts", "deployments")))
		}
	}

	return ok(map[string]any{"apps": apps})
}

func (s *Server) appsOfGroup(c call, group string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	root := s.scheduler.Root()
	if !root.HasGroup(group) {
		return failed(scheduler.UnknownGroup(group))
	}
	apps := []appInfo{}
	for _, app := range root.AppsIn(group) {
		apps = append(apps, s.info(app, c.embeds("counts", "deployments", "tasks", "lastTaskFailure")))
	}

	return ok(map[string]any{"*": apps})
}

func (s *Server) showVersions(id, version string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.scheduler.Versions(id)
	if s.scheduler.App(id) == nil || len(versions) == 0 {
		return failed(scheduler.UnknownApp(id))
	}
	if version == "" {
		names := []scheduler.Time{}
		for _, app := range slices.Backward(versions) {
			names = append(names, app.Version)
		}

		return ok(map[string]any{"versions": names})
	}
	var wanted scheduler.Time
	if err := wanted.UnmarshalText([]byte(version)); err != nil {
		return reply{status: http.StatusUnprocessableEntity, body: map[string]any{"message": `Invalid format: "` + version + `"`}}
	}
	if app := s.scheduler.VersionOf(id, wanted); app != nil {
		return ok(app)
	}

	return failed(scheduler.NotFound("App '%s' does not exist in version %s", id, version))
}
