package local

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"dce/internal/diag"
	"dce/internal/lease"
	"dce/internal/pod"
	"dce/internal/render"
)

func noStateDir() error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE420", Summary: "there is no place for the state of pods: neither HOME nor XDG_STATE_HOME is set",
		Hint: "set XDG_STATE_HOME to a directory that you may write to",
	})
}

func badName(name string) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE421", Summary: fmt.Sprintf("%q cannot be the name of a pod", name),
		Detail: "A name has lower-case letters, digits, dots, dashes and underscores, and begins with a letter or digit.",
		Hint:   "give another one with --name",
	})
}

func portTaken(r render.PortRequest, why string) diag.Diagnostic {
	d := diag.Diagnostic{
		Code:    "DCE422",
		Summary: fmt.Sprintf("host port %d, which service %s publishes, is %s", r.Wanted, r.Service, why),
		Hint:    "end what uses it, or run with --ports auto to take a free one instead",
		Subject: []string{"services", r.Service, "ports"},
	}
	if r.Wanted == 0 || why == "" {
		d.Summary = fmt.Sprintf("no free host port was found for service %s", r.Service)
		d.Hint = "free some ports: `ss -lntu` lists what is in use"
	}
	return d
}

func leaseTrouble(dir string, err error) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE423", Summary: "the lease of the pod cannot be taken in " + dir,
		Detail: "A lease is a locked file that tells everyone on this machine that the pod is looked after.",
		Hint:   "make the directory writable, or set DCE_LEASE_DIR to one that is", Cause: err,
	})
}

// leaseRefused is said of a lease that is refused although no keeper has it.
func leaseRefused(d Dirs, id string, err error) error {
	path, pathErr := lease.Path(d.Leases, elementOf(id))
	if pathErr != nil {
		return pathErr
	}
	return leaseLocked(path, err)
}

// leaseLocked is said of a lease that is locked by nobody who is known.
func leaseLocked(path string, err error) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE423", Summary: "the lease of the pod is locked by a process that is not known: " + path,
		Detail: "It may look after the pod, and may as well be anybody's who can read the file: the lease does not note who took it.",
		Hint:   "`fuser -v " + path + "` shows which process that is; try again when it has ended", Cause: err,
	})
}

func monitorDied(log string) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE424", Summary: "the monitor of the pod ended unexpectedly",
		Hint: "see " + log + " for its last words; `dce down --local` removes what it left",
	})
}

// stillThere is said of a keeper that goes on with what it was asked for.
func stillThere(id string, a asked, err error) error {
	d := diag.Diagnostic{
		Code: "DCE425", Severity: diag.Error, Summary: fmt.Sprintf("pod %s did not end in time", id),
		Hint: "try again with --timeout 0, which kills it", Cause: err,
	}
	if a.Now {
		d.Detail = "Its monitor goes on removing it: the engine is slow to answer, or hangs."
		d.Hint = "see with `dce ls` whether it is gone by now, and with `docker ps` whether the engine answers"
	}
	return diag.Fail(d)
}

func noPod(id string, others []string) error {
	d := diag.Diagnostic{
		Code: "DCE426", Summary: "there is no pod " + id + " on this machine",
		Hint: "`dce ls` lists the pods of this machine",
	}
	if len(others) > 0 {
		d.Hint = "pods here: " + strings.Join(others, ", ")
	}
	return diag.Fail(d)
}

func isNoPod(err error) bool {
	list, ok := diag.Of(err)
	return ok && len(list) == 1 && list[0].Code == "DCE426"
}

func notOurs(id, front string) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE427", Summary: fmt.Sprintf("pod %s is not a local one: %s looks after it", id, cmp.Or(front, "something else")),
		Hint: "stop its task through its framework; `dce reap` removes what an executor left behind, or says why not",
	})
}

func unknownService(name string, known []string) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE428", Summary: fmt.Sprintf("the pod has no service %q", name),
		Hint: "its services: " + strings.Join(known, ", "),
	})
}

// podFailed says why a pod failed, with what helps to understand it.
func podFailed(id string, o outcome) diag.Diagnostic {
	return failure(id, o.Reason, o.Evidence, o.Kept)
}

func failure(id string, r pod.Reason, e pod.Evidence, kept bool) diag.Diagnostic {
	d := diag.Diagnostic{Code: codeOf(r.Cause), Summary: fmt.Sprintf("pod %s failed: %s", id, r), Detail: evidence(r, e)}
	switch {
	case kept:
		d.Hint = "the containers are kept for inspection; remove them with: dce down --local " + id
	case r.Cause == pod.CauseOOM:
		d.Hint = "give the service, or with --mem the pod, more memory"
	case r.Cause == pod.CauseLaunchTime:
		d.Hint = "see what it waits for with: dce up --local --keep, then dce logs --local " + id
	case r.Cause == pod.CauseEngineRestart:
		d.Hint = `run it again; with "live-restore": true in /etc/docker/daemon.json the engine keeps containers over its restart`
	default:
		d.Hint = "run it again with --keep to look at the containers as they ended"
	}
	return d
}

// evidence is what the service that failed said last.
func evidence(r pod.Reason, e pod.Evidence) string {
	var b strings.Builder
	if e.Health != "" {
		fmt.Fprintf(&b, "the last healthcheck of %s said:\n%s\n", r.Service, indented(strings.Split(strings.TrimSpace(e.Health), "\n")))
	}
	if len(e.Logs) > 0 {
		fmt.Fprintf(&b, "the last lines of %s:\n%s\n", r.Service, indented(e.Logs))
	}
	return strings.TrimRight(b.String(), "\n")
}

func indented(lines []string) string { return "  " + strings.Join(lines, "\n  ") }

// codeOf is the diagnostic for each way in which a pod fails.
func codeOf(c pod.Cause) diag.Code {
	switch c {
	case pod.CauseOOM:
		return "DCE501"
	case pod.CauseUnhealthy:
		return "DCE502"
	case pod.CauseLaunchTime:
		return "DCE503"
	case pod.CauseEngine:
		return "DCE504"
	case pod.CauseEngineRestart:
		return "DCE510"
	case pod.CauseInfra:
		return "DCE505"
	case pod.CauseRemoved:
		return "DCE506"
	case pod.CauseAllExited:
		return "DCE507"
	case pod.CausePrepare, pod.CauseStart:
		return "DCE508"
	default:
		return "DCE500"
	}
}

func stopTrouble(id, text string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE509", Severity: diag.Warning, Summary: fmt.Sprintf("stopping pod %s met trouble: %s", id, text),
		Hint: "see what is left with: dce ls", Cause: errors.New(text),
	}
}
