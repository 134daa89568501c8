package cli

import (
	"strconv"

	"dce/internal/diag"
)

// exitCodes says what each exit code means.
func exitCodes() []row {
	meanings := []struct {
		code int
		text string
	}{
		{diag.ExitDone, "done"},
		{diag.ExitFailed, "failed; also: the pod failed"},
		{diag.ExitUsage, "usage: flags, arguments, a missing confirmation"},
		{diag.ExitInvalid, "input invalid: a compose file or dce.yaml"},
		{diag.ExitUnreachable, "place unreachable or not authorised"},
		{diag.ExitRefused, "refused: changed since, locked, or denied by policy"},
		{diag.ExitTimeout, "timed out, or not healthy in time"},
		{diag.ExitDiffers, "with --exit-code: changes were found"},
		{diag.ExitInterrupted, "interrupted, also when the pod then stopped gracefully"},
		{diag.ExitTerminated, "terminated, also when the pod then stopped gracefully"},
	}
	rows := make([]row, len(meanings))
	for i, m := range meanings {
		rows[i] = row{strconv.Itoa(m.code), m.text}
	}
	return rows
}

func exitMeaning(code int) string {
	for _, r := range exitCodes() {
		if r.Term == strconv.Itoa(code) {
			return r.Text
		}
	}
	return "special to the command"
}
