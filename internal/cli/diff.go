package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/diag"
)

// diffFlags are what `dce diff` takes.
type diffFlags struct {
	there
	shipFlags

	exitCode    bool
	context     int
	showSecrets bool
	output      choice
}

func (a *app) diffCommand() *cobra.Command {
	f := &diffFlags{output: choice{value: "text", allowed: []string{"text", "json", "summary"}}}
	cmd := &cobra.Command{
		Use:     "diff --env NAME",
		GroupID: jobDeploy,
		Short:   "Show what a deploy would change",
		Long: `Compares the pod and its app with what runs on the cluster of the environment,
service by service and setting by setting, and says what would be restarted.
What the cluster adds by itself is no difference. Nothing is changed. Values of
variables and labels that look secret by their names are shown as ***; those that
dce.yaml calls secret travel in no app, and nothing can show them.`,
		Example: `# what would be deployed to qa
dce diff --env qa

# what changes, setting by setting, in its surroundings
dce diff --env qa --context 3

# for a script: exit code 10 when there is anything to deploy
dce diff --env prod --exit-code -q`,
		Args:        noArgs,
		Annotations: map[string]string{seeKey: "`dce deploy --env NAME`, `dce render --env NAME`", exitsKey: "10 with --exit-code: there are changes"},
	}
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runDiff(ctx, f)
	})
	f.there.define(a, cmd)
	f.shipFlags.define(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&f.exitCode, "exit-code", false, "exit with 10 when there are changes")
	amountVar(fs, &f.context, "context", "", -1, "show settings as a unified diff, with `N` lines around each change")
	fs.Lookup("context").DefValue = ""
	fs.BoolVar(&f.showSecrets, "show-secrets", false, "show values that look secret, too")
	fs.VarP(&f.output, "output", "o", "print as `text|json|summary`")
	grouped(cmd, groupOutput, "exit-code", "context", "show-secrets", "output")
	withoutEnv(fs.Lookup("show-secrets"))
	return cmd
}

// lockFlag locks images to their digests: `dce render`, `diff` and `deploy`.
const lockFlag = "lock-image-digests"

// define adds the flags that say what is deployed.
func (f *shipFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	amountVar(fs, &f.replicas, "replicas", "", -1, "run `N` pods, whatever dce.yaml says")
	fs.StringArrayVar(&f.images, "image", nil, "take another image: `SERVICE=REFERENCE`; repeatable")
	fs.StringArrayVar(&f.set, "set", nil, "set a value that the environment declares: `KEY=VALUE`; repeatable")
	fs.BoolVar(&f.lock, lockFlag, false, "give every image the digest that its tag stands for now")
	grouped(cmd, groupWhat, "replicas", "image", "set", lockFlag)
	for _, n := range []string{"replicas", "image", "set"} {
		withoutEnv(fs.Lookup(n))
	}
	fs.Lookup("replicas").DefValue = ""
	complete(cmd, "image", nothing)
	complete(cmd, "set", nothing)
}

func (a *app) runDiff(ctx context.Context, f *diffFlags) error {
	c, err := a.change(ctx, f.there, f.shipFlags)
	if err != nil {
		return err
	}
	defer c.close()
	c.secrets = f.showSecrets
	a.ui().Warn(c.shipment.Warnings)
	if err := a.compareTexts(ctx, c, f); err != nil {
		return err
	}
	if f.exitCode && !c.plan.Empty() {
		return exit(diag.ExitDiffers)
	}
	return nil
}

// compareTexts shows a plan in the way that is wanted: by the program of the
// user's, as a unified diff, or in dce's own words.
func (a *app) compareTexts(ctx context.Context, c *change, f *diffFlags) error {
	command := strings.TrimSpace(a.getenv(externalDiffVariable))
	if f.output.value != "text" || a.common.quiet || c.plan.Empty() || f.context < 0 && command == "" {
		return a.showDiff(ctx, c, f.output.value)
	}
	if err := c.ask(ctx); err != nil {
		return err
	}
	if f.context >= 0 {
		a.printTexts(c, f.context)
	} else if err := a.externalDiff(ctx, c, command); err != nil {
		return err
	}
	a.ui().Say("%s\napply exactly this: %s", c.plan.Summary(), c.command)
	return nil
}

// showDiff prints a plan as an answer, with what the cluster itself says that
// it would do.
func (a *app) showDiff(ctx context.Context, c *change, format string) error {
	if err := c.ask(ctx); err != nil {
		return err
	}
	switch {
	case format == "json":
		return a.ui().JSON(c.answer())
	case a.common.quiet:
		return nil
	case format == "summary":
		fmt.Fprintln(a.ui().Out(), c.plan.Summary())
		return nil
	}
	a.printPlan(a.ui().Out(), c)
	if !c.plan.Empty() {
		a.ui().Say("apply exactly this: %s", c.command)
	}
	return nil
}

// ask has the cluster itself plan: it finds what only it can refuse.
func (c *change) ask(ctx context.Context) (err error) {
	if c.plan.Empty() || c.plan.Destroys {
		return nil
	}
	c.plan.Steps, err = c.Steps(ctx, c.wanted)
	return err
}
