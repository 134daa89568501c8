package engine

import (
	"context"
	"fmt"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/cli/cli/command"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/compose/v5/pkg/compose"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"dce/internal/progress"
)

// Start implements supervisor.Engine: compose creates the containers, networks
// and volumes; the starts are ordered here.
//
// compose v5.5.1 holds one mutex of the process around every start, since the
// engine hands out ports of published ranges one after the other and not
// atomically. A rendered pod publishes explicit ports only (rule "ports"), so
// its starts may run beside each other; that and starting the network's holder
// while the others are still being created is what makes a pod come up faster
// than by `docker compose up` (docs/benchmarks.md).
func (p *Pod) Start(ctx context.Context) error {
	project, err := withComposeLabels(p.spec.Project)
	if err != nil {
		return fmt.Errorf("labelling the project: %w", err)
	}
	run := &starting{pod: p, project: project, edges: dependencies(project)}
	run.client = newTracker(p, holder(project, run.edges), func(id string) { _ = run.begin(ctx, id) })
	run.compose, err = p.compose(run.client)
	if err != nil {
		return err
	}
	if err := run.do(ctx); err != nil {
		return classify(err, about{host: p.engine.Host(), project: project, owners: p.spec.Owners})
	}
	return nil
}

// keepVolumes answers what compose asks of a volume whose labels have changed
// (pid and lease do at every start): whether to make it anew, without its data
// (compose v5.5.1 pkg/compose/reconcile.go). It asks nothing else here.
func keepVolumes(string, bool) (bool, error) { return false, nil }

// compose makes a compose service that talks through the client given.
func (p *Pod) compose(c client.APIClient) (api.Compose, error) {
	return p.composeWith(composeCLI{p.engine.cli, c})
}

func (p *Pod) composeWith(cli command.Cli) (api.Compose, error) {
	s, err := compose.NewComposeService(cli,
		compose.WithEventProcessor(relay{to: p.spec.Progress, services: p.services}),
		compose.WithPrompt(keepVolumes))
	if err != nil {
		return nil, fmt.Errorf("preparing compose: %w", err)
	}
	return s, nil
}

// starting is one run of Start.
type starting struct {
	pod     *Pod
	project *types.Project
	edges   map[string][]dependency
	client  *tracker
	compose api.Compose
}

// do returns when all work in the engine has ended, also when ctx has: the
// tracker lets no call be cut off midway.
func (r *starting) do(ctx context.Context) error {
	defer r.client.wait()
	r.client.foresee(ctx, r.project.Name, r.pod.imageNames())
	create := api.CreateOptions{Recreate: api.RecreateDiverged, RecreateDependencies: api.RecreateDiverged, RemoveOrphans: true, QuietPull: true}
	if err := r.compose.Create(ctx, r.project, create); err != nil {
		return r.client.reason(err)
	}
	found, err := r.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ofProject(r.project.Name)})
	if err != nil {
		return fmt.Errorf("listing the containers made: %w", err)
	}
	if err := r.startAll(ctx, byService(found.Items)); err != nil {
		return err
	}
	r.pod.roster.started(found.Items)
	return nil
}

// byService groups containers by service; those of hooks are left out.
func byService(all []container.Summary) map[string][]container.Summary {
	by := map[string][]container.Summary{}
	for _, c := range all {
		if c.Labels[api.HookLabel] == "" {
			by[c.Labels[api.ServiceLabel]] = append(by[c.Labels[api.ServiceLabel]], c)
		}
	}
	return by
}

// startAll starts every service as soon as what it depends on allows.
func (r *starting) startAll(ctx context.Context, made map[string][]container.Summary) error {
	group, ctx := errgroup.WithContext(ctx)
	watch := r.watchConditions(ctx)
	defer watch.close()
	started := map[string]chan struct{}{}
	for name := range r.project.Services {
		started[name] = make(chan struct{})
	}
	for name, s := range r.project.Services {
		group.Go(func() error {
			for _, d := range r.edges[name] {
				select {
				case <-started[d.on]:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				if err := watch.await(ctx, name, d, made[d.on]); err != nil {
					return err
				}
			}
			if err := r.startService(ctx, s, made[name]); err != nil {
				return err
			}
			close(started[name])
			return nil
		})
	}
	return group.Wait()
}

func (r *starting) startService(ctx context.Context, s types.ServiceConfig, made []container.Summary) error {
	if len(made) == 0 && s.GetScale() > 0 {
		return fmt.Errorf("service %s has no container to start", s.Name)
	}
	r.tell(s.Name, progress.Working, api.StatusStarting)
	if special(s) {
		if err := r.startSpecial(ctx, s); err != nil {
			return inService(s.Name, err)
		}
		r.tell(s.Name, progress.Done, api.StatusStarted)
		return nil
	}
	for _, c := range made {
		if err := r.begin(ctx, c.ID); err != nil {
			r.tell(s.Name, progress.Failed, err.Error())
			return inService(s.Name, err)
		}
	}
	r.tell(s.Name, progress.Done, api.StatusStarted)
	return nil
}

func (r *starting) tell(service string, status progress.Status, text string) {
	r.pod.spec.Progress.On(progress.Event{ID: service, Status: status, Text: text})
}

// begin starts a container once: the holder of the network was perhaps started
// when it had been created.
func (r *starting) begin(ctx context.Context, id string) error {
	_, err := r.client.ContainerStart(ctx, id, client.ContainerStartOptions{})
	return err
}

// startSpecial has compose start a service alone: it runs the hooks and copies
// secrets and configs in. The waiting was done before.
func (r *starting) startSpecial(ctx context.Context, s types.ServiceConfig) error {
	alone, err := r.project.WithSelectedServices([]string{s.Name}, types.IgnoreDependencies)
	if err != nil {
		return fmt.Errorf("selecting the service: %w", err)
	}
	s.DependsOn = nil
	alone.Services = types.Services{s.Name: s}
	return r.compose.Start(ctx, r.project.Name, api.StartOptions{Project: alone})
}
