package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"dce/internal/diag"
)

// Pods lists the pods on the engine whose containers carry all labels of the
// filter, by pod id. An empty value asks for the label alone.
func (e *Engine) Pods(ctx context.Context, filter map[string]string) ([]Summary, error) {
	filters := client.Filters{}.Add("label", podLabel)
	for k, v := range filter {
		if v != "" {
			k += "=" + v
		}
		filters.Add("label", k)
	}
	own, err := e.list(ctx, client.ContainerListOptions{All: true, Filters: filters})
	if err != nil {
		return nil, err
	}
	details, err := e.details(ctx, own)
	if err != nil {
		return nil, classify(err, about{host: e.Host()})
	}
	return groupPods(details), nil
}

// details looks at each container; one that is removed meanwhile is left out.
func (e *Engine) details(ctx context.Context, list []container.Summary) ([]ContainerSummary, error) {
	looks := make([]*ContainerSummary, len(list))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, c := range list {
		group.Go(func() error {
			call, cancel := e.bounded(ctx)
			defer cancel()
			res, err := e.api.ContainerInspect(call, c.ID, client.ContainerInspectOptions{})
			if err != nil {
				return ignoreGone(err)
			}
			s := summarise(c, res.Container)
			looks[i] = &s
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("looking at containers: %w", err)
	}
	var found []ContainerSummary
	for _, l := range looks {
		if l != nil {
			found = append(found, *l)
		}
	}
	return found, nil
}

func ignoreGone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

func summarise(c container.Summary, i container.InspectResponse) ContainerSummary {
	s := ContainerSummary{
		ID: c.ID, Name: nameOf(c), Service: c.Labels[api.ServiceLabel], Image: c.Image,
		State: string(c.State), Created: time.Unix(c.Created, 0), Labels: c.Labels, Ports: ports(c),
	}
	if i.State != nil {
		s.State, s.ExitCode = string(i.State.Status), i.State.ExitCode
		if i.State.Health != nil {
			s.Health = string(i.State.Health.Status)
		}
	}
	if i.HostConfig != nil {
		s.CgroupParent = i.HostConfig.CgroupParent
	}
	s.IPs = addresses(i.NetworkSettings)
	return s
}

func addresses(n *container.NetworkSettings) []string {
	if n == nil {
		return nil
	}
	var ips []string
	for _, name := range slices.Sorted(maps.Keys(n.Networks)) {
		if e := n.Networks[name]; e != nil && e.IPAddress.IsValid() {
			ips = append(ips, e.IPAddress.String())
		}
	}
	return ips
}

// ports are the published ones; a port published for IPv4 and IPv6 alike is
// one.
func ports(c container.Summary) []PublishedPort {
	var all []PublishedPort
	for _, p := range c.Ports {
		if p.PublicPort == 0 {
			continue
		}
		ip := ""
		if p.IP.IsValid() && !p.IP.IsUnspecified() {
			ip = p.IP.String()
		}
		all = append(all, PublishedPort{HostIP: ip, HostPort: p.PublicPort, ContainerPort: p.PrivatePort, Protocol: p.Type})
	}
	slices.SortFunc(all, func(a, b PublishedPort) int {
		return cmp.Or(cmp.Compare(a.ContainerPort, b.ContainerPort), cmp.Compare(a.HostPort, b.HostPort),
			strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.HostIP, b.HostIP))
	})
	return slices.Compact(all)
}

func groupPods(all []ContainerSummary) []Summary {
	pods := map[string]*Summary{}
	for _, c := range all {
		id := c.Labels[podLabel]
		if pods[id] == nil {
			pods[id] = &Summary{PodID: id, Project: c.Labels[api.ProjectLabel], Labels: podLabels(c.Labels)}
		}
		pods[id].Containers = append(pods[id].Containers, c)
	}
	var sorted []Summary
	for _, id := range slices.Sorted(maps.Keys(pods)) {
		p := pods[id]
		slices.SortFunc(p.Containers, func(a, b ContainerSummary) int { return strings.Compare(a.Name, b.Name) })
		sorted = append(sorted, *p)
	}
	return sorted
}

// podLabels are those that every container of a pod carries alike.
func podLabels(labels map[string]string) map[string]string {
	of := map[string]string{}
	for k, v := range labels {
		if strings.HasPrefix(k, "dce.") || k == "taskId" || k == "executorId" {
			of[k] = v
		}
	}
	return of
}

// Find returns a pod that is known by its labels only: Stop, Remove and Watch
// work, Prepare and Start have nothing to run.
func (e *Engine) Find(ctx context.Context, podID string) (*Pod, error) {
	found, err := e.Pods(ctx, map[string]string{podLabel: podID})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, diag.Fail(diag.Diagnostic{
			Code: "DCE334", Summary: "no pod " + podID + " on the engine at " + e.Host(),
			Hint: "dce ls lists the pods of this machine",
		})
	}
	p := e.Pod(Spec{PodID: podID})
	p.project = found[0].Project
	return p, nil
}
