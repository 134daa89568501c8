package engine

import (
	"slices"
	"sync"

	"github.com/moby/moby/api/types/container"

	"dce/internal/pod"
)

// roster is what a pod that was started here knows of its containers without
// asking: a stop that has to be quick begins with it. The engine's own list
// goes on naming a container as running until everything behind it is cleaned
// up, 60 to 100 ms after its die event (Engine 20.10.24).
type roster struct {
	mu    sync.Mutex
	made  []container.Summary
	ended map[string]bool // by id
}

// started says that these containers have been made and started, and no others.
func (r *roster) started(made []container.Summary) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made = slices.Clone(made)
}

// saw takes what is observed of a container.
func (r *roster) saw(id string, s pod.ContainerState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		r.ended = map[string]bool{}
	}
	r.ended[id] = s == pod.Exited || s == pod.Gone
}

// containers are those of a pod that was started whole, each with its state;
// none of one that was not.
func (r *roster) containers() []container.Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Clone(r.made)
	for i := range all {
		all[i].State = container.StateRunning
		if r.ended[all[i].ID] {
			all[i].State = container.StateExited
		}
	}
	return all
}
