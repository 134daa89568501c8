package engine

import (
	"context"
	"fmt"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"dce/internal/diag"
	"dce/internal/render"
)

// checkContainers refuses a pod whose compose project another pod has: two tasks of
// one id, which only tasks of different frameworks have. Compose would take the
// other's containers for those of a former start, and replace them.
func (p *Pod) checkContainers(ctx context.Context) error {
	call, cancel := p.bounded(ctx)
	defer cancel()
	res, err := p.engine.api.ContainerList(call, client.ContainerListOptions{All: true, Filters: ofProject(p.project)})
	if err != nil {
		return classify(err, about{host: p.engine.Host()})
	}
	own, err := p.own(ctx, res.Items)
	if err != nil {
		return err
	}
	for _, c := range own {
		if other, ok := c.Labels[podLabel]; ok && other != p.spec.PodID {
			return diag.Fail(diag.Diagnostic{
				Code:    "DCE322",
				Summary: fmt.Sprintf("pod %s has the names of this one", other),
				Detail:  "Both are of a task with the same id, and the names of containers are made of it.",
				Hint:    "wait until that pod has ended; if its executor is gone, dce reap removes it",
			})
		}
	}
	return nil
}

// checkOwn refuses a pod whose networks or volumes are another pod's. Their names
// are made of the task's id and of the job's words: the volume 1_data of a task
// "web" has the name of the volume data of a task "web.1". Compose v5.5.1 warns of
// a volume that another project has, and uses it (pkg/compose/create.go).
func (p *Pod) checkOwn(ctx context.Context) error {
	volumes, networks := p.ownVolumes(), p.ownNetworks()
	call, cancel := p.bounded(ctx)
	defer cancel()
	looking, call := errgroup.WithContext(call)
	var ofVolumes, ofNetworks diag.List
	looking.Go(func() error {
		found, err := named(call, volumes, p.engine.sparseVolumes)
		for _, v := range found {
			ofVolumes = append(ofVolumes, p.taken("volume", volumes, v.Name, v.Labels)...)
		}
		return err
	})
	looking.Go(func() error {
		found, err := named(call, networks, p.engine.sparseNetworks)
		for _, n := range found {
			ofNetworks = append(ofNetworks, p.taken("network", networks, n.Name, n.Labels)...)
		}
		return err
	})
	if err := looking.Wait(); err != nil {
		return classify(fmt.Errorf("looking for what the pod makes: %w", err), about{host: p.engine.Host()})
	}
	return append(ofVolumes, ofNetworks...).Err()
}

// ownVolumes are the keys of the volumes that the pod makes, by their names.
func (p *Pod) ownVolumes() map[string]string {
	keys := map[string]string{}
	for key, v := range p.spec.Project.Volumes {
		if !v.External {
			keys[v.Name] = key
		}
	}
	return keys
}

// ownNetworks are the same of its networks.
func (p *Pod) ownNetworks() map[string]string {
	keys := map[string]string{}
	for key, n := range p.spec.Project.Networks {
		if !n.External {
			keys[n.Name] = key
		}
	}
	return keys
}

// named lists what has one of the names, and what has one in its own name.
func named[T any](ctx context.Context, names map[string]string, list func(context.Context, client.Filters) ([]T, error)) ([]T, error) {
	if len(names) == 0 {
		return nil, nil
	}
	f := client.Filters{}
	for name := range names {
		f.Add("name", name)
	}
	return list(ctx, f)
}

// taken tells that a thing which the pod would make is another pod's.
func (p *Pod) taken(kind string, keys map[string]string, name string, labels map[string]string) diag.List {
	key, wanted := keys[name]
	other, ok := labels[podLabel]
	if !wanted || !ok || other == p.spec.PodID || p.outlived(labels) {
		return nil
	}
	return diag.List{{
		Code:    "DCE327",
		Summary: fmt.Sprintf("%s %s, which this pod would make, is that of pod %s", kind, name, other),
		Detail:  "The names of a pod's networks and volumes are made of its task's id and of their keys in the compose file, and those of two pods come out alike.",
		Subject: []string{kind + "s", key},
		Hint:    fmt.Sprintf("give the %s another key in the compose file; if that pod's executor is gone, dce reap removes what is left of it", kind),
	}}
}

// outlived reports whether something was kept for the pods of this task that
// come after the one that made it.
func (p *Pod) outlived(labels map[string]string) bool {
	return labels[render.LabelKeep] != "" && labels[api.ProjectLabel] == p.project
}
