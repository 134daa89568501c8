package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/cluster"
	"dce/internal/diag"
	"dce/internal/term"
)

// statusFlags are what `dce status` takes.
type statusFlags struct {
	there

	watch   bool
	timeout time.Duration
	verbose bool
	output  choice
}

func (a *app) statusCommand() *cobra.Command {
	f := &statusFlags{output: choice{value: "table", allowed: []string{"table", "json", "yaml"}}}
	cmd := &cobra.Command{
		Use:     "status --env NAME",
		GroupID: jobDeploy,
		Short:   "Show how an environment's app stands",
		Long: `Shows the version that is deployed and by whom, the instances with their hosts
and ports, a deployment that goes on, why instances are not launched, and the
last failure. With --watch it goes on until all instances are healthy and no
deployment goes on.`,
		Example: `# how qa stands
dce status --env qa

# wait until all instances are healthy
dce status --env prod --watch --timeout 5m

# with task ids, agents and sandboxes
dce status --env prod --verbose`,
		Args: noArgs,
		Annotations: map[string]string{
			seeKey:   "`dce history --env NAME`, `dce logs --env NAME`",
			exitsKey: "1 not all instances are healthy\n6 with --watch: not healthy within --timeout",
		},
	}
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runStatus(ctx, f)
	})
	f.define(a, cmd)
	fs := cmd.Flags()
	fs.BoolVar(&f.watch, "watch", false, "go on until all instances are healthy")
	durationVar(fs, &f.timeout, "timeout", 0, "with --watch: give up after `DURATION`")
	fs.BoolVar(&f.verbose, "verbose", false, "show the ids of instances and agents, and where the sandboxes are")
	fs.VarP(&f.output, "output", "o", "print as `table|json|yaml`")
	grouped(cmd, groupOutput, "watch", "verbose", "output")
	withoutEnv(fs.Lookup("watch"))
	return cmd
}

func (a *app) runStatus(ctx context.Context, f *statusFlags) error {
	s, err := a.site(ctx, f.there)
	if err != nil {
		return err
	}
	defer s.close()
	if f.watch {
		return a.watchStatus(ctx, s, f)
	}
	st, err := s.status(ctx)
	if err != nil {
		return err
	}
	if err := a.showStatus(ctx, s, st, f); err != nil {
		return err
	}
	if !st.Healthy {
		return exit(diag.ExitFailed)
	}
	return nil
}

// statusAnswer is what `dce status -o json` prints, and -o yaml.
type statusAnswer struct {
	SchemaVersion int                `json:"schema_version"`
	App           string             `json:"app"`
	Environment   string             `json:"environment"`
	Scheduler     string             `json:"scheduler"`
	URL           string             `json:"url"`
	Version       string             `json:"version"`
	Origin        cluster.Origin     `json:"origin"`
	Wanted        int                `json:"wanted"`
	Ready         int                `json:"ready"`
	Healthy       bool               `json:"healthy"`
	Deployments   []string           `json:"deployments,omitempty"`
	Instances     []cluster.Instance `json:"instances"`
	Waiting       *cluster.Waiting   `json:"waiting,omitempty"`
	LastFailure   *cluster.Failure   `json:"last_failure,omitempty"`
}

// status asks how the app stands.
func (s *site) status(ctx context.Context) (statusAnswer, error) {
	r, err := s.Current(ctx)
	if err != nil {
		return statusAnswer{}, err
	}
	if r == nil {
		return statusAnswer{}, s.missing()
	}
	o, err := s.Observe(ctx)
	return s.answer(*r, o), err
}

func (s *site) answer(r cluster.Release, o cluster.Observation) statusAnswer {
	st := statusAnswer{
		SchemaVersion: 1, App: s.ID, Environment: s.environment, Scheduler: "marathon", URL: s.Client.URL(), Version: r.Version,
		Origin: r.Origin, Wanted: o.Wanted, Ready: o.Ready(), Deployments: o.Deployments, Instances: o.Instances,
		Waiting: o.Waiting, LastFailure: o.Failure,
	}
	if st.Instances == nil {
		st.Instances = []cluster.Instance{}
	}
	st.Healthy = o.Healthy()
	return st
}

func (s *site) missing() error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE756", Summary: fmt.Sprintf("%s is not deployed on %s", s.ID, s.place()), Hint: "deploy it: dce deploy --env " + s.environment,
	})
}

func (a *app) showStatus(ctx context.Context, s *site, st statusAnswer, f *statusFlags) error {
	switch {
	case f.output.value != "table":
		return a.printValue(f.output.value, st)
	case a.common.quiet:
		for _, i := range st.Instances {
			fmt.Fprintln(a.ui().Out(), i.ID)
		}
		return nil
	}
	out := a.ui().Out()
	fmt.Fprintln(out, term.CleanText(fmt.Sprintf("%s on %s   version %s", st.App, s.place(), st.Version)))
	if by := originWords(st.Origin); by != "" {
		fmt.Fprintln(out, "deployed "+term.CleanText(by))
	}
	fmt.Fprintln(out, term.CleanText(stateWords(st)))
	a.ui().Table(instanceTable(st.Instances, f.verbose))
	if f.verbose {
		a.showSandboxes(ctx, s, st)
	}
	if l := st.LastFailure; l != nil {
		a.ui().Say("last failure, %s ago:", age(l.At))
		a.showFailure(ctx, s, *l)
	}
	return nil
}

func originWords(o cluster.Origin) string {
	var words []string
	if o.By != "" {
		words = append(words, "by "+o.By)
	}
	if !o.At.IsZero() {
		words = append(words, o.At.UTC().Format("2006-01-02 15:04:05 MST"))
	}
	if o.Message != "" {
		words = append(words, strconv.Quote(o.Message))
	}
	return strings.Join(words, ", ")
}

func stateWords(st statusAnswer) string {
	text := fmt.Sprintf("%d of %d ready", st.Ready, st.Wanted)
	switch {
	case st.Wanted == 0 && len(st.Instances) == 0:
		text = "stopped"
	case st.Healthy:
		text = "healthy: " + text
	}
	if len(st.Deployments) > 0 {
		text += "; deployment " + strings.Join(st.Deployments, ", ") + " goes on"
	}
	if st.Waiting != nil {
		text += fmt.Sprintf("; %d not launched: %s", st.Waiting.Count, st.Waiting.Why)
	}
	return text
}

func instanceTable(instances []cluster.Instance, verbose bool) term.Table {
	t := term.Table{Header: []string{"INSTANCE", "STATE", "AGE", "HOST", "PORTS"}}
	if verbose {
		t.Header = append(t.Header, "VERSION", "AGENT")
	}
	for _, i := range instances {
		var ports []string
		for _, p := range i.Ports {
			ports = append(ports, strconv.Itoa(p))
		}
		name := strings.TrimPrefix(cluster.Name(i.ID), "instance ")
		if verbose {
			name = i.ID
		}
		state := string(i.State)
		if i.Note != "" {
			state += " (" + i.Note + ")"
		}
		row := []string{name, state, age(i.Since), i.Host, cmp.Or(strings.Join(ports, ", "), "-")}
		if verbose {
			row = append(row, i.Version, i.Agent)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (a *app) showSandboxes(ctx context.Context, s *site, st statusAnswer) {
	for _, i := range st.Instances {
		where := "not known"
		if box, err := s.boxes.Find(ctx, i.Agent, i.ID); err == nil {
			where = box.Where()
		}
		a.ui().Say("sandbox of %s: %s", cluster.Name(i.ID), where)
	}
}

// watchStatus follows the app until all its instances are healthy.
func (a *app) watchStatus(ctx context.Context, s *site, f *statusFlags) error {
	r, err := s.Current(ctx)
	if err != nil {
		return err
	}
	if r == nil {
		return s.missing()
	}
	screen := a.follow(s)
	goal := cluster.Goal{Deployment: cluster.Deployment{Version: r.Version}, Wanted: r.Instances, Timeout: f.timeout}
	o := cluster.FollowOptions{Timeout: f.timeout, Show: screen.Show, Troubled: screen.Troubled}
	if f.output.value != "table" {
		o.Seen = func(o cluster.Observation) { a.streamValue(f.output.value, s.answer(*r, o)) }
		o.Show = nil
	}
	w := cluster.Follow(ctx, s, goal, o)
	screen.Close()
	switch w.End {
	case cluster.Reached:
		a.ui().Say("%s", healthyLine(s, *r, goal.Deployment))
		return nil
	case cluster.Interrupted:
		return context.Cause(ctx)
	default:
		return a.unhealthy(s, cluster.Result{Watch: w})
	}
}
