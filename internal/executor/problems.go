package executor

import (
	"errors"
	"fmt"
	"strings"

	"dce/internal/diag"
)

// words are an error as the framework's users read it: each problem with its
// place, why it is one, and what to do.
func words(err error) string {
	problems, ok := diag.Of(err)
	if !ok {
		return err.Error()
	}
	texts := make([]string, len(problems))
	for i, d := range problems {
		texts[i] = d.String()
		if d.Detail != "" {
			texts[i] += "\n  " + strings.ReplaceAll(d.Detail, "\n", "\n  ")
		}
		if d.Hint != "" {
			texts[i] += "\n  hint: " + d.Hint
		}
	}
	return strings.Join(texts, "\n")
}

func unreadable(err error) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE622", Summary: "the task cannot be understood: " + err.Error(),
		Hint: "look at the task's resources and data in the framework", Cause: err,
	}
}

func wrongSetting(from, value string, why error) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE623", Summary: fmt.Sprintf("%s is %q, which %s", from, value, why),
		Hint: "correct it there, or leave it out", Cause: why,
	}
}

func systemdDriver() diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE624", Summary: "the Docker engine leaves cgroups to systemd, so the pod cannot be in the task's cgroup",
		Detail: "With the cgroup driver systemd an engine puts containers into slices only; the agent would neither limit nor end them.",
		Hint:   `ask the operator to set "exec-opts": ["native.cgroupdriver=cgroupfs"] in /etc/docker/daemon.json on the agents`,
	}
}

func defect(v any) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE625", Summary: fmt.Sprintf("dce has a defect: %v", v),
		Hint: "report it with stderr of the sandbox, which holds the stack, and the job's files", Cause: errors.New(fmt.Sprint(v)),
	}
}

func noLease(dir string, why error) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE626", Summary: "cannot take a lease in " + dir, Detail: why.Error(),
		Hint: "make the directory, owned by the user that executors run as: mkdir -p " + dir, Cause: why,
	}
}
