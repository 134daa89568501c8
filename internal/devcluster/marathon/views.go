package marathon

import (
	"net"
	"slices"
	"strings"
	"time"

	"dce/internal/devcluster/scheduler"
)

// appInfo is an app with what became of it, as far as the request wanted to see that.
type appInfo struct {
	*scheduler.App

	TasksStaged     *int                   `json:"tasksStaged,omitempty"`
	TasksRunning    *int                   `json:"tasksRunning,omitempty"`
	TasksHealthy    *int                   `json:"tasksHealthy,omitempty"`
	TasksUnhealthy  *int                   `json:"tasksUnhealthy,omitempty"`
	Deployments     *[]identifiable        `json:"deployments,omitempty"`
	Readiness       *[]readiness           `json:"readinessCheckResults,omitempty"`
	Tasks           *[]task                `json:"tasks,omitempty"`
	LastTaskFailure *scheduler.TaskFailure `json:"lastTaskFailure,omitempty"`
	TaskStats       map[string]stats       `json:"taskStats,omitempty"`
}

type identifiable struct {
	ID string `json:"id"`
}

type readiness struct {
	Name   string `json:"name"`
	TaskID string `json:"taskId"`
	Ready  bool   `json:"ready"`
}

// task is a task as Marathon's API shows it (types/task.raml).
type task struct {
	AppID        string          `json:"appId"`
	HealthChecks []healthResult  `json:"healthCheckResults,omitempty"`
	Host         string          `json:"host"`
	ID           string          `json:"id"`
	IPAddresses  []ipAddress     `json:"ipAddresses"`
	Ports        []int           `json:"ports"`
	ServicePorts []int           `json:"servicePorts,omitempty"`
	SlaveID      string          `json:"slaveId"`
	State        string          `json:"state"`
	StagedAt     scheduler.Time  `json:"stagedAt"`
	StartedAt    *scheduler.Time `json:"startedAt,omitempty"`
	Version      scheduler.Time  `json:"version"`
	Role         string          `json:"role"`
	LocalVolumes []string        `json:"localVolumes"` // always empty
}

type ipAddress struct {
	IPAddress string `json:"ipAddress"`
	Protocol  string `json:"protocol"`
}

type healthResult struct {
	Alive               bool            `json:"alive"`
	ConsecutiveFailures int             `json:"consecutiveFailures"`
	FirstSuccess        *scheduler.Time `json:"firstSuccess"`
	InstanceID          string          `json:"instanceId"`
	LastFailure         *scheduler.Time `json:"lastFailure"`
	LastFailureCause    *string         `json:"lastFailureCause"`
	LastSuccess         *scheduler.Time `json:"lastSuccess"`
}

// stats are the counts and the ages of some of an app's tasks.
type stats struct {
	Stats struct {
		Counts   counts    `json:"counts"`
		LifeTime *lifeTime `json:"lifeTime,omitempty"`
	} `json:"stats"`
}

type counts struct {
	Staged    int `json:"staged"`
	Running   int `json:"running"`
	Healthy   int `json:"healthy"`
	Unhealthy int `json:"unhealthy"`
}

type lifeTime struct {
	Average float64 `json:"averageSeconds"`
	Median  float64 `json:"medianSeconds"`
}

// info gathers what is to be seen of an app. The caller holds mu.
func (s *Server) info(app *scheduler.App, embeds []string) appInfo {
	info := appInfo{App: app}
	instances := launched(s.scheduler.Instances(app.ID))
	for _, what := range embeds {
		switch what {
		case "counts":
			c := countsOf(instances)
			info.TasksStaged, info.TasksRunning, info.TasksHealthy, info.TasksUnhealthy = &c.Staged, &c.Running, &c.Healthy, &c.Unhealthy
		case "deployments":
			info.Deployments = new(s.deploymentsOf(app.ID))
		case "tasks":
			info.Tasks = new(s.tasksOf(instances))
		case "lastTaskFailure":
			info.LastTaskFailure = s.scheduler.Failure(app.ID)
		case "readiness":
			info.Readiness = new(s.readinessOf(app.ID))
		case "taskStats":
			info.TaskStats = statsOf(app, instances, time.Now())
		}
	}

	return info
}

func launched(instances []scheduler.Instance) []scheduler.Instance {
	return slices.DeleteFunc(instances, func(i scheduler.Instance) bool { return !i.Launched() })
}

func (s *Server) deploymentsOf(app string) []identifiable {
	list := []identifiable{}
	for _, d := range s.scheduler.Deployments() {
		if slices.Contains(d.AffectedApps, app) {
			list = append(list, identifiable{d.ID})
		}
	}

	return list
}

func (s *Server) readinessOf(app string) []readiness {
	list := []readiness{}
	for _, i := range s.scheduler.Instances(app) {
		if i.Condition == scheduler.Running && len(i.App.ReadinessChecks) > 0 {
			list = append(list, readiness{i.App.ReadinessChecks[0].Name, i.TaskID(), i.Ready})
		}
	}

	return list
}

func countsOf(instances []scheduler.Instance) counts {
	var c counts
	for _, i := range instances {
		healthy := i.Healthy()
		switch {
		case i.Condition == scheduler.Running:
			c.Running++
		case i.Condition != scheduler.Killing:
			c.Staged++
		}
		switch {
		case healthy == nil:
		case *healthy:
			c.Healthy++
		default:
			c.Unhealthy++
		}
	}

	return c
}

// statsOf counts tasks by how they relate to the app's versions (core/appinfo/TaskStatsByVersion.scala).
func statsOf(app *scheduler.App, instances []scheduler.Instance, now time.Time) map[string]stats {
	all := map[string]stats{}
	for name, in := range map[string]func(scheduler.Instance) bool{
		"totalSummary": func(scheduler.Instance) bool { return true },
		"startedAfterLastScaling": func(i scheduler.Instance) bool {
			return !i.App.Version.Before(app.VersionInfo.LastScalingAt.Time)
		},
		"withLatestConfig":   func(i scheduler.Instance) bool { return i.App.ConfigVersion() == app.ConfigVersion() },
		"withOutdatedConfig": func(i scheduler.Instance) bool { return i.App.ConfigVersion() != app.ConfigVersion() },
	} {
		some := slices.DeleteFunc(slices.Clone(instances), func(i scheduler.Instance) bool { return !in(i) })
		if len(some) == 0 {
			continue
		}
		var st stats
		st.Stats.Counts, st.Stats.LifeTime = countsOf(some), lifeTimeOf(some, now)
		all[name] = st
	}

	return all
}

func lifeTimeOf(instances []scheduler.Instance, now time.Time) *lifeTime {
	var ages []float64
	sum := 0.0
	for _, i := range instances {
		if !i.StartedAt.IsZero() {
			age := now.Sub(i.StartedAt.Time).Seconds()
			ages, sum = append(ages, age), sum+age
		}
	}
	if len(ages) == 0 {
		return nil
	}
	slices.Sort(ages)
	n := len(ages)

	return &lifeTime{Average: sum / float64(n), Median: (ages[(n-1)/2] + ages[n/2]) / 2}
}

func (s *Server) tasksOf(instances []scheduler.Instance) []task {
	list := []task{}
	for _, i := range instances {
		list = append(list, s.taskOf(i))
	}

	return list
}

func (s *Server) taskOf(i scheduler.Instance) task {
	t := task{
		AppID: i.AppID, Host: s.opts.Agent.Hostname(), ID: i.TaskID(), IPAddresses: []ipAddress{}, Ports: append([]int{}, i.Ports...),
		ServicePorts: i.App.ServicePorts(), SlaveID: s.opts.Agent.ID(), State: stateOf(i.Condition), StagedAt: i.StagedAt,
		StartedAt: moment(i.StartedAt), Version: i.App.Version, Role: i.App.Role, LocalVolumes: []string{},
	}
	if i.Condition == scheduler.Running {
		t.IPAddresses = append(t.IPAddresses, ipAddress{hostOf(s.opts.Agent.Endpoint()), "IPv4"})
		t.HealthChecks = resultsOf(i)
	}

	return t
}

func resultsOf(i scheduler.Instance) []healthResult {
	var list []healthResult
	for _, c := range i.Checks {
		if c.FirstSuccess.IsZero() && c.LastFailure.IsZero() {
			continue // nothing is known
		}
		r := healthResult{
			Alive: c.Alive, ConsecutiveFailures: c.ConsecutiveFailures, FirstSuccess: moment(c.FirstSuccess), InstanceID: i.ID,
			LastFailure: moment(c.LastFailure), LastSuccess: moment(c.LastSuccess),
		}
		if c.LastFailureCause != "" {
			r.LastFailureCause = new(c.LastFailureCause)
		}
		list = append(list, r)
	}

	return list
}

func moment(t scheduler.Time) *scheduler.Time {
	if t.IsZero() {
		return nil
	}

	return &t
}

func stateOf(condition string) string {
	if condition == scheduler.Provisioned {
		return "TASK_STAGING" // Marathon tells the two apart, its API does not
	}

	return "TASK_" + strings.ToUpper(condition)
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}

	return host
}
