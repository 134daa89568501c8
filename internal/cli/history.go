package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/cluster"
	"dce/internal/cluster/marathon"
	"dce/internal/diag"
	"dce/internal/term"
)

// historyFlags are what `dce history` takes.
type historyFlags struct {
	there

	most   int
	output choice
}

func (a *app) historyCommand() *cobra.Command {
	f := &historyFlags{output: choice{value: "table", allowed: []string{"table", "json"}}}
	cmd := &cobra.Command{
		Use:     "history --env NAME [FROM [TO]]",
		GroupID: jobDeploy,
		Short:   "Show the versions that were deployed",
		Long: `Lists the versions that the cluster keeps of the environment's app: when, by whom,
why, with which images, and what became of each. With one version, shows what
differs between it and what runs; with two, what differs between them.`,
		Example: `# who deployed what
dce history --env prod

# what has changed since a version
dce history --env prod 2026-11-20T09:14:03.512Z

# the last version, for a script
dce history --env prod -n 1 -o json`,
		Args:              atMostTwo,
		ValidArgsFunction: a.completeVersionArgs,
		Annotations:       map[string]string{seeKey: "`dce rollback --env NAME VERSION`, `dce status --env NAME`"},
	}
	cmd.RunE = a.until(func(ctx context.Context, args []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runHistory(ctx, f, args)
	})
	f.define(a, cmd)
	fs := cmd.Flags()
	amountVar(fs, &f.most, "number", "n", 10, "show at most `N` versions; 0 for all")
	fs.VarP(&f.output, "output", "o", "print as `table|json`")
	grouped(cmd, groupOutput, "number", "output")
	withoutEnv(fs.Lookup("number"))
	return cmd
}

func atMostTwo(cmd *cobra.Command, args []string) error {
	if len(args) <= 2 {
		return nil
	}
	return usage("DCE243", fmt.Sprintf("%s takes at most two versions; got %q as well", cmd.CommandPath(), args[2]), seeHelp(cmd))
}

func (a *app) runHistory(ctx context.Context, f *historyFlags, args []string) error {
	s, err := a.site(ctx, f.there)
	if err != nil {
		return err
	}
	defer s.close()
	if len(args) > 0 {
		return a.showBetween(ctx, s, f.output.value, args)
	}
	entries, err := cluster.History(ctx, s, f.most)
	if isMissing(err) {
		return s.missing()
	}
	if err != nil {
		return err
	}
	if f.output.value == "json" {
		return a.ui().JSON(historyAnswer{SchemaVersion: 1, App: s.ID, Environment: s.environment, Versions: entries})
	}
	a.ui().Table(historyTable(entries))
	return nil
}

// historyAnswer is what `dce history -o json` prints.
type historyAnswer struct {
	SchemaVersion int             `json:"schema_version"`
	App           string          `json:"app"`
	Environment   string          `json:"environment"`
	Versions      []cluster.Entry `json:"versions"`
}

func isMissing(err error) bool { return marathon.Missing(err) }

func historyTable(entries []cluster.Entry) term.Table {
	t := term.Table{Header: []string{"VERSION", "RESULT", "INSTANCES", "BY", "WHEN", "MESSAGE", "IMAGES"}}
	for _, e := range entries {
		when := "-"
		if !e.Origin.At.IsZero() {
			when = e.Origin.At.UTC().Format(time.DateTime)
		}
		t.Rows = append(t.Rows, []string{
			e.Version, string(e.Fate), strconv.Itoa(e.Instances), cmp.Or(e.Origin.By, "-"), when,
			cmp.Or(e.Origin.Message, "-"), cmp.Or(imageWords(e.Origin.Images), "-"),
		})
	}
	return t
}

// imageWords are the images of a release without what is the same in all of
// them.
func imageWords(images map[string]string) string {
	var words []string
	for service, ref := range images {
		words = append(words, service+"="+ref[strings.LastIndex(ref, "/")+1:])
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// showBetween shows what differs between two versions, or one and what runs.
func (a *app) showBetween(ctx context.Context, s *site, format string, versions []string) error {
	from, err := s.release(ctx, versions[0])
	if err != nil {
		return err
	}
	to, err := s.Current(ctx)
	if len(versions) > 1 {
		to, err = s.release(ctx, versions[1])
	}
	if err != nil {
		return err
	}
	if to == nil {
		return s.missing()
	}
	from.Services, to.Services = servicesOf(ctx, *from), servicesOf(ctx, *to)
	marathon.SamePorts(from.Settings, to.Settings)
	p := cluster.Compare(from, *to).Hidden(holdsSecret)
	p.Replaced = 0
	if format == "json" {
		return a.ui().JSON(planAnswer{
			SchemaVersion: 1, App: s.ID, Environment: s.environment, Scheduler: "marathon", URL: s.Client.URL(),
			Changes: !p.Empty(), Digest: to.Origin.Digest, Plan: p,
		})
	}
	out := a.ui().Out()
	fmt.Fprintln(out, term.CleanText(fmt.Sprintf("%s from version %s to %s", s.ID, from.Version, to.Version)))
	for _, line := range p.Lines() {
		fmt.Fprintln(out, "  "+paintChange(out, term.CleanText(line)))
	}
	fmt.Fprintln(out, p.Summary())
	return nil
}

// release is one version of the app.
func (s *site) release(ctx context.Context, version string) (*cluster.Release, error) {
	r, err := s.Version(ctx, version)
	if !isMissing(err) {
		return r, err
	}
	d := diag.Diagnostic{Code: "DCE756", Summary: fmt.Sprintf("%s has no version %s", s.ID, version), Hint: "list them: dce history --env " + s.environment}
	if known, err := s.Versions(ctx); err == nil {
		d.Hint = didYouMean(version, known, d.Hint)
	}
	return nil, diag.Fail(d)
}

// completeVersions offers the versions of the app. Whoever presses tab waits for
// two seconds at most.
func (a *app) completeVersions(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	if a.prepare(cmd, nil) != nil || cmd.Flags().Lookup("env").Value.String() == "" {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
	defer cancel()
	s, err := a.site(ctx, there{cmd.Flags().Lookup("env").Value.String()})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer s.close()
	versions, err := s.Versions(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.DeleteFunc(versions, func(v string) bool { return !strings.HasPrefix(v, typed) }), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeVersionArgs(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeVersions(cmd, args, typed)
}
