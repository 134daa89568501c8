package marathon

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"dce/internal/devcluster/scheduler"
)

// The shapes of /v2/queue (types/queue.raml).
type (
	queued struct {
		Count   int            `json:"count"`
		Role    string         `json:"role"`
		Delay   queueDelay     `json:"delay"`
		Since   scheduler.Time `json:"since"`
		App     *scheduler.App `json:"app"`
		Summary offerSummary   `json:"processedOffersSummary"`
		Unused  *[]unusedOffer `json:"lastUnusedOffers,omitempty"`
	}
	queueDelay struct {
		TimeLeftSeconds int  `json:"timeLeftSeconds"`
		Overdue         bool `json:"overdue"`
	}
	offerSummary struct {
		Processed     int             `json:"processedOffersCount"`
		Unused        int             `json:"unusedOffersCount"`
		LastUnusedAt  *scheduler.Time `json:"lastUnusedOfferAt,omitempty"`
		LastUsedAt    *scheduler.Time `json:"lastUsedOfferAt,omitempty"`
		LastOffers    []rejectStep    `json:"rejectSummaryLastOffers"`
		LaunchAttempt []rejectStep    `json:"rejectSummaryLaunchAttempt"`
	}
	rejectStep struct {
		Reason    string `json:"reason"`
		Declined  int    `json:"declined"`
		Processed int    `json:"processed"`
	}
	unusedOffer struct {
		Offer     offer          `json:"offer"`
		Reason    []string       `json:"reason"`
		Timestamp scheduler.Time `json:"timestamp"`
	}
	offer struct {
		ID         string     `json:"id"`
		Hostname   string     `json:"hostname"`
		AgentID    string     `json:"agentId"`
		Resources  []resource `json:"resources"`
		Attributes []string   `json:"attributes"`
	}
	resource struct {
		Name   string   `json:"name"`
		Role   string   `json:"role"`
		Scalar *float64 `json:"scalar,omitempty"`
		Ranges []span   `json:"ranges,omitempty"`
	}
	span struct {
		Begin int `json:"begin"`
		End   int `json:"end"`
	}
)

func (s *Server) routeQueue(c call, method, rest string) reply {
	id, isDelay := strings.CutSuffix(rest, "/delay")
	switch {
	case rest == "" && method == http.MethodGet:
		return s.listQueue(slices.Contains(c.embeds(), "lastUnusedOffers") || slices.Contains(c.r.URL.Query()["embed"], "lastUnusedOffers"))
	case isDelay && method == http.MethodDelete:
		err := s.do(func(now time.Time) error { return s.scheduler.ResetDelay(now, scheduler.CanonicalID(id)) })
		if err != nil {
			return failed(err)
		}

		return reply{status: http.StatusNoContent}
	}

	return wrongMethod()
}

func (s *Server) listQueue(withOffers bool) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	list := []queued{}
	for _, app := range s.scheduler.Root().AppsIn("/") {
		count, q, waits := s.scheduler.Queue(app.ID)
		if !waits {
			continue
		}
		delay := s.scheduler.LaunchDelay(now, app)
		shown := queued{
			Count: count, Role: app.Role, Since: q.Since, App: app, Summary: summaryOf(q),
			Delay: queueDelay{TimeLeftSeconds: int(delay.Seconds()), Overdue: delay == 0},
		}
		if withOffers {
			shown.Unused = new(s.unusedOffers(q))
		}
		list = append(list, shown)
	}

	return ok(map[string]any{"queue": list})
}

// summaryOf counts offers down the funnel: what one reason declined does not reach the next.
func summaryOf(q scheduler.Queued) offerSummary {
	last := map[string]int{}
	processed := 0
	if q.Processed > 0 {
		processed = 1 // there is one agent
	}
	if q.LastReason != "" {
		last[q.LastReason] = 1
	}

	return offerSummary{
		Processed: q.Processed, Unused: q.Unused, LastUnusedAt: moment(q.LastUnused), LastUsedAt: moment(q.LastUsed),
		LastOffers: funnel(last, processed), LaunchAttempt: funnel(q.Rejected, q.Processed),
	}
}

func funnel(declined map[string]int, processed int) []rejectStep {
	steps := []rejectStep{}
	for _, reason := range scheduler.Reasons() {
		steps = append(steps, rejectStep{reason, declined[reason], processed})
		processed -= declined[reason]
	}

	return steps
}

func (s *Server) unusedOffers(q scheduler.Queued) []unusedOffer {
	if q.LastUnused.IsZero() || q.LastReason == "" {
		return []unusedOffer{}
	}
	has := s.opts.Offer
	offered := offer{
		ID: s.opts.Agent.ID() + "-O1", Hostname: s.opts.Agent.Hostname(), AgentID: s.opts.Agent.ID(), Attributes: []string{},
		Resources: []resource{
			{Name: "cpus", Role: "*", Scalar: &has.CPUs},
			{Name: "mem", Role: "*", Scalar: &has.Mem},
			{Name: "disk", Role: "*", Scalar: &has.Disk},
			{Name: "ports", Role: "*", Ranges: []span{{has.Ports[0], has.Ports[1]}}},
		},
	}

	return []unusedOffer{{Offer: offered, Reason: []string{q.LastReason}, Timestamp: q.LastUnused}}
}
