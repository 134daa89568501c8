package sweep

import (
	"time"

	"dce/internal/reap"
)

// Report is what a sweep has done, or would do.
type Report struct {
	DryRun bool `json:"dry_run"`
	// Orphans were removed, but for those with an error.
	Orphans []Row `json:"orphans"`
	// Kept failed and are kept for inspection for a time.
	Kept []Row `json:"kept"`
	// LeftAlone cannot be judged.
	LeftAlone []Row `json:"left_alone"`
	// Alive and Local count the pods whose executor lives, and those of people on
	// this machine.
	Alive int `json:"alive"`
	Local int `json:"local"`
	// Cgroups and Leases are what was left of executors beside their pods.
	Cgroups []string `json:"cgroups"`
	Leases  []string `json:"leases"`
	// Untidy says why cgroups or leases of executors that are gone are still there.
	Untidy string        `json:"untidy,omitempty"`
	Took   time.Duration `json:"took_ns"`
}

// Row is one pod in a report.
type Row struct {
	Pod       string `json:"pod"`
	Task      string `json:"task"`
	Executor  string `json:"executor"`
	Framework string `json:"framework,omitempty"`
	// Reason is the evidence, in words.
	Reason     string        `json:"reason"`
	Containers []string      `json:"containers"`
	Networks   []string      `json:"networks"`
	Volumes    []string      `json:"volumes"`
	KeptUntil  time.Time     `json:"kept_until,omitzero"`
	Error      string        `json:"error,omitempty"`
	Took       time.Duration `json:"took_ns,omitempty"`
}

func newReport(plan reap.Plan, dry bool) Report {
	return Report{
		DryRun: dry, Orphans: rows(plan.Orphans), Kept: rows(plan.Kept), LeftAlone: rows(plan.Unjudged),
		Alive: plan.Alive, Local: plan.Local, Cgroups: []string{}, Leases: []string{},
	}
}

func rows(pods []reap.Pod) []Row {
	all := make([]Row, 0, len(pods))
	for _, p := range pods {
		r := Row{
			Pod: p.ID, Task: p.Owner.Task, Executor: p.Owner.Executor, Framework: p.Owner.Framework,
			Reason: p.Verdict.Reason, KeptUntil: p.Kept, Containers: []string{}, Networks: []string{}, Volumes: []string{},
		}
		for _, t := range p.Things {
			switch t.Kind {
			case reap.Container:
				r.Containers = append(r.Containers, t.Name)
			case reap.Network:
				r.Networks = append(r.Networks, t.Name)
			case reap.Volume:
				r.Volumes = append(r.Volumes, t.Name)
			}
		}
		all = append(all, r)
	}
	return all
}

func (r *Report) failed() bool { return r.Err() != nil }

// Err says that something could not be removed.
func (r *Report) Err() error {
	if r.Untidy != "" {
		return errLeft
	}
	for _, row := range r.Orphans {
		if row.Error != "" {
			return errLeft
		}
	}
	return nil
}
