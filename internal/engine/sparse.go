package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"

	"dce/internal/render"
)

const (
	// mostOfLabel is how much of a label's value is kept, in bytes: more than any
	// that means something has.
	mostOfLabel = 8 << 10
	// mostOfOrder is the same for compose's label of what a service depends on,
	// which has 50 bytes and more for each of them.
	mostOfOrder = mostOfText
)

// otherOurs stands for all labels with dce's prefix that dce does not know, and
// there may be thousands: a container that has any is none of dce-go's.
const otherOurs = "dce."

// ownLabels are the labels of dce, of dce-go and of compose that mean something,
// with how much of each is kept.
func ownLabels() map[string]int {
	most := map[string]int{
		api.ServiceLabel: mostOfLabel, api.ProjectLabel: mostOfLabel, api.ContainerNumberLabel: mostOfLabel,
		api.DependenciesLabel: mostOfOrder,
	}
	for _, key := range render.Labels() {
		most[key] = mostOfLabel
	}
	return most
}

// labelsInto reads the labels that mean something, and lets go of the rest. A
// sweep sees the labels of all pods of its host, and they may be megabytes long:
// read whole, twenty volumes with 4 MB each took a sweep, and the cgroup of the
// executor that it runs in, 260 MB, and twenty containers that it removed 335 MB.
func labelsInto(into *map[string]string) reading {
	return func(d *json.Decoder) error {
		most, kept := ownLabels(), map[string]string{}
		*into = kept
		return eachField(d, func(key string) error {
			if most[key] == 0 {
				if strings.HasPrefix(key, otherOurs) {
					kept[otherOurs] = ""
				}
				return pass(d)
			}
			var value string
			err := d.Decode(&value)
			kept[key] = strings.Clone(value[:min(len(value), most[key])])
			return err
		})
	}
}

// The lists that find a pod's things, and all things of a host, tell of each what
// dce needs to know. The engine's own client has the whole of a list in memory,
// twice.

func (e *Engine) sparseContainers(ctx context.Context, filters client.Filters) ([]container.Summary, error) {
	return listed(ctx, e, "/containers/json?all=1&", "", filters, func(c *container.Summary) fields {
		return fields{
			"Id": &c.ID, "ImageID": &c.ImageID, "Names": &c.Names, "State": &c.State, "Created": &c.Created,
			"HostConfig": fields{"NetworkMode": &c.HostConfig.NetworkMode}, "Labels": labelsInto(&c.Labels),
		}
	})
}

func (e *Engine) sparseNetworks(ctx context.Context, filters client.Filters) ([]network.Summary, error) {
	return listed(ctx, e, "/networks?", "", filters, func(n *network.Summary) fields {
		return fields{"Id": &n.ID, "Name": &n.Name, "Created": &n.Created, "Labels": labelsInto(&n.Labels)}
	})
}

func (e *Engine) sparseVolumes(ctx context.Context, filters client.Filters) ([]volume.Volume, error) {
	return listed(ctx, e, "/volumes?", "Volumes", filters, func(v *volume.Volume) fields {
		return fields{"Name": &v.Name, "CreatedAt": &v.CreatedAt, "Labels": labelsInto(&v.Labels)}
	})
}

// listed reads a list one by one, which is the answer or in one of its fields.
func listed[T any](ctx context.Context, e *Engine, path, field string, filters client.Filters, of func(*T) fields) ([]T, error) {
	query, err := json.Marshal(filters)
	if err != nil {
		return nil, fmt.Errorf("encoding a filter: %w", err)
	}
	var all []T
	list := reading(func(d *json.Decoder) error {
		return within(d, '[', func() error {
			var one T
			err := of(&one).read(d)
			all = append(all, one)
			return err
		})
	})
	answer := list
	if field != "" {
		answer = fields{field: list}.read
	}
	if err := e.readAnswer(ctx, path+url.Values{"filters": {string(query)}}.Encode(), answer); err != nil {
		return nil, err
	}
	return all, nil
}

// readAnswer reads what the engine answers as it comes.
func (e *Engine) readAnswer(ctx context.Context, path string, by reading) error {
	body, err := e.get(ctx, e.reused(), "/v"+e.api.ClientVersion()+path)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := by(json.NewDecoder(&shorten{from: body, most: mostOfText})); err != nil {
		return fmt.Errorf("reading the engine's answer: %w", err)
	}
	_, _ = io.CopyN(io.Discard, body, 1<<10) // a connection is used again after the end alone
	return nil
}

// look reads some of what the engine knows of one thing.
func (e *Engine) look(ctx context.Context, path string, f fields) error {
	return e.readAnswer(ctx, path, f.read)
}

func (e *Engine) lookAtContainer(ctx context.Context, id string, f fields) error {
	return e.look(ctx, "/containers/"+id+"/json", f)
}
