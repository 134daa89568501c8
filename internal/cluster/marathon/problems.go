package marathon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dce/internal/cluster"
	"dce/internal/diag"
)

// problem makes a diagnostic of what went wrong between dce and Marathon.
func (s *Scheduler) problem(err error) error { return Problem(s.Client.URL(), err) }

// Problem makes a diagnostic of what went wrong between dce and the Marathon at
// that URL.
func Problem(url string, err error) error {
	if err == nil {
		return nil
	}
	if _, said := diag.Of(err); said || errors.Is(err, context.Canceled) {
		return err
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return diag.Fail(answered(url, e))
	}
	if e, ok := errors.AsType[*StrangeError](err); ok {
		return diag.Fail(diag.Diagnostic{
			Code: "DCE752", Summary: "what answers at " + url + " is no Marathon", Detail: e.Error(),
			Hint: "correct target.urls of the environment: the address of Marathon itself, without /v2", Cause: err,
		})
	}
	if e, ok := errors.AsType[*LostError](err); ok {
		return diag.Fail(diag.Diagnostic{
			Code: "DCE757", Summary: "marathon did not answer to a change", Detail: e.Error() + "\nIt has been looked up: nothing was changed so far.",
			Hint: "try again; `dce status` shows what runs", Cause: err,
		})
	}
	return diag.Fail(diag.Diagnostic{
		Code: "DCE750", Summary: "cannot reach Marathon at " + url, Detail: err.Error(),
		Hint: "check that it runs, and target.urls of the environment; `dce devcluster start` starts one to try on this machine", Cause: err,
	})
}

func answered(url string, e *Error) diag.Diagnostic {
	d := diag.Diagnostic{Code: "DCE763", Summary: fmt.Sprintf("marathon at %s refuses: %s", url, said(e)), Cause: e}
	switch e.Status {
	case http.StatusUnauthorized:
		d.Code, d.Summary = "DCE751", "marathon at "+url+" does not let you in: "+said(e)
		d.Hint = "set target.credentials of the environment: basic or token, each as env:NAME, file:PATH or keyring:NAME"
	case http.StatusForbidden:
		d.Code, d.Summary = "DCE751", "marathon at "+url+" does not allow it: "+said(e)
		d.Hint = "ask whoever runs this Marathon for the right to deploy here"
	case http.StatusNotFound:
		d.Code, d.Hint = "DCE756", "`dce history` lists the versions there are"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		d.Code, d.Summary = "DCE762", fmt.Sprintf("marathon at %s cannot answer now (%d): %s", url, e.Status, said(e))
		d.Hint = "wait for a leader to be elected, or look at Marathon's own log"
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		d.Code, d.Summary = "DCE753", "marathon refuses the app: "+said(e)
		d.Hint = "correct what it names"
	case http.StatusInternalServerError:
		if strings.Contains(e.Message, "URI not found") {
			d.Hint = "this Marathon is too old, or its address is wrong: it does not know " + e.Path
		}
	}
	return d
}

func said(e *Error) string {
	text := e.Message
	if text == "" {
		text = fmt.Sprintf("%d without a word", e.Status)
	}
	return strings.Join(append([]string{text}, e.details()...), "; ")
}

func changedSince(id, over string, now *cluster.Release) error {
	d := diag.Diagnostic{
		Code: "DCE755", Summary: fmt.Sprintf("%s was changed since: it is at version %s", id, now.Version),
		Detail: "The plan was made over version " + over + ".", Hint: "look at the new plan: dce diff --env NAME",
	}
	if over == "" {
		d.Summary, d.Detail = fmt.Sprintf("%s was created meanwhile, as version %s", id, now.Version), "The plan was made for an app that did not exist."
	}
	if by := now.Origin.By; by != "" {
		d.Detail += " " + by + " deployed the new one"
		if !now.Origin.At.IsZero() {
			d.Detail += " at " + now.Origin.At.Format("2006-01-02 15:04:05 MST")
		}
		d.Detail += "."
	}
	return diag.Fail(d)
}

func goneSince(id, over string) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE755", Summary: id + " was removed since", Detail: "The plan was made over version " + over + ".",
		Hint: "deploy without --if-version to create it again",
	})
}

func unknownOutcome(lost *LostError, err error) error {
	if _, said := diag.Of(err); said {
		return err
	}
	return diag.Fail(diag.Diagnostic{
		Code: "DCE757", Summary: "it is not known whether Marathon took the change", Detail: lost.Error() + "\nLooking it up: " + err.Error(),
		Hint: "look with `dce status --env NAME` when Marathon answers again, before you repeat it", Cause: errors.Join(lost, err),
	})
}

// locked says whose deployment locks the app, and since when.
func (s *Scheduler) locked(ctx context.Context, refused *Error) error {
	d := diag.Diagnostic{
		Code: "DCE754", Summary: s.ID + " is locked by another deployment", Detail: s.whose(ctx, refused.Deployments),
		Hint: "wait for it with --lock-wait, look at it with `dce status`, or replace it with --force", Cause: errors.Join(cluster.ErrLocked, refused),
	}
	return diag.Fail(d)
}

func (s *Scheduler) whose(ctx context.Context, ids []string) string {
	text := "Deployment " + strings.Join(ids, ", ")
	going, err := s.Client.Deployments(ctx)
	if err != nil {
		return text + "."
	}
	for _, d := range going {
		if len(ids) > 0 && d.ID != ids[0] {
			continue
		}
		text += fmt.Sprintf(" of %s goes on since %s", strings.Join(d.AffectedApps, ", "), d.Version)
		for _, a := range d.Current {
			text += ", now to " + actionWords(a)
		}
		break
	}
	if now, err := s.Current(ctx); err == nil && now != nil && now.Origin.By != "" {
		text += "; " + now.Origin.By + " deployed the current version"
		if now.Origin.Message != "" {
			text += fmt.Sprintf(" (%q)", now.Origin.Message)
		}
	}
	return text + "."
}
