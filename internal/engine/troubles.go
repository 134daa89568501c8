package engine

import (
	"fmt"

	"dce/internal/diag"
)

// What can go wrong with dependencies, as diagnostics.

func dependencyEnded(service, on string, code int) error {
	return inService(on, diag.Fail(diag.Diagnostic{
		Code:    "DCE330",
		Summary: fmt.Sprintf("service %s was not started: %s, which it waits for, exited with code %d", service, on, code),
		Subject: []string{"services", service, "depends_on", on},
		Hint:    "the last log lines of " + on + " say why; fix it, or change the condition in depends_on",
	}))
}

func dependencyUnhealthy(service, on string) error {
	return inService(on, diag.Fail(diag.Diagnostic{
		Code:    "DCE330",
		Summary: fmt.Sprintf("service %s was not started: %s, which it waits for, is unhealthy", service, on),
		Subject: []string{"services", on, "healthcheck"},
		Hint:    "the output of the healthcheck of " + on + " says why; give it more time with start_period or retries",
	}))
}

func dependencyUnchecked(service, on string) error {
	return inService(on, diag.Fail(diag.Diagnostic{
		Code:    "DCE331",
		Summary: fmt.Sprintf("service %s waits for %s to be healthy, but that has no healthcheck", service, on),
		Subject: []string{"services", service, "depends_on", on},
		Hint:    "add a healthcheck to " + on + ", or use the condition service_started",
	}))
}
