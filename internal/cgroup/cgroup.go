// Package cgroup makes and removes the parent cgroup of a pod, in cgroup v1
// (every hierarchy) and v2. Reading /proc/self/cgroup for an executor's own
// cgroup lives here too. It never moves a process.
package cgroup

import (
	"errors"
	"fmt"
	"math"
	"path"
	"strings"
)

// Limits are a pod's share of the machine. Zero is no limit.
type Limits struct {
	CPUs  float64 // cores: shares of 1024 each, and a CFS quota
	MemMB float64 // MiB
}

// Reason says why a pod gets no cgroup of its own, in words that end a
// sentence "no limits: ...". Empty: it gets one.
type Reason string

// The reasons.
const (
	Usable        Reason = ""
	RemoteEngine  Reason = "the engine runs on another machine"
	SystemdDriver Reason = "the engine leaves cgroups to systemd (driver systemd), so the pod has a slice without limits of its own"
	OtherVersion  Reason = "the engine sees another cgroup version than this process"
	NoTree        Reason = "no cgroup file system is mounted here"
	NoRights      Reason = "making a cgroup takes root"
)

// Engine is what must be known of the engine that is to use a cgroup made here.
type Engine struct {
	Local   bool
	Driver  string // "cgroupfs" or "systemd"
	Version string // "1" or "2"
}

// Check says whether a cgroup that is made in the tree holds the engine's
// containers.
func (t Tree) Check(e Engine) Reason {
	switch {
	case !e.Local:
		return RemoteEngine
	case e.Driver == "systemd":
		return SystemdDriver
	case t.version == 0:
		return NoTree
	case e.Version != fmt.Sprint(t.version):
		return OtherVersion
	case !t.writable():
		return NoRights
	}
	return Usable
}

var errPath = errors.New("a parent cgroup is an absolute path below the root, without dots as a part")

// clean refuses a path that is not below the root of its tree: the engine
// collapses "..", and a pod must not end up in somebody else's cgroup.
func clean(parent string) (string, error) {
	if !strings.HasPrefix(parent, "/") || parent == "/" || path.Clean(parent) != parent || strings.ContainsAny(parent, "\x00\n") {
		return "", fmt.Errorf("cgroup %q: %w", parent, errPath)
	}
	return parent[1:], nil
}

// setting is one value to write to one control file.
type setting struct{ file, value string }

// The kernel's bounds: cpu.shares of at least 2, a quota of at least 1 ms of
// its period, which is 100 ms by default (Documentation/scheduler/sched-bwc.rst).
const (
	sharesPerCPU = 1024
	minShares    = 2
	maxShares    = 262144
	period       = 100_000 // microseconds
	minQuota     = 1_000
)

// shares are Mesos' own: 1024 for each CPU (reference/mesos.md section 2).
func (l Limits) shares() int {
	return min(maxShares, max(minShares, int(math.Floor(l.CPUs*sharesPerCPU))))
}

func (l Limits) quota() int { return max(minQuota, int(math.Round(l.CPUs*period))) }

func (l Limits) bytes() int64 { return int64(l.MemMB * (1 << 20)) }

// v1 are the settings of one hierarchy, by its controllers.
func (l Limits) v1(controller string) []setting {
	switch {
	case controller == "memory" && l.MemMB > 0:
		return []setting{{"memory.limit_in_bytes", fmt.Sprint(l.bytes())}}
	case controller == "cpu" && l.CPUs > 0:
		return []setting{
			{"cpu.shares", fmt.Sprint(l.shares())},
			{"cpu.cfs_period_us", fmt.Sprint(period)},
			{"cpu.cfs_quota_us", fmt.Sprint(l.quota())},
		}
	}
	return nil
}

// v2 are the settings of the unified hierarchy. The weight is the one that runc
// makes of shares, so that a pod weighs the same under both versions.
func (l Limits) v2() []setting {
	var all []setting
	if l.CPUs > 0 {
		weight := 1 + (l.shares()-minShares)*9999/(maxShares-minShares)
		all = append(all, setting{"cpu.weight", fmt.Sprint(weight)}, setting{"cpu.max", fmt.Sprintf("%d %d", l.quota(), period)})
	}
	if l.MemMB > 0 {
		all = append(all, setting{"memory.max", fmt.Sprint(l.bytes())})
	}
	return all
}
