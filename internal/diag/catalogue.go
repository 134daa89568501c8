package diag

import (
	"cmp"
	"slices"
)

// The exit codes of every command. Source of truth for `dce explain
// exit-codes` and the reference pages.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitInvalid     = 3
	ExitUnreachable = 4
	ExitRefused     = 5
	ExitTimeout     = 6
	ExitDiffers     = 10
	ExitInterrupted = 130
	ExitTerminated  = 143
)

// Entry is what the catalogue knows of one code: a title of a few words, the
// explanation that `dce explain` prints, and the exit code a command ends with
// when a problem of this code stops it.
type Entry struct {
	Code  Code
	Title string
	Text  string
	Exit  int
}

// Catalogue returns every code, in order. The ranges: 1xx what a compose file
// says, 2xx dce.yaml, flags and the environment, 3xx the Docker engine and
// images, 4xx this machine (ports, cgroups, state), 5xx a pod's life, 6xx
// tasks and Mesos, 7xx what is deployed.
func Catalogue() []Entry {
	all := slices.Concat(composeCodes(), renderCodes(), configCodes(), usageCodes(), engineCodes(), cgroupCodes(), machineCodes(), podCodes(), taskCodes(), taskFileCodes(), shipCodes(), clusterCodes(), devclusterCodes())
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

// Lookup finds the entry of a code.
func Lookup(c Code) (Entry, bool) {
	for _, e := range Catalogue() {
		if e.Code == c {
			return e, true
		}
	}
	return Entry{}, false
}

// Exit is the exit code for a list of problems: that of its first error in
// catalogue order, ExitFailed for a code that the catalogue does not hold,
// ExitDone without errors.
func (l List) Exit() int {
	if !l.HasErrors() {
		return ExitDone
	}
	for _, e := range Catalogue() {
		if slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error && d.Code == e.Code }) {
			return e.Exit
		}
	}
	return ExitFailed
}
