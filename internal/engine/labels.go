package engine

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/client"

	"dce/internal/render"
)

const podLabel = render.LabelPod

// ofPod selects what carries a pod's label.
func ofPod(id string) client.Filters {
	return client.Filters{}.Add("label", podLabel+"="+id)
}

// ofProject selects what compose made for a project: the containers of
// pre_start hooks and of builds carry this label only.
func ofProject(name string) client.Filters {
	return client.Filters{}.Add("label", api.ProjectLabel+"="+name)
}

// mine reports whether something with these labels belongs to the pod: its
// label says so, or it has no pod's label and its project is the pod's.
func (p *Pod) mine(labels map[string]string) bool {
	if p.spec.Carry != nil {
		return carries(labels, p.spec.Carry)
	}
	pod, ok := labels[podLabel]
	if ok {
		return pod == p.spec.PodID
	}
	return p.project != "" && labels[api.ProjectLabel] == p.project
}

// stranger reports whether a container that has the pod's label is none that was
// made for it: what somebody else has labelled so must not end the pod.
func (p *Pod) stranger(labels map[string]string) bool {
	if p.spec.Project == nil {
		return false
	}
	s, ok := p.spec.Project.Services[labels[api.ServiceLabel]]
	if !ok {
		return true
	}
	for _, key := range []string{render.LabelLease, render.LabelBoot, render.LabelPID, render.LabelStart} {
		if said, ok := s.Labels[key]; ok && labels[key] != said { // what the pod leaves out, its image may say
			return true
		}
	}
	return false
}

// keeps reports whether a volume outlives its pod although nobody who knew the
// pod is there any more.
func keeps(s Spec, labels map[string]string) bool {
	return s.Carry != nil && labels[render.LabelKeep] != ""
}

// mark gives the container of a hook, which compose labels with the project's
// name alone, the labels by which an orphan is told: those of its service but
// the pod's id, which would make it a service in the eyes of whoever watches.
func (p *Pod) mark(labels map[string]string) {
	if p.spec.Project == nil {
		return
	}
	for k, v := range p.spec.Project.Services[labels[api.ServiceLabel]].Labels {
		if strings.HasPrefix(k, "dce.") && k != podLabel && labels[k] == "" {
			labels[k] = v
		}
	}
}

func carries(labels, wanted map[string]string) bool {
	for k, v := range wanted {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// carrying selects what has the labels that are not empty.
func carrying(wanted map[string]string) client.Filters {
	f := client.Filters{}
	for k, v := range wanted {
		if v != "" {
			f.Add("label", k+"="+v)
		}
	}
	return f
}

// withComposeLabels gives every service the labels by which compose finds its
// own containers; only compose's own loader sets them (else Up ends with
// "service has no container to start").
func withComposeLabels(p *types.Project) (*types.Project, error) {
	return p.WithServicesTransform(func(name string, s types.ServiceConfig) (types.ServiceConfig, error) {
		s.CustomLabels = types.Labels{
			api.ProjectLabel:     p.Name,
			api.ServiceLabel:     name,
			api.VersionLabel:     api.ComposeVersion,
			api.WorkingDirLabel:  p.WorkingDir,
			api.ConfigFilesLabel: strings.Join(p.ComposeFiles, ","),
			api.OneoffLabel:      "False",
		}
		return s, nil
	})
}
