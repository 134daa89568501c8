package executor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	// ignored are keys that mean nothing here, sorted.
	ignored []string
}

// options translates the settings of the labels config.* (reference/dce-go.md
// C.8). All problems come back at once.
func (j job) options() (jobOptions, error) {
	var o jobOptions
	var problems diag.List
	for _, key := range slices.Sorted(maps.Keys(j.config)) {
		value := j.config[key]
		if err := o.set(key, value); err != nil {
			problems = append(problems, wrongSetting(labelConfig+key, value, err))
		}
	}
	return o, problems.Err()
}

func (o *jobOptions) set(key, value string) error {
	switch key {
	case "launchtask.timeout":
		return o.duration("timeouts.launch", key, value)
	case "cleanpod.timeout":
		return o.duration("timeouts.stop", key, value)
	case "infracontainer.image":
		o.flag("infra.image", key, value)
	case "infracontainer.networks.name":
		o.flag("infra.network", key, value)
	case "launchtask.skippull":
		skip, err := truth(value)
		if err == nil && !skip {
			o.pull = "always"
		}
		return err
	case "cleanpod.cleanfailtask":
		clean, err := truth(value)
		if err != nil {
			return err
		}
		keep := keepTime
		if clean {
			keep = 0
		}
		o.flag("keep_failed", key, keep.String())
		return nil
	case "cleanpod.cleanvolumeandcontaineronmesoskill":
		clean, err := truth(value)
		o.keepVolumes = err == nil && !clean
		return err
	default:
		o.ignored = append(o.ignored, key)
	}
	return nil
}

// keepTime is how long the containers of a failed pod are kept for a job that
// asks for it in dce-go's way, which knew no end.
const keepTime = time.Hour

func (o *jobOptions) flag(path, key, value string) {
	o.flags = append(o.flags, project.Flag{Path: path, Value: value, Name: "label " + labelConfig + key})
}

// duration takes what dce-go took for one, as people meant it: a bare number
// is of seconds in cleanpod.timeout (dce-go read nanoseconds, config.go:178) and
// of milliseconds in launchtask.timeout (config.go:160).
func (o *jobOptions) duration(path, key, value string) error {
	unit := time.Second
	if key == "launchtask.timeout" {
		unit = time.Millisecond
	}
	if n, err := strconv.ParseUint(value, 10, 31); err == nil {
		value = (time.Duration(n) * unit).String()
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return fmt.Errorf("is no duration such as 90s")
	}
	o.flag(path, key, d.String())
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
