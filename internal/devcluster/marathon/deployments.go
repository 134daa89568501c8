package marathon

import (
	"net/http"
	"time"

	"dce/internal/devcluster/scheduler"
)

// deployment is a deployment as Marathon's API shows it.
type deployment struct {
	ID             string           `json:"id"`
	Version        scheduler.Time   `json:"version"`
	AffectedApps   []string         `json:"affectedApps"`
	AffectedPods   []string         `json:"affectedPods"`
	Steps          []scheduler.Step `json:"steps"`
	CurrentActions []currentAction  `json:"currentActions"`
	CurrentStep    int              `json:"currentStep"` // from 1
	TotalSteps     int              `json:"totalSteps"`
}

type currentAction struct {
	scheduler.Action

	Readiness []readiness `json:"readinessCheckResults"`
}

func (s *Server) routeDeployments(c call, method, id string) reply {
	switch {
	case method == http.MethodGet && id == "":
		return s.listDeployments()
	case method == http.MethodDelete && id != "" && c.flag("force", false):
		err := s.do(func(now time.Time) error { return s.scheduler.CancelDeployment(now, id) })
		if err != nil {
			return failed(err)
		}

		return reply{status: http.StatusAccepted}
	case method == http.MethodDelete && id != "":
		var d *scheduler.Deployment
		err := s.do(func(now time.Time) (err error) { d, err = s.scheduler.RevertDeployment(now, id); return err })
		if err != nil {
			return failed(err)
		}

		return begun(d)
	}

	return wrongMethod()
}

func (s *Server) listDeployments() reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []deployment{}
	for _, d := range s.scheduler.Deployments() {
		shown := deployment{
			ID: d.ID, Version: d.Version, AffectedApps: d.AffectedApps, AffectedPods: []string{}, Steps: d.Steps,
			CurrentActions: []currentAction{}, CurrentStep: d.Current + 1, TotalSteps: len(d.Steps),
		}
		if d.Current < len(d.Steps) {
			for _, a := range d.Steps[d.Current].Actions {
				shown.CurrentActions = append(shown.CurrentActions, currentAction{a, s.readinessOf(a.App)})
			}
		}
		list = append(list, shown)
	}

	return ok(list)
}
