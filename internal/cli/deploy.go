package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/cluster"
	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/registry"
)

// applyFlags say how something is deployed: `dce deploy`, `rollback`, `scale`
// and `stop` take them.
type applyFlags struct {
	dryRun   bool
	yes      bool
	wait     attached
	detach   bool
	timeout  time.Duration
	force    bool
	lockWait waitFlag
}

// define adds the flags.
func (f *applyFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&f.dryRun, "dry-run", false, "show the plan, and change nothing")
	fs.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	fs.BoolVarP(&f.detach, "detach", "d", false, "return when the cluster has taken the change")
	fs.Var(&f.wait, "wait", "wait until the change is done, whatever DCE_DETACH says")
	fs.Lookup("wait").NoOptDefVal = "true"
	durationVar(fs, &f.timeout, "timeout", 0, "give up when it is not done within `DURATION` (by default what dce.yaml says: 10m)")
	fs.Lookup("timeout").DefValue = ""
	fs.BoolVar(&f.force, "force", false, "replace a deployment that is going on")
	fs.Var(&f.lockWait, "lock-wait", "wait for a deployment that is going on, at most `DURATION` (15m)")
	fs.Lookup("lock-wait").NoOptDefVal = "15m"
	for _, n := range []string{"dry-run", "yes", "wait", "force"} {
		withoutEnv(fs.Lookup(n))
	}
}

// sure says that there is nothing to ask: the change was agreed to, or there is
// to be none.
func (f *applyFlags) sure() bool { return f.yes || f.dryRun }

// attached is --wait, the other side of --detach, which it is stronger than.
type attached struct{ given, off bool }

// String says whether the change is waited for.
func (w *attached) String() string { return strconv.FormatBool(!w.off) }

// Type names the flag's kind.
func (*attached) Type() string { return "bool" }

// Set takes a truth value.
func (w *attached) Set(s string) error {
	wait, err := strconv.ParseBool(s)
	w.given, w.off = true, !wait
	return err
}

// detaches says that nobody waits for the change.
func (f *applyFlags) detaches() bool {
	if f.wait.given {
		return f.wait.off
	}
	return f.detach
}

// deployFlags are what `dce deploy` takes.
type deployFlags struct {
	there
	shipFlags
	applyFlags

	exitCode  bool
	rollback  bool
	ifVersion string
	skipHooks bool
	output    choice
}

func (a *app) deployCommand() *cobra.Command {
	f := &deployFlags{output: choice{value: "text", allowed: []string{"text", "json"}}}
	cmd := &cobra.Command{
		Use:     "deploy --env NAME",
		GroupID: jobDeploy,
		Short:   "Deploy the pod to an environment, and wait until it is healthy",
		Long: `Plans what changes, sends it to the cluster of the environment, and follows every
instance until all are healthy. A release that fails, or is not healthy in time,
is rolled back to the one before it. A deploy that would change nothing changes
nothing. Ctrl-C leaves the deployment going.`,
		Example: `# deploy to qa
dce deploy --env qa

# apply the plan that was reviewed, and nothing else
dce deploy --env prod --if-version 2026-11-20T09:14:03.512Z -m "release 1.9"

# another image of one service
dce deploy --env qa --image web=shop/web:1.9`,
		Args: noArgs,
		Annotations: map[string]string{
			seeKey: "`dce diff`, `dce status`, `dce rollback`, `dce logs --env NAME`",
			exitsKey: `5 refused: changed since --if-version, locked by another deployment, or by a hook
6 not healthy in time, rolled back or not
10 with --dry-run --exit-code: there are changes`,
		},
	}
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runDeploy(ctx, f, cmd)
	})
	f.there.define(a, cmd)
	f.shipFlags.define(cmd)
	f.applyFlags.define(cmd)
	fs := cmd.Flags()
	fs.StringVarP(&f.message, "message", "m", "", "say why, for the history: `TEXT`")
	fs.BoolVar(&f.exitCode, "exit-code", false, "with --dry-run: exit with 10 when there are changes")
	fs.BoolVar(&f.rollback, "rollback-on-failure", true, "go back to the version before when it fails (by default what dce.yaml says)")
	fs.BoolVar(&f.skipHooks, "skip-hooks", false, "run none of the commands that dce.yaml has below hooks")
	fs.StringVar(&f.ifVersion, "if-version", "", "refuse unless `VERSION` is what runs")
	fs.VarP(&f.output, "output", "o", "print as `text|json`")
	grouped(cmd, groupWhat, "message")
	grouped(cmd, groupOutput, "output", "exit-code")
	for _, n := range []string{"message", "if-version", "skip-hooks"} {
		withoutEnv(fs.Lookup(n))
	}
	complete(cmd, "if-version", a.completeVersions)
	return cmd
}

func (a *app) runDeploy(ctx context.Context, f *deployFlags, cmd *cobra.Command) error {
	c, err := a.change(ctx, f.there, f.shipFlags)
	if err != nil {
		return err
	}
	defer c.close()
	if f.skipHooks {
		c.hooks = hooks{}
	}
	a.ui().Warn(c.shipment.Warnings)
	if err := c.at(f.ifVersion); err != nil {
		return err
	}
	if f.dryRun {
		if err := a.showDiff(ctx, c, f.output.value); err != nil || !f.exitCode || c.plan.Empty() {
			return err
		}
		return exit(diag.ExitDiffers)
	}
	if c.plan.Empty() {
		return a.nothingToDo(c, f.output.value)
	}
	if err := a.ready(ctx, c, f, cmd); err != nil {
		return err
	}
	if err := a.before(ctx, c); err != nil {
		return err
	}
	answer, err := a.carryOut(ctx, c, f, cmd)
	return errors.Join(err, a.after(ctx, c, answer))
}

// carryOut sends a plan and sees it through.
func (a *app) carryOut(ctx context.Context, c *change, f *deployFlags, cmd *cobra.Command) (deployAnswer, error) {
	if err := a.upload(ctx, c); err != nil {
		return notSent(c.answer(), err), err
	}
	o := f.how(a.follow(c.site), c.config)
	o.Rollback = c.config.Rollback
	if cmd.Flags().Changed("rollback-on-failure") {
		o.Rollback = f.rollback
	}
	o.Apply.Over = c.plan.Version
	r, err := a.deploy(ctx, c.site, c.wanted, c.running, o)
	if err != nil {
		return notSent(c.answer(), err), err
	}
	answer := answerOf(c.answer(), r)
	return answer, a.report(ctx, c.site, f.output.value, answer, r, c.wanted)
}

// ready does all that can fail before anything changes.
func (a *app) ready(ctx context.Context, c *change, f *deployFlags, cmd *cobra.Command) error {
	if err := a.checkImages(ctx, c); err != nil {
		return err
	}
	if err := c.ask(ctx); err != nil {
		return err
	}
	if !a.ui().Quiet() && f.output.value != "json" {
		a.printPlan(a.ui().Err(), c)
	}
	return a.confirm(ctx, c.config.Confirm && !f.yes, fmt.Sprintf("deploy this to %s?", c.environment), cmd)
}

// checkImages asks the registries, before anything changes.
func (a *app) checkImages(ctx context.Context, c *change) error {
	problems := c.shipment.CheckImages(ctx, registry.Client{})
	if err := problems.Err(); err != nil {
		return err
	}
	a.ui().Warn(problems)
	return nil
}

// at refuses a plan over another version than the one that is expected.
func (c *change) at(version string) error {
	if version == "" || version == c.plan.Version {
		return nil
	}
	d := diag.Diagnostic{
		Code: "DCE755", Summary: fmt.Sprintf("%s is not at version %s any more", c.ID, version),
		Detail: "It is at version " + c.plan.Version + ".", Hint: "look at the new plan: dce diff --env " + c.environment,
	}
	if c.running == nil {
		d.Detail = "There is no such app."
	} else if by := c.running.Origin.By; by != "" {
		d.Detail = fmt.Sprintf("It is at version %s, which %s deployed.", c.plan.Version, by)
	}
	return diag.Fail(d)
}

func (a *app) nothingToDo(c *change, format string) error {
	if format == "json" {
		return a.ui().JSON(deployAnswer{SchemaVersion: 1, Plan: c.answer(), Result: "unchanged"})
	}
	a.ui().Say("%s on %s: no changes", c.ID, c.place())
	return nil
}

// how a change is carried out. What dce.yaml says counts where no flag does.
func (f *applyFlags) how(s cluster.Screen, c project.Config) cluster.DeployOptions {
	return cluster.DeployOptions{
		Apply: cluster.ApplyOptions{Force: f.force}, Detach: f.detaches(),
		Timeout: cmp.Or(f.timeout, c.Deploy.Timeout), RollbackTimeout: c.Deploy.RollbackTimeout,
		MaxFailures: c.Deploy.Failures, Lock: f.lockWait.bound, Screen: s,
	}
}

// deployAnswer is what `dce deploy -o json` and its likes print.
type deployAnswer struct {
	SchemaVersion int                 `json:"schema_version"`
	Plan          planAnswer          `json:"plan"`
	Deployment    *cluster.Deployment `json:"deployment,omitempty"`
	// Result is unchanged, healthy, detached, interrupted, failing, timed_out,
	// cancelled or superseded; hooks are also told not_sent.
	Result   string            `json:"result"`
	Reason   string            `json:"reason,omitempty"`
	Failures []cluster.Failure `json:"failures,omitempty"`
	RolledTo *rolledAnswer     `json:"rolled_back,omitempty"`
}

// rolledAnswer is the way back in a deployAnswer.
type rolledAnswer struct {
	To     string `json:"to"`
	Result string `json:"result"`
	Reason string `json:"reason,omitempty"`
}

// detached is the result of a deploy that nobody waits for.
const detached = "detached"

// answerOf is a change that was sent.
func answerOf(plan planAnswer, r cluster.Result) deployAnswer {
	answer := deployAnswer{
		SchemaVersion: 1, Plan: plan, Deployment: &r.Deployment,
		Result: cmp.Or(string(r.Watch.End), detached), Reason: r.Watch.Reason, Failures: r.Watch.Failures,
	}
	if r.Back != nil {
		answer.RolledTo = &rolledAnswer{To: r.Back.To, Result: string(r.Back.Watch.End), Reason: r.Back.Watch.Reason}
		if r.Back.Err != nil {
			answer.RolledTo.Result, answer.RolledTo.Reason = "failed", r.Back.Err.Error()
		}
	}
	return answer
}

// notSent is a change of which the cluster knows nothing, as far as is known.
func notSent(plan planAnswer, err error) deployAnswer {
	return deployAnswer{SchemaVersion: 1, Plan: plan, Result: "not_sent", Reason: err.Error()}
}

// report says how a change went, and gives the exit code.
func (a *app) report(ctx context.Context, s *site, format string, answer deployAnswer, r cluster.Result, wanted cluster.Release) error {
	if format == "json" {
		if err := a.ui().JSON(answer); err != nil {
			return err
		}
	}
	return a.conclude(ctx, s, r, wanted)
}

// conclude puts the end of a change into words.
func (a *app) conclude(ctx context.Context, s *site, r cluster.Result, wanted cluster.Release) error {
	follow := fmt.Sprintf("dce status --env %s --watch", s.environment)
	switch r.Watch.End {
	case "":
		a.ui().Say("deployment %s goes on; follow it with: %s", r.Deployment.ID, follow)
		return nil
	case cluster.Reached:
		a.ui().Say("%s", healthyLine(s, wanted, r.Deployment))
		return nil
	case cluster.Interrupted:
		a.ui().Say("deployment %s goes on; follow it with: %s\n  or go back with: dce rollback --env %s --force", r.Deployment.ID, follow, s.environment)
		return a.interruption(ctx, r.Watch)
	default:
		return a.unhealthy(s, r)
	}
}

// interruption is the error of following that was interrupted, nil where it was
// not.
func (a *app) interruption(ctx context.Context, w cluster.Watch) error {
	switch {
	case w.End != cluster.Interrupted:
		return nil
	case a.interrupted != 0:
		return exit(a.interrupted)
	default:
		return context.Cause(ctx)
	}
}

func healthyLine(s *site, wanted cluster.Release, d cluster.Deployment) string {
	if wanted.Instances == 0 {
		return fmt.Sprintf("%s is stopped; start it again with: dce scale --env %s N", s.ID, s.environment)
	}
	noun := "instances"
	if wanted.Instances == 1 {
		noun = "instance"
	}
	return fmt.Sprintf("%s is healthy: %d %s, version %s", s.ID, wanted.Instances, noun, d.Version)
}

// unhealthy is the problem of a change that has not reached its goal.
func (a *app) unhealthy(s *site, r cluster.Result) error {
	d := diag.Diagnostic{Code: "DCE760", Summary: s.ID + " did not become healthy: " + r.Watch.Reason, Hint: "see why: dce logs --env " + s.environment + " --failed"}
	switch r.Watch.End {
	case cluster.Superseded:
		d.Code, d.Summary = "DCE755", "the deployment of "+s.ID+" was replaced: "+r.Watch.Reason
		d.Hint = "see who deployed: dce history --env " + s.environment
	case cluster.Cancelled:
		d.Code, d.Summary = "DCE761", "the deployment of "+s.ID+" was cancelled: "+r.Watch.Reason
		d.Hint = "look at what runs: dce status --env " + s.environment
	case cluster.TimedOut:
		d.Summary = fmt.Sprintf("%s is not healthy after %s: %s", s.ID, r.Watch.Goal.Timeout, r.Watch.Reason)
	default:
	}
	list := diag.List{d}
	list[0].Detail = backWords(r)
	if b := r.Back; b != nil && (b.Err != nil || b.Watch.End != cluster.Reached) {
		list = append(list, backProblem(s, b))
	}
	return list.Err()
}

// backWords say what was done about a failure.
func backWords(r cluster.Result) string {
	switch b := r.Back; {
	case b == nil:
		return "Nothing was done about it: the version stays deployed."
	case b.Err != nil:
		return ""
	case b.To == "":
		return "There was no version before it, so the app is stopped."
	default:
		return "It was rolled back to version " + b.To + ", which " + standing(b.Watch) + "."
	}
}

// standing is how a version stands that was gone back to.
func standing(w cluster.Watch) string {
	switch {
	case w.End != cluster.Reached:
		return "is not healthy yet"
	case w.Goal.Wanted == 0:
		return "was stopped, and is again"
	default:
		return "is healthy"
	}
}

func backProblem(s *site, b *cluster.Back) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE766", Summary: "the way back did not succeed: " + b.Watch.Reason,
		Hint: fmt.Sprintf("look at it: dce status --env %s; choose a version: dce history --env %s", s.environment, s.environment), Cause: b.Err,
	}
	if b.Err != nil {
		d.Summary = "the way back could not be begun: " + b.Err.Error()
	}
	return d
}

// deploy carries out a change, and waits for another deployment where that is
// wanted.
func (a *app) deploy(ctx context.Context, s *site, wanted cluster.Release, before *cluster.Release, o cluster.DeployOptions) (cluster.Result, error) {
	r, err := cluster.Deploy(ctx, s, wanted, before, o)
	return r, left(ctx, o, err)
}

// left ends what is shown of a change, and is the change's own error with that of
// an interrupt.
func left(ctx context.Context, o cluster.DeployOptions, err error) error {
	if closer, ok := o.Screen.(interface{ Close() }); ok {
		closer.Close()
	}
	if err != nil && ctx.Err() != nil && !errors.Is(err, context.Canceled) {
		return errors.Join(err, context.Cause(ctx))
	}
	return err
}
