package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"

	"dce/internal/cluster"
	"dce/internal/cluster/marathon"
	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/registry"
	"dce/internal/render"
	"dce/internal/ship"
	"dce/internal/term"
)

// shipFlags say what is deployed, beside what the files say.
type shipFlags struct {
	replicas int
	images   []string
	set      []string
	message  string
	lock     bool
}

// change is a shipment, what runs, and the difference.
type change struct {
	*site

	shipment *ship.Shipment
	running  *cluster.Release
	wanted   cluster.Release
	plan     cluster.Plan
	hooks    hooks
	// command carries the plan out, and nothing else.
	command string
	// secrets says that values are shown, too, of settings that look secret.
	secrets bool
}

// change prepares a deploy: files, app, and the plan against what runs. Nothing
// is sent but questions.
func (a *app) change(ctx context.Context, t there, f shipFlags) (*change, error) {
	o, err := f.options(ctx, a, t)
	if err != nil {
		return nil, err
	}
	shipment, err := ship.Prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	s, err := a.connect(ctx, t.environment, shipment.Project)
	if err != nil {
		return nil, err
	}
	s.Explain = explainer(shipment)
	c := &change{site: s, shipment: shipment, hooks: hooksOf(shipment.Project)}
	if err := c.compare(ctx, a.deployer(), f.message); err != nil {
		s.close()
		return nil, err
	}
	c.command = f.command(t.environment, c.plan.Version)
	return c, nil
}

// command deploys what the flags say over that version, empty for none. A value
// that looks secret is left to be typed again.
func (f shipFlags) command(environment, over string) string {
	words := []string{"dce", "deploy", "--env", environment}
	if f.replicas >= 0 {
		words = append(words, "--replicas", strconv.Itoa(f.replicas))
	}
	for _, pair := range f.images {
		words = append(words, "--image", pair)
	}
	for _, pair := range f.set {
		if key, _, _ := strings.Cut(pair, "="); render.LooksSecret(key) {
			pair = key + "=..."
		}
		words = append(words, "--set", pair)
	}
	if f.lock {
		words = append(words, "--"+lockFlag)
	}
	if over != "" {
		words = append(words, "--if-version", over)
	}
	return shellquote.Join(words...)
}

func (f shipFlags) options(ctx context.Context, a *app, t there) (ship.Options, error) {
	o := ship.Options{Project: a.projectOptions(), Version: a.env.Version, Registry: registry.Client{}, Lock: f.lock}
	o.Project.Environment = t.environment
	if f.replicas >= 0 {
		o.Instances = &f.replicas
	}
	var err error
	if o.Project.Images, err = imagePairs(f.images); err != nil {
		return o, err
	}
	if err := a.checkSet(ctx, t, f.set); err != nil {
		return o, err
	}
	// The environment is stronger than the values of dce.yaml, and travels as they
	// do.
	o.Project.Environ = slices.Concat(o.Project.Environ, f.set)
	return o, nil
}

func imagePairs(pairs []string) (map[string]string, error) {
	images := map[string]string{}
	for _, p := range pairs {
		service, ref, ok := strings.Cut(p, "=")
		if !ok || service == "" || ref == "" {
			return nil, usage("DCE241", fmt.Sprintf("flag --image does not take %q", p), "write --image SERVICE=REFERENCE")
		}
		images[service] = ref
	}
	return images, nil
}

// checkSet holds --set KEY=VALUE to the values that the environment declares: a
// mistyped one would change nothing, without a word.
func (a *app) checkSet(ctx context.Context, t there, pairs []string) error {
	if len(pairs) == 0 {
		return nil
	}
	o := a.projectOptions()
	o.Environment, o.Deploy = t.environment, true
	p, err := project.Load(ctx, o)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		key, _, ok := strings.Cut(pair, "=")
		if !ok {
			return usage("DCE241", fmt.Sprintf("flag --set does not take %q", pair), "write --set KEY=VALUE")
		}
		if _, declared := p.Config.Values[key]; !declared {
			return usage("DCE765", fmt.Sprintf("--set %s: the environment %s declares no such value", key, t.environment),
				didYouMean(key, slices.Sorted(maps.Keys(p.Config.Values)), "declare it below values of the environment in dce.yaml"))
		}
	}
	return nil
}

// explainer maps what Marathon says of an app back to where it comes from.
func explainer(s *ship.Shipment) func(*marathon.Error) error {
	return func(e *marathon.Error) error {
		var list diag.List
		for _, d := range e.Details {
			list = append(list, diag.Diagnostic{
				Code: "DCE753", Summary: fmt.Sprintf("marathon refuses %s of the app: %s", strings.Trim(d.Path, "/"), strings.Join(d.Errors, ", ")),
				Pos: s.Locate(d.Path), Hint: "nothing was changed; correct it and deploy again", Cause: e,
			})
		}
		if len(list) == 0 {
			return marathon.Problem(e.From, e)
		}
		return list.Err()
	}
}

// compare makes the plan.
func (c *change) compare(ctx context.Context, by, message string) error {
	definition, err := json.Marshal(c.shipment.App)
	if err != nil {
		return fmt.Errorf("encoding the app: %w", err)
	}
	wanted, err := marathon.ReadRelease(definition)
	if err != nil {
		return err
	}
	if c.running, err = c.Current(ctx); err != nil {
		return err
	}
	c.wanted = *wanted
	c.wanted.Origin = cluster.Origin{By: by, At: time.Now(), Message: message, Digest: c.shipment.Bundle.Digest, Images: wanted.Origin.Images}
	if c.wanted.Services, err = c.shipment.Services(); err != nil {
		return err
	}
	if c.running != nil {
		marathon.WithoutChosen(c.running, &c.wanted)
		c.services(ctx)
	}
	c.plan = cluster.Compare(c.running, c.wanted)
	if c.plan.OnlyScales() { // instances that run stay: not even who deployed them changes
		instances := c.wanted.Instances
		c.wanted = *c.running
		c.wanted.Instances = instances
	}
	return nil
}

// services finds the services of what runs. They are those of the new release
// where the bundle is the same; else both are read from their bundles, so that
// what only the deployer's machine knows is no difference. One whose bundle is
// elsewhere, or that this dce cannot read, leaves the images.
func (c *change) services(ctx context.Context) {
	if c.running.Origin.Digest == c.wanted.Origin.Digest {
		c.running.Services = c.wanted.Services
		return
	}
	was, is := servicesOf(ctx, *c.running), servicesOf(ctx, c.wanted)
	if was == nil || is == nil {
		c.running.Services = imagesOnly(c.running.Origin.Images, c.wanted.Services)
		return
	}
	c.running.Services, c.wanted.Services = was, is
}

// servicesOf are the services of a release whose bundle travels in it, nil for
// another.
func servicesOf(ctx context.Context, r cluster.Release) map[string]map[string]string {
	var app marathon.App
	if json.Unmarshal(r.Definition, &app) != nil {
		return nil
	}
	services, err := ship.ServicesOf(ctx, app)
	if err != nil {
		return nil
	}
	return services
}

// imagesOnly takes what else is known of a service from the new release, so that
// only its image can differ.
func imagesOnly(images map[string]string, like map[string]map[string]string) map[string]map[string]string {
	services := map[string]map[string]string{}
	for name, image := range images {
		flat := map[string]string{}
		maps.Copy(flat, like[name])
		flat["image"] = image
		services[name] = flat
	}
	return services
}

// deployer is who deploys, for the history: what CI says, or the user.
func (a *app) deployer() string {
	for _, key := range []string{"GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID"} {
		if v := a.getenv(key); v != "" {
			return v
		}
	}
	name := a.getenv("USER")
	if u, err := user.Current(); name == "" && err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// planAnswer is what `dce diff -o json` and `dce deploy --dry-run -o json`
// print.
type planAnswer struct {
	SchemaVersion int    `json:"schema_version"`
	App           string `json:"app"`
	Environment   string `json:"environment"`
	Scheduler     string `json:"scheduler"`
	URL           string `json:"url"`
	Changes       bool   `json:"changes"`
	Digest        string `json:"digest"`
	// Hooks are the commands that a deploy runs, by when it does.
	Hooks map[string][]string `json:"hooks,omitempty"`
	cluster.Plan
}

func (c *change) answer() planAnswer {
	return planAnswer{
		SchemaVersion: 1, App: c.ID, Environment: c.environment, Scheduler: "marathon", URL: c.Client.URL(),
		Changes: !c.plan.Empty(), Digest: c.wanted.Origin.Digest, Hooks: c.hooks.byMoment(), Plan: c.shown(),
	}
}

// shown is the plan as it is shown: a value that nobody has called secret, but
// that looks like one, stays out of terminals and the logs of CI.
func (c *change) shown() cluster.Plan {
	if c.secrets {
		return c.plan
	}
	return c.plan.Hidden(holdsSecret)
}

// texts are what runs and what is wanted, as they are shown.
func (c *change) texts() (running, wanted string) {
	was, is := c.running, c.wanted
	if !c.secrets {
		was, is = cluster.HideBetween(was, is, holdsSecret)
	}
	return was.Text(), is.Text()
}

// holdsSecret says that the value of a setting of an app or a service looks
// secret. "env.NAME.secret" is only what Marathon calls a secret.
func holdsSecret(setting string) bool {
	for _, prefix := range []string{"env.", "environment.", "labels.", "build.args."} {
		if key, ok := strings.CutPrefix(setting, prefix); ok {
			return render.LooksSecret(key) && !strings.HasSuffix(key, ".secret")
		}
	}
	return false
}

// printPlan writes a plan for a person.
func (a *app) printPlan(w *term.Stream, c *change) {
	head := c.ID + " on " + c.place()
	if c.plan.Version != "" {
		head += "   version " + c.plan.Version
	} else {
		head += "   (new)"
	}
	fmt.Fprintln(w, term.CleanText(head))
	for _, line := range c.shown().Lines() {
		fmt.Fprintln(w, "  "+paintChange(w, term.CleanText(line)))
	}
	for i, step := range c.plan.Steps {
		fmt.Fprintln(w, term.CleanText(fmt.Sprintf("  step %d: %s", i+1, step)))
	}
	for _, line := range c.hooks.lines() {
		fmt.Fprintln(w, "  "+term.CleanText(line))
	}
	fmt.Fprintln(w, c.plan.Summary())
}

// paintChange colours a line of a plan by its mark.
func paintChange(w *term.Stream, line string) string {
	paints := map[byte]term.Paint{'+': term.Green, '-': term.Red, '~': term.Yellow}
	if line == "" {
		return line
	}
	if paint, ok := paints[line[0]]; ok {
		return w.Paint(paint, line)
	}
	return line
}
