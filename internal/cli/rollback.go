package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/cluster"
	"dce/internal/cluster/marathon"
	"dce/internal/diag"
)

// rollbackFlags are what `dce rollback` takes.
type rollbackFlags struct {
	there
	applyFlags

	message string
	output  choice
}

func (a *app) rollbackCommand() *cobra.Command {
	f := &rollbackFlags{output: choice{value: "text", allowed: []string{"text", "json"}}}
	cmd := &cobra.Command{
		Use:     "rollback --env NAME [VERSION]",
		GroupID: jobDeploy,
		Short:   "Deploy a previous version again",
		Long: `Deploys a version that the cluster has kept: by default the last one before the
current that is another release and did not fail. It is deployed with as many
instances as run now, and followed until it is healthy.`,
		Example: `# back to the version before
dce rollback --env prod

# back to a certain one, and say why
dce rollback --env prod 2026-11-20T09:14:03.512Z -m "1.9 loses sessions"

# only show what that would change
dce rollback --env prod --dry-run`,
		Args:              atMost(1, "the version"),
		ValidArgsFunction: a.completeVersionArgs,
		Annotations: map[string]string{
			seeKey:   "`dce history --env NAME`, `dce status --env NAME`",
			exitsKey: "5 refused: changed since, or locked by another deployment\n6 not healthy in time",
		},
	}
	cmd.RunE = a.until(func(ctx context.Context, args []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runRollback(ctx, f, cmd, args)
	})
	f.there.define(a, cmd)
	f.applyFlags.define(cmd)
	fs := cmd.Flags()
	fs.StringVarP(&f.message, "message", "m", "", "say why, for the history: `TEXT`")
	fs.VarP(&f.output, "output", "o", "print as `text|json`")
	grouped(cmd, groupWhat, "message")
	grouped(cmd, groupOutput, "output")
	withoutEnv(fs.Lookup("message"))
	return cmd
}

func (a *app) runRollback(ctx context.Context, f *rollbackFlags, cmd *cobra.Command, args []string) error {
	s, err := a.site(ctx, f.there)
	if err != nil {
		return err
	}
	defer s.close()
	running, err := s.Current(ctx)
	if err != nil {
		return err
	}
	if running == nil {
		return s.missing()
	}
	target, err := s.target(ctx, args)
	if err != nil {
		return err
	}
	c := s.goBack(ctx, running, *target, a.deployer(), f.message)
	if c.plan.Empty() {
		return a.nothingToDo(c, f.output.value)
	}
	if f.dryRun {
		return a.showDiff(ctx, c, f.output.value)
	}
	a.printPlan(a.ui().Err(), c)
	question := fmt.Sprintf("go back to this on %s?", s.environment)
	if err := a.confirm(ctx, s.config.Confirm && !f.yes, question, cmd); err != nil {
		return err
	}
	o := f.how(a.follow(s), s.config)
	o.Apply.Over = running.Version
	r, err := a.deploy(ctx, s, c.wanted, running, o)
	if err != nil {
		return err
	}
	return a.report(ctx, s, f.output.value, answerOf(c.answer(), r), r, c.wanted)
}

// target is the version to go back to.
func (s *site) target(ctx context.Context, args []string) (*cluster.Release, error) {
	if len(args) > 0 {
		return s.release(ctx, args[0])
	}
	entries, err := cluster.History(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	if e := cluster.Before(entries); e != nil {
		return &e.Release, nil
	}
	return nil, diag.Fail(diag.Diagnostic{
		Code: "DCE768", Summary: "there is no version of " + s.ID + " to go back to",
		Detail: "The cluster keeps none before the current one that is another release and did not fail.",
		Hint:   fmt.Sprintf("look at dce history --env %s, and name a version", s.environment),
	})
}

// goBack plans to deploy an earlier release again, with as many instances as
// there are: the number then is not what is wrong now.
func (s *site) goBack(ctx context.Context, running *cluster.Release, target cluster.Release, by, message string) *change {
	c := &change{site: s, running: running, wanted: target, command: fmt.Sprintf("dce rollback --env %s %s", s.environment, target.Version)}
	if running.Instances > 0 {
		c.wanted.Instances = running.Instances
	}
	if message == "" {
		message = "back to " + target.Version
	}
	c.wanted.Origin.By, c.wanted.Origin.At, c.wanted.Origin.Message = by, time.Now(), message
	c.wanted.Origin.Replaces = running.Version
	c.wanted.Services = servicesOf(ctx, target)
	running.Services = servicesOf(ctx, *running)
	marathon.SamePorts(running.Settings, c.wanted.Settings)
	c.plan = cluster.Compare(running, c.wanted)
	return c
}
