package marathon

import (
	"encoding/json"
	"net/http"
	"time"

	"dce/internal/devcluster/scheduler"
)

// routeGroups serves /v2/groups and what is below it.
func (s *Server) routeGroups(c call, method, rest string) reply {
	id := scheduler.CanonicalID(rest)
	if rest == "versions" || rest != "" && len(rest) > 9 && rest[len(rest)-9:] == "/versions" {
		return s.groupVersions(method)
	}
	switch method {
	case http.MethodGet:
		s.mu.Lock()
		defer s.mu.Unlock()
		if group, found := s.scheduler.Root().Group(id); found {
			return ok(group)
		}

		return failed(scheduler.UnknownGroup(id))
	case http.MethodPost:
		return s.createGroup(c, id)
	case http.MethodPut, http.MethodPatch:
		return s.updateGroup(c, id)
	case http.MethodDelete:
		return s.deploy(c.flag("force", false), func(root scheduler.Root) (scheduler.Root, error) {
			if !root.HasGroup(id) {
				return root, scheduler.UnknownGroup(id)
			}

			return root.WithoutGroup(id), nil
		})
	}

	return wrongMethod()
}

func (s *Server) groupVersions(method string) reply {
	if method != http.MethodGet {
		return wrongMethod()
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	return ok(s.scheduler.RootVersions())
}

// createGroup makes a group: the one of the URL, or the one that the body names.
func (s *Server) createGroup(c call, id string) reply {
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(c.body, &named) // what is wrong with it is found again below
	if named.ID != "" {
		id = scheduler.CanonicalID(id + "/" + named.ID)
	}
	answer := s.deploy(c.flag("force", false), func(root scheduler.Root) (scheduler.Root, error) {
		if root.HasGroup(id) {
			return root, scheduler.Conflict("Group %s is already created. Use PUT to change this group.", id)
		}
		if root.Apps[id] != nil {
			return root, scheduler.Conflict("An app with the path %s already exists.", id)
		}

		return scheduler.GroupUpdate(root, id, c.body, s.scheduler.RootOf)
	})
	if answer.status == http.StatusOK {
		answer.status = http.StatusCreated
		answer.header["Location"] = "http://" + c.r.Host + "/v2/groups" + id
	}

	return answer
}

func (s *Server) updateGroup(c call, id string) reply {
	change := func(root scheduler.Root) (scheduler.Root, error) {
		return scheduler.GroupUpdate(root, id, c.body, s.scheduler.RootOf)
	}
	if !c.flag("dryRun", false) {
		return s.deploy(c.flag("force", false), change)
	}
	var steps []scheduler.Step
	err := s.do(func(now time.Time) (err error) {
		steps, err = s.scheduler.Plan(now, change)

		return err
	})
	if err != nil {
		return failed(err)
	}

	return ok(map[string]any{"steps": steps})
}
