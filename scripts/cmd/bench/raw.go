package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"dce/internal/project"
	"dce/internal/render"
)

// rawPod brings a rendered pod up and down with nothing but the calls that it
// takes: the floor for everyone else.
type rawPod struct {
	engine   *client.Client
	infra    types.ServiceConfig
	services []types.ServiceConfig
	infraID  string
	ids      []string
}

func newRawPod(ctx context.Context, engine *client.Client, rendered []byte) (*rawPod, error) {
	p, err := project.LoadRendered(ctx, rendered)
	if err != nil {
		return nil, fmt.Errorf("reading the rendered pod: %w", err)
	}
	raw := &rawPod{engine: engine}
	for _, s := range p.Services {
		if s.Name == render.InfraService {
			raw.infra = s
			continue
		}
		raw.services = append(raw.services, s)
	}
	raw.ids = make([]string, len(raw.services))
	return raw, nil
}

// up starts infra first, then all others at once, since they depend on it only.
func (p *rawPod) up(ctx context.Context) error {
	id, err := p.create(ctx, p.infra, "bridge")
	if err != nil {
		return err
	}
	p.infraID = id
	if err := p.start(ctx, id); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, s := range p.services {
		g.Go(func() error {
			id, err := p.create(ctx, s, "container:"+p.infraID)
			if err != nil {
				return err
			}
			p.ids[i] = id
			return p.start(ctx, id)
		})
	}
	return g.Wait()
}

// down stops and removes in reverse order.
func (p *rawPod) down(ctx context.Context) error {
	return p.backwards(ctx, func(ctx context.Context, id string) error {
		if err := p.stopOne(ctx, id); err != nil {
			return err
		}
		return p.removeOne(ctx, id)
	})
}

// stop stops in reverse order.
func (p *rawPod) stop(ctx context.Context) error { return p.backwards(ctx, p.stopOne) }

// remove removes what was stopped.
func (p *rawPod) remove(ctx context.Context) error { return p.backwards(ctx, p.removeOne) }

// backwards does something with infra when it has been done with all others.
func (p *rawPod) backwards(ctx context.Context, do func(context.Context, string) error) error {
	g, gctx := errgroup.WithContext(ctx)
	for _, id := range p.ids {
		g.Go(func() error { return do(gctx, id) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return do(ctx, p.infraID)
}

func (p *rawPod) create(ctx context.Context, s types.ServiceConfig, mode string) (string, error) {
	ports, err := bindings(s)
	if err != nil {
		return "", err
	}
	exposed := network.PortSet{}
	for port := range ports {
		exposed[port] = struct{}{}
	}
	var env []string
	for key, value := range s.Environment {
		if value != nil {
			env = append(env, key+"="+*value)
		}
	}
	created, err := p.engine.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name:   podName + "-raw-" + s.Name,
		Config: &container.Config{Image: s.Image, Env: env, Labels: s.Labels, ExposedPorts: exposed},
		HostConfig: &container.HostConfig{
			NetworkMode: container.NetworkMode(mode), PortBindings: ports, ExtraHosts: s.ExtraHosts.AsList(":"),
			Resources: container.Resources{CgroupParent: s.CgroupParent},
		},
	})
	if err != nil {
		return "", fmt.Errorf("creating %s: %w", s.Name, err)
	}
	return created.ID, nil
}

func bindings(s types.ServiceConfig) (network.PortMap, error) {
	ports := network.PortMap{}
	for _, p := range s.Ports {
		port, err := network.ParsePort(fmt.Sprintf("%d/%s", p.Target, p.Protocol))
		if err != nil {
			return nil, fmt.Errorf("publishing a port of %s: %w", s.Name, err)
		}
		ports[port] = append(ports[port], network.PortBinding{HostIP: netip.IPv4Unspecified(), HostPort: p.Published})
	}
	return ports, nil
}

func (p *rawPod) start(ctx context.Context, id string) error {
	if _, err := p.engine.ContainerStart(ctx, id, client.ContainerStartOptions{}); err != nil {
		return fmt.Errorf("starting a container: %w", err)
	}
	return nil
}

func (p *rawPod) stopOne(ctx context.Context, id string) error {
	if _, err := p.engine.ContainerStop(ctx, id, client.ContainerStopOptions{}); err != nil {
		return fmt.Errorf("stopping a container: %w", err)
	}
	return nil
}

func (p *rawPod) removeOne(ctx context.Context, id string) error {
	if _, err := p.engine.ContainerRemove(ctx, id, client.ContainerRemoveOptions{}); err != nil {
		return fmt.Errorf("removing a container: %w", err)
	}
	return nil
}
