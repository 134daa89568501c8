package executor

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"dce/internal/diag"
	"dce/internal/project"
)

// jobOptions are the settings of a job written for dce-go, in dce's terms.
type jobOptions struct {
	// flags set keys of dce.yaml.
	flags []project.Flag
	// pull is "always" where the job wants each image pulled anew.
	pull string
	// keepVolumes leaves the pod's own volumes.
	keepVolumes bool
	// ignored are the places of settings that mean nothing here, sorted by key.
	ignored []string
	// notes say what is taken otherwise than dce-go took it.
	notes []string
}

// options translates the settings of a job (reference/dce-go.md C.8). All
// problems come back at once.
func (j job) options() (jobOptions, error) {
	var o jobOptions
	var problems diag.List
	for _, key := range slices.Sorted(maps.Keys(j.config)) {
		problems = append(problems, o.set(j, key, j.config[key])...)
	}
	return o, problems.Err()
}

// set takes one setting.
func (o *jobOptions) set(j job, key string, w wish) diag.List {
	var err error
	switch key {
	case "launchtask.timeout":
		err = o.duration("timeouts.launch", key, w)
	case "cleanpod.timeout":
		err = o.duration("timeouts.stop", key, w)
	case "infracontainer.image":
		o.infra(w)
	case "infracontainer.networks.name":
		o.network(j, w)
	case "infracontainer.networks.pre_existing":
		_, err = truth(w.value)
	case "plugins.pluginorder":
		if !j.ordered {
			return unknownPlugins(w.from, w.value)
		}
	case "launchtask.skippull":
		err = o.skip(w)
	case "cleanpod.cleanfailtask":
		err = o.clean(w)
	case "cleanpod.cleanvolumeandcontaineronmesoskill":
		var clean bool
		clean, err = truth(w.value)
		o.keepVolumes = err == nil && !clean
	default:
		o.ignore(key, w)
	}
	if err != nil {
		return diag.List{wrongSetting(w.from, w.value, err)}
	}
	return nil
}

// ignore takes down what dce has no use for, but for what dce-go's own files ask
// for and every pod has.
func (o *jobOptions) ignore(key string, w wish) {
	if w.value != "" && (key != "podmonitor.monitorname" || w.value != "default") {
		o.ignored = append(o.ignored, w.from)
	}
}

// infra takes the infra container's image, unless it is the one that dce-go
// shipped: that did nothing but wait, and no pod is to depend on whether a
// registry still has it.
func (o *jobOptions) infra(w wish) {
	if strings.HasPrefix(w.value, "dcego/networkproxy:") || w.value == "dcego/networkproxy" {
		o.notes = append(o.notes, w.from+": dce's own infra container stands for "+w.value)
		return
	}
	o.flag("infra.image", w)
}

// network takes the network that the infra container joins, if there is to be
// one already: one of the pod's own, which dce-go made else, would be of no use.
func (o *jobOptions) network(j job, w wish) {
	if made, ok := j.config["infracontainer.networks.pre_existing"]; ok {
		if there, err := truth(made.value); err == nil && !there {
			o.ignored = append(o.ignored, w.from)
			return
		}
	}
	o.flag("infra.network", w)
}

func (o *jobOptions) skip(w wish) error {
	skip, err := truth(w.value)
	if err == nil && !skip {
		o.pull = "always"
	}
	return err
}

func (o *jobOptions) clean(w wish) error {
	clean, err := truth(w.value)
	if err != nil {
		return err
	}
	keep := keepTime
	if clean {
		keep = 0
	}
	w.value = keep.String()
	o.flag("keep_failed", w)
	return nil
}

// keepTime is how long the containers of a failed pod are kept for a job that
// asks for it in dce-go's way, which knew no end.
const keepTime = time.Hour

func (o *jobOptions) flag(path string, w wish) {
	o.flags = append(o.flags, project.Flag{Path: path, Value: w.value, Name: w.from})
}

// duration takes what dce-go took for one, as people meant it: a bare number
// is of seconds in cleanpod.timeout (dce-go read nanoseconds, config.go:178) and
// of milliseconds in launchtask.timeout (config.go:160).
func (o *jobOptions) duration(path, key string, w wish) error {
	unit := time.Second
	if key == "launchtask.timeout" {
		unit = time.Millisecond
	}
	if n, err := strconv.ParseUint(w.value, 10, 31); err == nil {
		meant := (time.Duration(n) * unit).String()
		o.notes = append(o.notes, fmt.Sprintf("%s: %s is taken for %s", w.from, w.value, meant))
		w.value = meant
	}
	d, err := time.ParseDuration(w.value)
	if err != nil || d <= 0 {
		return errors.New("is no duration such as 90s")
	}
	w.value = d.String()
	o.flag(path, w)
	return nil
}

func truth(value string) (bool, error) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("is neither true nor false")
	}
	return b, nil
}

// isDefault reports whether nobody has set a key of dce.yaml.
func isDefault(c project.Config, path string) bool {
	for _, s := range c.Origins() {
		if s.Path == path {
			return s.Origin.Kind == project.OriginDefault
		}
	}
	return true
}
