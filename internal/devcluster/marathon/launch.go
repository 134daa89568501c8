package marathon

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/scheduler"
)

// launch has the agent start the task of an instance. The caller holds mu.
func (s *Server) launch(l scheduler.Launch) {
	executor, task := taskOf(l, s.opts)
	if err := s.opts.Agent.Launch(s.ctx, s.framework, executor, task); err != nil {
		s.scheduler.Status(time.Now(), scheduler.TaskStatus{TaskID: task.TaskID.Value, State: "TASK_ERROR", Message: err.Error()})
	}
}

func (s *Server) kill(k scheduler.Kill) {
	var policy *mesos.KillPolicy
	if k.Grace != nil {
		policy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: k.Grace.Nanoseconds()}}
	}
	if err := s.opts.Agent.Kill(s.opts.FrameworkID, k.TaskID, policy); err != nil {
		s.log.Debug("killing a task", "task_id", k.TaskID, "err", err)
	}
}

func statusOf(u *mesos.TaskStatus) scheduler.TaskStatus {
	status := scheduler.TaskStatus{
		TaskID: u.TaskID.Value, State: u.GetState().String(), Message: u.GetMessage(), Healthy: u.Healthy,
	}
	if c := u.ContainerStatus; c != nil {
		for _, n := range c.NetworkInfos {
			for _, ip := range n.IPAddresses {
				status.IPs = append(status.IPs, ip.GetIPAddress())
			}
		}
	}

	return status
}

// taskOf builds what Mesos is asked to launch, as Marathon does (mesos/TaskBuilder.scala). Every app has a custom
// executor: without one of its own, that of `//cmd` runs its line by itself.
func taskOf(l scheduler.Launch, o Options) (mesos.ExecutorInfo, mesos.TaskInfo) {
	app, id := l.App, l.Instance.TaskID()
	task := mesos.TaskInfo{
		Name:      scheduler.Hostname(app.ID),
		TaskID:    mesos.TaskID{Value: id},
		Resources: resources(app.CPUs, app.Mem, app.Disk),
		Labels:    labels(app.Labels),
		Discovery: discovery(app, l.Instance.Ports),
	}
	task.Resources = append(task.Resources, portResource(l.Instance.Ports)...)
	if g := app.TaskKillGracePeriodSeconds; g != nil {
		task.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(*g) * int64(time.Second)}}
	}
	if h := app.MesosCheck(); h != nil {
		task.HealthCheck = healthCheck(h, l.Instance.Ports)
	}
	executor := mesos.ExecutorInfo{
		Type:       mesos.ExecutorInfo_CUSTOM,
		ExecutorID: mesos.ExecutorID{Value: "marathon-" + id},
		Command:    command(l, o),
	}
	if e := app.ExecutorResources; e != nil {
		executor.Resources = resources(e.CPUs, e.Mem, e.Disk)
	}

	return executor, task
}

// command is the shell line: the path is quoted, not escaped, and cmd is the executor's own arguments.
func command(l scheduler.Launch, o Options) *mesos.CommandInfo {
	app, path := l.App, l.App.Executor
	line := fmt.Sprintf("chmod ug+rx '%s' && exec '%s'", path, path)
	if app.Cmd != nil {
		line += " " + *app.Cmd
	}
	c := &mesos.CommandInfo{Value: &line, Shell: new(app.Cmd != nil), User: app.User, Arguments: app.Args}
	for _, f := range app.Fetch {
		uri := mesos.CommandInfo_URI{Value: f.URI, Extract: f.Extract, Executable: new(f.Executable), Cache: new(f.Cache)}
		if f.DestPath != "" {
			uri.OutputFile = new(f.DestPath)
		}
		c.URIs = append(c.URIs, uri)
	}
	c.Environment = &mesos.Environment{}
	env := environment(l, o)
	for _, name := range sorted(env) {
		c.Environment.Variables = append(c.Environment.Variables, mesos.Environment_Variable{Name: name, Value: new(env[name])})
	}
	c.Environment.Variables = append(c.Environment.Variables, secrets(app)...)

	return c
}

// environment is what an executor finds; the app's own variables win.
func environment(l scheduler.Launch, o Options) map[string]string {
	app, host := l.App, o.Agent.Hostname()
	env := map[string]string{
		"MESOS_TASK_ID":                   l.Instance.TaskID(),
		"MARATHON_APP_ID":                 app.ID,
		"MARATHON_APP_VERSION":            app.Version.String(),
		"MARATHON_APP_RESOURCE_CPUS":      number(app.CPUs),
		"MARATHON_APP_RESOURCE_MEM":       number(app.Mem),
		"MARATHON_APP_RESOURCE_DISK":      number(app.Disk),
		"MARATHON_APP_RESOURCE_GPUS":      strconv.Itoa(app.GPUs),
		"MARATHON_APP_ENFORCE_GROUP_ROLE": "FALSE",
	}
	addLabels(env, app.Labels)
	env[o.EnvPrefix+"HOST"] = host
	addPorts(env, o.EnvPrefix, app.PortDefinitions, l.Instance.Ports)
	for name, value := range app.Env {
		if text, ok := value.(string); ok {
			env[name] = text
		}
	}

	return env
}

// secrets are the variables whose values the agent finds, as DC/OS' plugin for Marathon sends them.
func secrets(app *scheduler.App) []mesos.Environment_Variable {
	var list []mesos.Environment_Variable
	for _, key := range sorted(app.Env) {
		if refers, ok := app.Env[key].(map[string]any); ok {
			name, _ := refers["secret"].(string)
			list = append(list, mesos.Environment_Variable{
				Name: key, Type: mesos.Environment_Variable_SECRET.Enum(),
				Secret: &mesos.Secret{Type: mesos.Secret_REFERENCE, Reference: &mesos.Secret_Reference{Name: app.SecretSource(name)}},
			})
		}
	}

	return list
}

// addLabels passes labels on, but for long ones (mesos/EnvironmentHelper.scala).
func addLabels(env map[string]string, labels map[string]string) {
	const longest = 512
	odd := regexp.MustCompile(`[^A-Za-z0-9_]`)
	var names []string
	for _, key := range sorted(labels) {
		if len(labels[key]) >= longest {
			continue
		}
		name := strings.ToUpper(odd.ReplaceAllString(key, "_"))
		names = append(names, name)
		env["MARATHON_APP_LABEL_"+name] = labels[key]
	}
	env["MARATHON_APP_LABELS"] = strings.Join(names, " ")
}

func addPorts(env map[string]string, prefix string, definitions []scheduler.PortDefinition, ports []int) {
	var all []string
	for i, port := range ports {
		text := strconv.Itoa(port)
		all = append(all, text)
		env[prefix+"PORT"+strconv.Itoa(i)] = text
		env[prefix+"PORT_"+strconv.Itoa(definitions[i].Port)] = text
		if name := definitions[i].Name; name != "" {
			env[prefix+"PORT_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = text
		}
	}
	if len(all) > 0 {
		env[prefix+"PORT"] = all[0]
		env[prefix+"PORTS"] = strings.Join(all, ",")
	}
}

// number writes a number as Scala does: 128.0.
func number(f float64) string {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}

	return text
}

func resources(cpus, mem, disk float64) []mesos.Resource {
	var list []mesos.Resource
	for _, r := range []struct {
		name  string
		value float64
	}{{"cpus", cpus}, {"mem", mem}, {"disk", disk}} {
		if r.value > 0 {
			list = append(list, mesos.Resource{Name: r.name, Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: r.value}})
		}
	}

	return list
}

// portResource is ports as ranges in the order of the definitions, neighbours joined (tasks/PortsMatcher.scala).
func portResource(ports []int) []mesos.Resource {
	if len(ports) == 0 {
		return nil
	}
	var ranges []mesos.Value_Range
	for _, p := range ports {
		port := uint64(p) //nolint:gosec // a port
		if n := len(ranges); n > 0 && ranges[n-1].End+1 == port {
			ranges[n-1].End = port
		} else {
			ranges = append(ranges, mesos.Value_Range{Begin: port, End: port})
		}
	}

	return []mesos.Resource{{Name: "ports", Type: mesos.RANGES.Enum(), Ranges: &mesos.Value_Ranges{Range: ranges}}}
}

// discovery names the assigned ports; a port of two protocols is told twice (mesos/PortDiscovery.scala).
func discovery(app *scheduler.App, ports []int) *mesos.DiscoveryInfo {
	info := &mesos.DiscoveryInfo{Visibility: mesos.FRAMEWORK, Name: new(scheduler.Hostname(app.ID)), Ports: &mesos.Ports{}}
	for i, d := range app.PortDefinitions {
		for protocol := range strings.SplitSeq(d.Protocol, ",") {
			port := mesos.Port{Number: uint32(ports[i]), Protocol: new(protocol), Labels: labels(d.Labels)} //nolint:gosec // a port
			if d.Name != "" {
				port.Name = new(d.Name)
			}
			info.Ports.Ports = append(info.Ports.Ports, port)
		}
	}

	return info
}

func labels(all map[string]string) *mesos.Labels {
	if len(all) == 0 {
		return nil
	}
	list := &mesos.Labels{}
	for _, key := range sorted(all) {
		list.Labels = append(list.Labels, mesos.Label{Key: key, Value: new(all[key])})
	}

	return list
}

// healthCheck is a check for the executor to run (core/health/HealthCheck.scala).
func healthCheck(h *scheduler.HealthCheck, ports []int) *mesos.HealthCheck {
	check := &mesos.HealthCheck{
		DelaySeconds: float(h.DelaySeconds), IntervalSeconds: float(h.IntervalSeconds), TimeoutSeconds: float(h.TimeoutSeconds),
		GracePeriodSeconds: float(h.GracePeriodSeconds), ConsecutiveFailures: new(uint32(*h.MaxConsecutiveFailures)), //nolint:gosec // validated
	}
	port := 0
	if h.Port != nil {
		port = *h.Port
	} else if h.PortIndex != nil && *h.PortIndex < len(ports) {
		port = ports[*h.PortIndex]
	}
	switch h.Protocol {
	case "COMMAND":
		check.Type = mesos.HealthCheck_COMMAND
		check.Command = &mesos.CommandInfo{Value: new(h.Command.Value), Shell: new(true)}
	case "MESOS_TCP":
		check.Type = mesos.HealthCheck_TCP
		check.TCP = &mesos.HealthCheck_TCPCheckInfo{Port: uint32(port)} //nolint:gosec // a port
	default:
		check.Type = mesos.HealthCheck_HTTP
		scheme := strings.ToLower(strings.TrimPrefix(h.Protocol, "MESOS_"))
		check.HTTP = &mesos.HealthCheck_HTTPCheckInfo{Scheme: &scheme, Port: uint32(port), Path: new(h.Path)} //nolint:gosec // a port
	}

	return check
}

func float(n *int) *float64 { return new(float64(*n)) }

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)

	return keys
}
