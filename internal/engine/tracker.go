package engine

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"
)

// tracker is the client that compose works through while a pod starts. A call
// that changes something is not cut off when its caller is cancelled, since the
// engine finishes it all the same and the container then appears behind our
// back: of 30 starts aborted otherwise, 19 left something
// (reference/compose.md section 5f). Once ctx has ended no new one begins.
type tracker struct {
	client.APIClient
	pod *Pod
	// holder is the service to start as soon as its container is there.
	holder   string
	foreseen foresight

	inflight sync.WaitGroup
	mu       sync.Mutex
	services map[string]string // by container id
	starts   map[string]*started
	refused  error // the first container that could not be made
	// begin starts a container; its error is kept for whoever starts it again.
	begin func(id string)
}

// started is a start that was asked for: done is closed when it has returned.
type started struct {
	done chan struct{}
	err  error
}

func newTracker(p *Pod, holder string, begin func(id string)) *tracker {
	return &tracker{
		APIClient: p.engine.api, pod: p, holder: holder, begin: begin,
		services: map[string]string{}, starts: map[string]*started{},
	}
}

// wait returns when no call is under way.
func (t *tracker) wait() { t.inflight.Wait() }

// whole runs one changing call to its end, bounded by the call timeout.
func whole[T any](ctx context.Context, t *tracker, call func(context.Context) (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	t.inflight.Add(1)
	defer t.inflight.Done()
	ctx, cancel := t.pod.bounded(context.WithoutCancel(ctx))
	defer cancel()
	return call(ctx)
}

// ContainerCreate fills in the values of environment keys that the rendered
// project leaves open: nothing that is written down or hashed holds them.
func (t *tracker) ContainerCreate(ctx context.Context, o client.ContainerCreateOptions) (client.ContainerCreateResult, error) {
	inOrder(&o)
	if o.Config != nil {
		o.Config.Env = fillEnv(o.Config.Env, t.pod.spec.Env[o.Config.Labels[api.ServiceLabel]])
		if o.Config.Labels[api.HookLabel] != "" {
			t.asItsService(&o)
		}
	}
	res, err := whole(ctx, t, func(ctx context.Context) (client.ContainerCreateResult, error) {
		return t.APIClient.ContainerCreate(ctx, o)
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		err = inService(o.Config.Labels[api.ServiceLabel], err)
		if t.refused == nil {
			t.refused = err
		}
		return res, err
	}
	if o.Config.Labels[api.HookLabel] == "" {
		t.services[res.ID] = o.Config.Labels[api.ServiceLabel]
	}
	return res, nil
}

// asItsService gives the container of a hook what its service has and compose does
// not give it: the labels, the cgroup, and the network of another service, which
// compose names here as the compose file does (v5.5.1 pkg/compose/pre_start.go).
func (t *tracker) asItsService(o *client.ContainerCreateOptions) {
	t.pod.mark(o.Config.Labels)
	if o.HostConfig == nil || t.pod.spec.Project == nil {
		return
	}
	o.HostConfig.CgroupParent = t.pod.spec.Project.Services[o.Config.Labels[api.ServiceLabel]].CgroupParent
	name, shares := strings.CutPrefix(string(o.HostConfig.NetworkMode), types.ServicePrefix)
	if !shares {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, service := range t.services {
		if service == name {
			o.HostConfig.NetworkMode = container.NetworkMode(types.ContainerPrefix + id)
		}
	}
}

// reason is what is behind an error of compose's. Its executor lets those who
// wait for a container go on before it tells that the container could not be made
// (v5.5.1 pkg/compose/executor.go), and then one of them may be the first to
// fail, for want of it.
func (t *tracker) reason(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused != nil && strings.HasSuffix(err.Error(), ": container missing") {
		return t.refused
	}
	return err
}

// inOrder sorts what compose collects from maps, so that a rendered pod gives
// the same containers each time. The addresses of one host keep their order.
func inOrder(o *client.ContainerCreateOptions) {
	if o.Config != nil {
		slices.Sort(o.Config.Env)
		if list, ok := o.Config.Labels[api.DependenciesLabel]; ok {
			services := strings.Split(list, ",")
			slices.Sort(services)
			o.Config.Labels[api.DependenciesLabel] = strings.Join(services, ",")
		}
	}
	if o.HostConfig != nil {
		slices.SortStableFunc(o.HostConfig.ExtraHosts, func(a, b string) int {
			hostA, _, _ := strings.Cut(a, ":")
			hostB, _, _ := strings.Cut(b, ":")
			return strings.Compare(hostA, hostB)
		})
		// The engine mounts by the depth of the target, whatever the order.
		slices.Sort(o.HostConfig.Binds)
		slices.SortFunc(o.HostConfig.Mounts, func(a, b mount.Mount) int { return strings.Compare(a.Target, b.Target) })
		slices.SortFunc(o.HostConfig.Ulimits, func(a, b *container.Ulimit) int { return strings.Compare(a.Name, b.Name) })
	}
}

func fillEnv(env []string, values map[string]string) []string {
	for i, key := range env {
		if value, ok := values[key]; ok && !strings.Contains(key, "=") {
			env[i] = key + "=" + value
		}
	}
	return env
}

// ContainerInspect starts the holder of the pod's network behind the look that
// compose takes at each container it has made. Its start takes the longest of
// all, and goes on while the others are created. Not earlier: networks are
// connected between the making and the look, and a look at a container that is
// starting waits for the start.
func (t *tracker) ContainerInspect(ctx context.Context, id string, o client.ContainerInspectOptions) (client.ContainerInspectResult, error) {
	res, err := t.APIClient.ContainerInspect(ctx, id, o)
	t.mu.Lock()
	early := err == nil && t.holder != "" && t.services[res.Container.ID] == t.holder
	t.mu.Unlock()
	if early {
		t.inflight.Go(func() { t.begin(res.Container.ID) })
	}
	return res, err
}

// ContainerStart starts a container once, however often it is asked to.
func (t *tracker) ContainerStart(ctx context.Context, id string, o client.ContainerStartOptions) (client.ContainerStartResult, error) {
	t.mu.Lock()
	s, ok := t.starts[id]
	if !ok {
		s = &started{done: make(chan struct{})}
		t.starts[id] = s
	}
	t.mu.Unlock()
	if ok {
		<-s.done // not ctx: the call under way has its own end
		return client.ContainerStartResult{}, s.err
	}
	defer close(s.done)
	var res client.ContainerStartResult
	res, s.err = whole(ctx, t, func(ctx context.Context) (client.ContainerStartResult, error) {
		return t.APIClient.ContainerStart(ctx, id, o)
	})
	return res, s.err
}

// NetworkCreate implements client.APIClient.
func (t *tracker) NetworkCreate(ctx context.Context, name string, o client.NetworkCreateOptions) (client.NetworkCreateResult, error) {
	return whole(ctx, t, func(ctx context.Context) (client.NetworkCreateResult, error) {
		return t.APIClient.NetworkCreate(ctx, name, o)
	})
}

// NetworkConnect implements client.APIClient.
func (t *tracker) NetworkConnect(ctx context.Context, id string, o client.NetworkConnectOptions) (client.NetworkConnectResult, error) {
	return whole(ctx, t, func(ctx context.Context) (client.NetworkConnectResult, error) {
		return t.APIClient.NetworkConnect(ctx, id, o)
	})
}

// VolumeCreate implements client.APIClient.
func (t *tracker) VolumeCreate(ctx context.Context, o client.VolumeCreateOptions) (client.VolumeCreateResult, error) {
	return whole(ctx, t, func(ctx context.Context) (client.VolumeCreateResult, error) {
		return t.APIClient.VolumeCreate(ctx, o)
	})
}

// CopyToContainer implements client.APIClient.
func (t *tracker) CopyToContainer(ctx context.Context, id string, o client.CopyToContainerOptions) (client.CopyToContainerResult, error) {
	return whole(ctx, t, func(ctx context.Context) (client.CopyToContainerResult, error) {
		return t.APIClient.CopyToContainer(ctx, id, o)
	})
}

// ContainerStop implements client.APIClient.
func (t *tracker) ContainerStop(ctx context.Context, id string, o client.ContainerStopOptions) (client.ContainerStopResult, error) {
	return whole(ctx, t, func(ctx context.Context) (client.ContainerStopResult, error) {
		return t.APIClient.ContainerStop(ctx, id, o)
	})
}

// ContainerRemove implements client.APIClient.
func (t *tracker) ContainerRemove(ctx context.Context, id string, o client.ContainerRemoveOptions) (client.ContainerRemoveResult, error) {
	return whole(ctx, t, func(ctx context.Context) (client.ContainerRemoveResult, error) {
		return t.APIClient.ContainerRemove(ctx, id, o)
	})
}

// ContainerRename implements client.APIClient.
func (t *tracker) ContainerRename(ctx context.Context, id string, o client.ContainerRenameOptions) (client.ContainerRenameResult, error) {
	return whole(ctx, t, func(ctx context.Context) (client.ContainerRenameResult, error) {
		return t.APIClient.ContainerRename(ctx, id, o)
	})
}
