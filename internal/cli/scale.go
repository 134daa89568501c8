package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"dce/internal/cluster"
	"dce/internal/diag"
)

// scaleFlags are what `dce scale` takes.
type scaleFlags struct {
	there
	applyFlags

	output choice
}

func (a *app) scaleCommand() *cobra.Command {
	f := &scaleFlags{output: choice{value: "text", allowed: []string{"text", "json"}}}
	cmd := &cobra.Command{
		Use:     "scale --env NAME N",
		GroupID: jobDeploy,
		Short:   "Run another number of instances",
		Long: `Starts or stops instances of the version that is deployed, until there are N. Those
that go on running are not touched. The next deploy goes by dce.yaml again.`,
		Example: `# four pods in production
dce scale --env prod 4

# none for now, without waiting for it
dce scale --env qa 0 --detach

# two, and the answer for a script
dce scale --env qa 2 -o json`,
		Args:        oneNumber,
		Annotations: map[string]string{seeKey: "`dce stop --env NAME`, `app.instances` of dce.yaml", exitsKey: "6 not healthy in time"},
	}
	cmd.RunE = a.until(func(ctx context.Context, args []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		n, _ := strconv.Atoi(args[0]) // oneNumber has checked it
		return a.runScale(ctx, f, cmd, n)
	})
	f.there.define(a, cmd)
	f.applyFlags.define(cmd)
	cmd.Flags().VarP(&f.output, "output", "o", "print as `text|json`")
	grouped(cmd, groupOutput, "output")
	return cmd
}

func oneNumber(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("DCE243", cmd.CommandPath()+" needs the number of instances", seeHelp(cmd))
	}
	if n, err := strconv.Atoi(args[0]); err != nil || n < 0 {
		return usage("DCE243", fmt.Sprintf("%q is no number of instances", args[0]), "give 0 or more")
	}
	return nil
}

func (a *app) runScale(ctx context.Context, f *scaleFlags, cmd *cobra.Command, n int) error {
	s, err := a.site(ctx, f.there)
	if err != nil {
		return err
	}
	defer s.close()
	question := fmt.Sprintf("scale %s to %d?", s.ID, n)
	if err := a.confirm(ctx, s.config.Confirm && !f.sure(), question, cmd); err != nil {
		return err
	}
	return a.scaleTo(ctx, s, f.applyFlags, f.output.value, n)
}

// scaleTo makes there be n instances of what is deployed.
func (a *app) scaleTo(ctx context.Context, s *site, f applyFlags, format string, n int) error {
	running, err := s.Current(ctx)
	if err != nil {
		return err
	}
	if running == nil {
		return s.missing()
	}
	c := &change{site: s, running: running, wanted: *running, command: fmt.Sprintf("dce scale --env %s %d", s.environment, n)}
	c.wanted.Instances = n
	c.plan = cluster.Compare(running, c.wanted)
	switch {
	case c.plan.Empty():
		return a.nothingToDo(c, format)
	case f.dryRun:
		return a.showDiff(ctx, c, format)
	}
	o := f.how(a.follow(s), s.config)
	o.Apply.Over = running.Version
	r, err := a.deploy(ctx, s, c.wanted, running, o)
	if err != nil {
		return err
	}
	return a.report(ctx, s, format, answerOf(c.answer(), r), r, c.wanted)
}

// stopFlags are what `dce stop` takes.
type stopFlags struct {
	there
	applyFlags

	destroy bool
	output  choice
}

func (a *app) stopCommand() *cobra.Command {
	f := &stopFlags{output: choice{value: "text", allowed: []string{"text", "json"}}}
	cmd := &cobra.Command{
		Use:     "stop --env NAME",
		GroupID: jobDeploy,
		Short:   "Stop all instances of an environment",
		Long: `Scales the app to none, and waits until every pod is gone. The app and its history
stay: ` + "`dce scale --env NAME N`" + ` or a deploy starts it again. With --destroy the app is
removed with its history.`,
		Example: `# stop qa
dce stop --env qa --yes

# stop it without waiting for the end
dce stop --env qa --yes --detach

# what removing it would do
dce stop --env qa --destroy --dry-run`,
		Args:        noArgs,
		Annotations: map[string]string{seeKey: "`dce scale --env NAME N`", exitsKey: "5 refused: locked by another deployment\n6 not gone in time"},
	}
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runStop(ctx, f, cmd)
	})
	f.there.define(a, cmd)
	f.applyFlags.define(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&f.destroy, "destroy", false, "remove the app, too; asks for its name")
	fs.VarP(&f.output, "output", "o", "print as `text|json`")
	grouped(cmd, groupOutput, "output")
	withoutEnv(fs.Lookup("destroy"))
	return cmd
}

func (a *app) runStop(ctx context.Context, f *stopFlags, cmd *cobra.Command) error {
	s, err := a.site(ctx, f.there)
	if err != nil {
		return err
	}
	defer s.close()
	if !f.destroy {
		if err := a.confirm(ctx, !f.sure(), fmt.Sprintf("stop all instances of %s on %s?", s.ID, s.place()), cmd); err != nil {
			return err
		}
		return a.scaleTo(ctx, s, f.applyFlags, f.output.value, 0)
	}
	running, err := s.Current(ctx)
	if err != nil {
		return err
	}
	if running == nil {
		return s.missing()
	}
	if err := a.confirmName(ctx, s, f.sure(), cmd); err != nil {
		return err
	}
	return a.destroy(ctx, s, running, f)
}

// confirmName has the name of an app typed that is to be removed.
func (a *app) confirmName(ctx context.Context, s *site, yes bool, cmd *cobra.Command) error {
	if yes {
		return nil
	}
	if !a.canAsk() {
		return usage("DCE767", cmd.CommandPath()+" --destroy wants to be confirmed, and there is nobody to ask", "add --yes")
	}
	answer, err := a.ask(ctx, fmt.Sprintf("this removes %s on %s and its history. Type its name: ", s.ID, s.place()))
	if err != nil {
		return err
	}
	if answer != s.ID {
		a.ui().Say("nothing was changed")
		return exit(diag.ExitUsage)
	}
	return nil
}

// destroy removes the app, and waits until its instances are gone.
func (a *app) destroy(ctx context.Context, s *site, running *cluster.Release, f *stopFlags) error {
	c := &change{site: s, running: running, wanted: *running, command: fmt.Sprintf("dce stop --env %s --destroy", s.environment)}
	c.wanted.Instances = 0
	c.plan = cluster.Compare(running, c.wanted)
	c.plan.Destroys = true
	if f.dryRun {
		return a.showDiff(ctx, c, f.output.value)
	}
	o := f.how(a.follow(s), s.config)
	r, err := cluster.Destroy(ctx, s, o)
	if err := left(ctx, o, err); err != nil {
		return err
	}
	if f.output.value == "json" {
		if err := a.ui().JSON(answerOf(c.answer(), r)); err != nil {
			return err
		}
	}
	return a.removed(ctx, s, r)
}

// removed puts the end of a removal into words.
func (a *app) removed(ctx context.Context, s *site, r cluster.Result) error {
	switch r.Watch.End {
	case cluster.Reached:
		a.ui().Say("%s is removed", s.ID)
		return nil
	case "", cluster.Interrupted:
		a.ui().Say("deployment %s goes on: it removes %s", r.Deployment.ID, s.ID)
		return a.interruption(ctx, r.Watch)
	case cluster.TimedOut:
		return diag.Fail(diag.Diagnostic{
			Code: "DCE760", Summary: fmt.Sprintf("%s is not gone after %s: %s", s.ID, r.Watch.Goal.Timeout, r.Watch.Reason),
			Detail: fmt.Sprintf("Deployment %s goes on removing it.", r.Deployment.ID), Hint: "look at the agents its instances run on, if they do not end",
		})
	case cluster.Cancelled:
		return diag.Fail(diag.Diagnostic{
			Code: "DCE761", Summary: "the removal of " + s.ID + " was cancelled: " + r.Watch.Reason,
			Hint: "look at what is left of it in Marathon's own pages",
		})
	default:
		return a.unhealthy(s, r)
	}
}
