package render

import (
	"path"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// pathsRule makes the rendered file stand for itself: what was read from other
// files is in it, what chose its services is no longer asked, and paths are
// those that the Docker engine of the agent sees.
func pathsRule(d *draft) {
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		d.settled(name, s)
		d.rebaseService(name, s)
	})
	d.rebaseFiles()
}

// settled removes keys that the loader has acted upon. Loaded again, profiles
// would disable the service and env_file would be read a second time.
func (d *draft) settled(name string, s *types.ServiceConfig) {
	drop := func(set bool, key, reason string) {
		if set {
			d.changedFrom(d.at("services", name, key), reason, "services", name, key)
		}
	}
	drop(len(s.EnvFiles) > 0, "env_file", "merged into environment")
	drop(len(s.LabelFiles) > 0, "label_file", "merged into labels")
	drop(len(s.Profiles) > 0, "profiles", "decided, the service is part of the pod")
	s.EnvFiles, s.LabelFiles, s.Profiles = nil, nil, nil
	for _, other := range sortedKeys(s.DependsOn) {
		if _, ok := d.p.Services[other]; !ok {
			delete(s.DependsOn, other)
			d.changedFrom(d.at("services", name, "depends_on", other), "not part of the pod", "services", name, "depends_on", other)
		}
	}
}

func (d *draft) rebaseService(name string, s *types.ServiceConfig) {
	for i, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind {
			d.rebase(&s.Volumes[i].Source, "services", name, "volumes", strconv.Itoa(i), "source")
		}
	}
	if s.Build == nil {
		return
	}
	d.rebase(&s.Build.Context, "services", name, "build", "context")
	for _, key := range sortedKeys(s.Build.AdditionalContexts) {
		at := s.Build.AdditionalContexts[key]
		d.rebase(&at, "services", name, "build", "additional_contexts", key)
		s.Build.AdditionalContexts[key] = at
	}
}

func (d *draft) rebaseFiles() {
	for _, key := range d.p.SecretNames() {
		s := d.p.Secrets[key]
		d.rebase(&s.File, "secrets", key, "file")
		d.p.Secrets[key] = s
	}
	for _, key := range d.p.ConfigNames() {
		c := d.p.Configs[key]
		d.rebase(&c.File, "configs", key, "file")
		if c.Environment != "" && c.Content != "" {
			d.changedFrom(d.at("configs", key, "environment"), "the value of "+c.Environment+" is in content", "configs", key, "environment")
			c.Environment = ""
		}
		d.p.Configs[key] = c
	}
	for _, key := range d.p.VolumeNames() {
		v := d.p.Volumes[key]
		if device, ok := v.DriverOpts["device"]; ok {
			d.rebase(&device, "volumes", key, "driver_opts", "device")
			v.DriverOpts["device"] = device
		}
	}
}

// rebase moves a path of the project's directory into the task's sandbox. On an
// agent the project lies there already; a rendering elsewhere shows the agent's
// paths, so that it is the same on every machine. A local pod keeps its own.
func (d *draft) rebase(file *string, at ...string) {
	dir, sandbox := d.in.Project.WorkingDir, d.in.Task.Sandbox
	if d.in.Task.Front == FrontLocal || sandbox == "" || dir == "" || dir == "/" || within(dir, sandbox) {
		return
	}
	if !within(*file, dir) || within(*file, sandbox) {
		return
	}
	*file = path.Join(sandbox, strings.TrimPrefix(*file, strings.TrimSuffix(dir, "/")))
	d.changedFrom(d.at(at...), "in the task's sandbox", at...)
}

// within says that a path is a directory or below it.
func within(file, dir string) bool {
	dir = strings.TrimSuffix(dir, "/")
	return dir != "" && (file == dir || strings.HasPrefix(file, dir+"/"))
}
