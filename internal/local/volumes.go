package local

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/render"
)

// madeOtherwise are the pod's volumes that are there with other settings than its
// files give them. Docker Compose asks whether to make such a volume anew, without
// its data; it knows one by a hash (v5.5.1 pkg/compose/reconcile.go), which is no use
// here: the labels of a volume are part of it, and differ at every start.
func (u *upping) madeOtherwise(ctx context.Context) (diag.List, error) {
	project := u.result.Project
	if !slices.ContainsFunc(slices.Collect(maps.Values(project.Volumes)), func(v types.VolumeConfig) bool { return !bool(v.External) }) {
		return nil, nil
	}
	there, err := u.machine.Engine.Volumes(ctx, render.LabelPod+"="+u.plan.ID)
	if err != nil {
		return nil, err
	}
	var problems diag.List
	for _, key := range project.VolumeNames() {
		wanted := project.Volumes[key]
		for _, have := range there {
			if keys := differing(wanted, have); have.Name == wanted.Name && len(keys) > 0 {
				problems = append(problems, volumeKept(u.plan.ID, have.Name, keys, u.plan.project.Locate("volumes", key)))
			}
		}
	}
	return problems, nil
}

// differing are the settings in which a volume that is there is not the one that is
// wanted. Values are not told: the password of a share stands among them.
func differing(wanted types.VolumeConfig, have engine.Volume) []string {
	const standard = "local" // the engine's own driver
	var keys []string
	if cmp.Or(wanted.Driver, standard) != cmp.Or(have.Driver, standard) {
		keys = append(keys, "driver")
	}
	all := maps.Clone(have.Options)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, wanted.DriverOpts)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		want, asked := wanted.DriverOpts[key]
		if is, set := have.Options[key]; asked != set || is != want {
			keys = append(keys, "driver_opts."+key)
		}
	}
	return keys
}

func volumeKept(id, name string, keys []string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE431", Severity: diag.Warning, Pos: pos,
		Summary: fmt.Sprintf("volume %s was made with other settings (%s), and is kept as it is", name, strings.Join(keys, ", ")),
		Detail:  "The settings of a volume hold from when it is made; making it anew loses its data.",
		Hint:    fmt.Sprintf("to make it anew: dce down --local %s; docker volume rm %s", id, name),
	}
}
