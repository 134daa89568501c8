package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"dce/internal/cluster"
	"dce/internal/diag"
	"dce/internal/hook"
	"dce/internal/project"
	"dce/internal/term"
)

// The moments of a deploy that commands can be run at, as dce.yaml names them.
const (
	preDeploy    = "pre_deploy"
	postDeploy   = "post_deploy"
	deployFailed = "deploy_failed"
)

// hooks are the commands that a project wants around its deploys. The zero value
// has none.
type hooks struct {
	project.Hooks

	dir string // of the project
}

func hooksOf(p *project.Project) hooks {
	return hooks{Hooks: p.Config.Hooks, dir: p.Compose.WorkingDir}
}

// at are the commands of one moment.
func (h hooks) at(moment string) []string {
	switch moment {
	case preDeploy:
		return h.PreDeploy
	case postDeploy:
		return h.PostDeploy
	default:
		return h.DeployFailed
	}
}

// byMoment are all commands, nil for none.
func (h hooks) byMoment() map[string][]string {
	var all map[string][]string
	for _, moment := range []string{preDeploy, postDeploy, deployFailed} {
		if commands := h.at(moment); len(commands) > 0 {
			if all == nil {
				all = map[string][]string{}
			}
			all[moment] = commands
		}
	}
	return all
}

// lines are the hooks as a plan shows them to a person.
func (h hooks) lines() []string {
	var lines []string
	for _, moment := range []string{preDeploy, postDeploy, deployFailed} {
		for _, command := range h.at(moment) {
			lines = append(lines, "hook "+moment+": "+command)
		}
	}
	return lines
}

// before runs what comes before anything changes. What fails refuses the deploy.
func (a *app) before(ctx context.Context, c *change) error {
	return a.runHooks(ctx, c, preDeploy, c.answer())
}

// after runs what comes when a deploy has ended, well or not. One that goes on
// without us has not.
func (a *app) after(ctx context.Context, c *change, answer deployAnswer) error {
	moment := deployFailed
	switch answer.Result {
	case string(cluster.Reached):
		moment = postDeploy
	case string(cluster.Interrupted), detached:
		moment = ""
	}
	var err error
	if moment != "" && ctx.Err() == nil {
		err = a.runHooks(ctx, c, moment, answer)
	}
	return err
}

// runHooks runs the commands of one moment, up to the first that fails.
func (a *app) runHooks(ctx context.Context, c *change, moment string, input any) error {
	commands := c.hooks.at(moment)
	if len(commands) == 0 {
		return nil
	}
	text, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("encoding what a hook reads: %w", err)
	}
	call := hook.Call{
		Dir: c.hooks.dir, Input: text, Line: a.hookLine(moment), Timeout: c.hooks.Timeout,
		Environ: append(slices.Clip(a.env.Environ), "DCE_HOOK="+moment, "DCE_HOOK_ENVIRONMENT="+c.environment, "DCE_HOOK_APP="+c.ID),
	}
	for i, command := range commands {
		a.ui().Say("hook %s: %s", moment, command)
		call.Command = command
		err := hook.Run(ctx, call)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			return c.hookProblem(moment, i, err, call.Line != nil)
		}
	}
	return nil
}

// hookLine shows what a hook writes, unless nobody wants to read it.
func (a *app) hookLine(moment string) func(string) {
	if a.ui().Quiet() || a.json || a.common.progress.value == "json" {
		return nil
	}
	logs := a.ui().Logs(a.ui().Err(), term.LogOptions{})
	return func(text string) { logs.Line(moment, text) }
}

// hookProblem is a command that has failed, the i-th of its moment. What it wrote
// is told where nobody has seen it.
func (c *change) hookProblem(moment string, i int, err error, seen bool) error {
	d := diag.Diagnostic{
		Code: "DCE771", Summary: fmt.Sprintf("the %s hook %s, so nothing was changed", moment, ending(err)), Cause: err,
		Hint: "correct what it found, or deploy without hooks: dce deploy --env " + c.environment + " --skip-hooks",
	}
	if moment != preDeploy {
		d.Code, d.Summary = "DCE772", fmt.Sprintf("the %s hook %s", moment, ending(err))
		d.Hint = "what is deployed stays as it is; run the command again by itself where that is needed: " + c.hooks.at(moment)[i]
	}
	d.Pos, _ = c.config.Locate(fmt.Sprintf("hooks.%s.%d", moment, i))
	if f, ok := errors.AsType[*hook.Failure](err); ok && len(f.Last) > 0 && !seen {
		d.Detail = "The last lines of " + c.hooks.at(moment)[i] + ":\n  " + strings.Join(f.Last, "\n  ")
	}
	return diag.Fail(d)
}

// ending says how a command has failed.
func ending(err error) string {
	ended, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case ok && ended.Exited():
		return fmt.Sprintf("exited with code %d", ended.ExitCode())
	case ok:
		return "was ended by a " + ended.String()
	case errors.Is(err, hook.ErrTimeout):
		return "failed: " + err.Error()
	default:
		return "could not be run: " + err.Error()
	}
}
