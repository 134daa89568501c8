package mesos

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"dce/internal/diag"
)

// The diagnostics of this package; `dce explain` has the texts.
const (
	codeNotAnExecutor diag.Code = "DCE600"
	codeVariable      diag.Code = "DCE601"
	codeTLS           diag.Code = "DCE602"
	codeNotAuthorised diag.Code = "DCE603"
	codeRefused       diag.Code = "DCE604"
	codeLost          diag.Code = "DCE605"
)

func notAnExecutor(missing []string) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    codeNotAnExecutor,
		Summary: "not started by a Mesos agent",
		Detail:  fmt.Sprintf("An agent sets %s in the environment of its executor; here missing.", strings.Join(missing, ", ")),
		Hint:    "run the pod on this machine with `dce up --local`",
	}
}

func malformedVariable(name, why string) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    codeVariable,
		Summary: fmt.Sprintf("the environment variable %s cannot be understood", name),
		Detail:  why,
		Hint:    fmt.Sprintf("correct %s where the job or the agent sets it", name),
	}
}

func badTLS(err error) error {
	return diag.Fail(diag.Diagnostic{
		Code:    codeTLS,
		Summary: "the TLS settings for the agent cannot be used",
		Detail:  err.Error(),
		Hint:    "correct the LIBPROCESS_SSL_* variables of the job or of the agent's --executor_environment_variables",
		Cause:   err,
	})
}

// refusedSubscription explains an answer to SUBSCRIBE that will not change.
func refusedSubscription(err error) error {
	a, ok := errors.AsType[*answerError](err)
	if ok && (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden) {
		return diag.Fail(diag.Diagnostic{
			Code:    codeNotAuthorised,
			Summary: "the agent does not let this executor in",
			Detail:  err.Error(),
			Hint:    "check that " + TokenVariable + " reaches dce as the agent set it, and see the agent's log",
			Cause:   err,
		})
	}
	return diag.Fail(diag.Diagnostic{
		Code:    codeRefused,
		Summary: "the agent refuses the executor's subscription",
		Detail:  err.Error(),
		Hint:    "see the agent's log for the executor's id",
		Cause:   err,
	})
}

func lostAgent(err error, window time.Duration) error {
	detail := "Without checkpointing an executor does not outlive its agent."
	if window > 0 {
		detail = fmt.Sprintf("It was looked for over %s.", window)
	}
	return diag.Fail(diag.Diagnostic{
		Code:    codeLost,
		Summary: "the agent is gone",
		Detail:  fmt.Sprintf("%s The last attempt: %v.", detail, err),
		Hint:    "see the agent's log; frameworks with checkpointing keep their tasks over a restart of the agent",
		Cause:   err,
	})
}
