package ship

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/cluster/marathon"
	"dce/internal/diag"
	"dce/internal/render"
)

// checkPlace refuses an environment that cannot be deployed to.
func (l *loaded) checkPlace(environment string) error {
	c := l.config()
	var problems diag.List
	if len(c.Target.URLs) == 0 {
		problems = append(problems, noTarget(environment, diag.Pos{File: c.Path}))
	}
	problems = append(problems, Addresses("target.urls", c.Target.URLs, l.locateSetting("target.urls"))...)
	if u := c.Target.Artifacts.URL; u != "" {
		problems = append(problems, Addresses("target.artifacts.url", []string{u}, l.locateSetting("target.artifacts.url"))...)
	}
	problems = append(problems, l.uris()...)
	if c.Job {
		problems = append(problems, job(l.locateSetting("kind")))
	}
	return problems.Err()
}

// tooSmall are the services that the pod's own memory has no room for.
func (l *loaded) tooSmall() diag.List {
	mem := l.config().Resources.MemMB
	if mem == 0 {
		if _, sum, all := limits(l.rendered.Project); !all {
			return diag.List{noMemory(sum, diag.Pos{File: l.config().Path})}
		}
		return nil
	}
	var problems diag.List
	reserved := 0.0
	for _, name := range l.rendered.Project.ServiceNames() {
		s := l.rendered.Project.Services[name]
		if name == render.InfraService {
			continue
		}
		if limit := memoryLimit(s); limit > mem {
			problems = append(problems, limitAbovePod(name, limit, mem, l.project.Locate("services", name)))
		}
		reserved += memoryReservation(s)
	}
	if reserved > mem {
		problems = append(problems, reservedAbovePod(reserved, mem, l.locateSetting("resources.mem")))
	}
	return problems
}

const (
	mib = 1 << 20
	// defaultMem is Marathon's own, in MiB.
	defaultMem = 128
)

func memoryLimit(s types.ServiceConfig) float64 {
	limit, _ := render.MemoryLimit(s)
	return float64(limit) / mib
}

func memoryReservation(s types.ServiceConfig) float64 {
	reserved := float64(s.MemReservation)
	if s.Deploy != nil && s.Deploy.Resources.Reservations != nil {
		reserved = max(reserved, float64(s.Deploy.Resources.Reservations.MemoryBytes))
	}
	return reserved / mib
}

// resources are the whole pod's. Where none are set, the services' own limits
// make them.
func (l *loaded) resources() marathon.Resources {
	r := resourcesOf(l.config().Resources)
	cpus, mem, all := limits(l.rendered.Project)
	if r.CPUs == 0 {
		r.CPUs = 1 // Marathon's default
		if all && cpus > 0 {
			r.CPUs = cpus
		}
	}
	if r.Mem == 0 {
		r.Mem = defaultMem
		if all && mem > 0 {
			r.Mem = mem
		}
	}
	return r
}

// limits are the sums of the services' own, and whether each has one for its
// memory.
func limits(p *types.Project) (cpus, mem float64, all bool) {
	all = true
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		if name == render.InfraService {
			continue
		}
		cores := float64(s.CPUS)
		if s.Deploy != nil && s.Deploy.Resources.Limits != nil {
			cores = max(cores, float64(s.Deploy.Resources.Limits.NanoCPUs))
		}
		limit := memoryLimit(s)
		all = all && limit > 0
		mem += limit
		cpus += cores
	}
	return math.Round(cpus*1000) / 1000, mem, all // compose-go has them as float32: 0.1 is 0.10000000149
}

// appPorts are the host ports that the pod needs, by names that stay the same.
func (l *loaded) appPorts() []marathon.Port {
	names := render.PortNames(l.ports)
	var ports []marathon.Port
	for i, r := range l.ports {
		ports = append(ports, marathon.Port{
			Name: names[i], Service: r.Service, Container: r.Ports[0].ContainerPort, Protocols: r.Protocols(),
			Pos: l.locatePort([]string{strconv.Itoa(i)}),
		})
	}
	return ports
}

const (
	// defaultGrace is the engine's own for a service without stop_grace_period.
	defaultGrace = 10 * time.Second
	// stopMargin is for what a stop takes beside the services' own grace: the
	// executor hears of it, kills what is left, and reports.
	stopMargin = 5 * time.Second
)

// killGrace is how long a pod may take to stop: the sum over the levels of its
// dependencies, which are stopped one after the other, of the longest grace of
// a service there.
func killGrace(p *types.Project) time.Duration {
	levels := map[int]time.Duration{}
	depth := map[string]int{}
	for name := range p.Services {
		if name == render.InfraService {
			continue // ends at once
		}
		grace := defaultGrace
		if g := p.Services[name].StopGracePeriod; g != nil {
			grace = time.Duration(*g)
		}
		level := depthOf(p, name, depth)
		levels[level] = max(levels[level], grace)
	}
	sum := stopMargin
	for _, grace := range levels {
		sum += grace
	}
	return sum
}

// depthOf is how many services are above one. Rendering has refused cycles.
func depthOf(p *types.Project, name string, known map[string]int) int {
	if d, ok := known[name]; ok {
		return d
	}
	known[name] = 0
	deepest := 0
	for on := range p.Services[name].DependsOn {
		if on != render.InfraService {
			deepest = max(deepest, depthOf(p, on, known)+1)
		}
	}
	known[name] = deepest
	return deepest
}

// Addresses refuses what is no address of a server, and a password in one: it
// would be in every log on the way. So would be the line that it stands on.
func Addresses(setting string, texts []string, pos diag.Pos) diag.List {
	if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "@") }) {
		pos = pos.Hidden()
	}
	var problems diag.List
	for _, text := range texts {
		problems = append(problems, address(setting, text, pos)...)
	}
	return problems
}

func address(setting, text string, pos diag.Pos) diag.List {
	u, err := url.Parse(text)
	d := diag.Diagnostic{Code: "DCE715", Pos: pos, Hint: "write, for example, https://marathon.example:8443"}
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		d.Summary = fmt.Sprintf("%s holds what is no address of a server", setting)
	case u.User != nil:
		d.Summary = fmt.Sprintf("%s holds a user's name or password", setting)
		d.Hint = "take it out, and name where it comes from with " + strings.TrimSuffix(strings.TrimSuffix(setting, "urls"), "url") + "credentials.basic: env:NAME"
	default:
		return nil
	}
	return diag.List{d}
}

func noTarget(environment string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE700", Summary: fmt.Sprintf("the environment %q has no target to deploy to", environment), Pos: pos,
		Detail: "Where an environment is deployed to stands in dce.yaml, and is never guessed.",
		Hint:   fmt.Sprintf("write environments.%s.target.urls: [http://marathon.example:8080] into dce.yaml", environment),
	}
}

func job(pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE703", Summary: "a job cannot run on Marathon", Pos: pos,
		Detail: "Marathon keeps its apps running: it starts a pod that has finished again, for ever, each time a little later.",
		Hint:   "run it with `dce up --local --env NAME`, from cron or a scheduler of jobs such as Metronome or Aurora; or make it `kind: service`",
	}
}
