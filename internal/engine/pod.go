package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/progress"
)

// defaultCallTimeout bounds a call where the spec says nothing.
const defaultCallTimeout = time.Minute

// defaultHeartbeat finds an engine that hangs and keeps its connections open.
// Seldom, since one that dies closes them, and a process at rest is to sleep:
// each time takes 1 ms and brings 9 MB of the program back into memory.
const defaultHeartbeat = 5 * time.Minute

// Pod is one pod on an engine. It implements supervisor.Engine.
type Pod struct {
	engine *Engine
	spec   Spec
	// project is the compose project's name; of a pod found by its labels it is
	// all that is known of the project.
	project string
	// services leads from a container's name to its service.
	services map[string]string
	roster   roster
}

// Pod returns the pod that the spec describes. Nothing is done yet.
func (e *Engine) Pod(s Spec) *Pod {
	if s.Progress == nil {
		s.Progress = progress.Discard()
	}
	if s.Woken == nil {
		s.Woken = func() {}
	}
	s.CallTimeout = cmp.Or(s.CallTimeout, e.callTimeout)
	s.Heartbeat = cmp.Or(s.Heartbeat, defaultHeartbeat)
	p := &Pod{engine: e, spec: s, project: s.ProjectName, services: map[string]string{}}
	if s.Project != nil {
		p.project = s.Project.Name
		p.services = containerNames(s.Project)
	}
	return p
}

// containerNames leads from the names that containers will have to services.
// Scaled services count from 1.
func containerNames(p *types.Project) map[string]string {
	names := map[string]string{}
	for service, s := range p.Services {
		if s.ContainerName != "" {
			names[s.ContainerName] = service
			continue
		}
		for n := range s.GetScale() {
			names[containerName(p.Name, service, n+1)] = service
		}
	}
	return names
}

// bounded gives one call its time.
func (p *Pod) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, p.spec.CallTimeout)
}
