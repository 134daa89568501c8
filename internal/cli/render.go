package cli

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"dce/internal/project"
	"dce/internal/registry"
	"dce/internal/render"
	"dce/internal/ship"
)

// renderFlags are what `dce render` takes.
type renderFlags struct {
	place

	output        choice
	outDir        string
	diff          bool
	explain       bool
	services      bool
	images        bool
	ports         bool
	volumes       bool
	hash          bool
	noInterpolate bool
	lock          bool
}

func (a *app) renderCommand() *cobra.Command {
	f := &renderFlags{output: choice{value: "yaml", allowed: []string{"yaml", "json"}}}
	cmd := &cobra.Command{
		Use:     "render [SERVICE...]",
		GroupID: jobDevelop,
		Short:   "Show the compose file of the pod that an agent would run",
		Long: `Loads and merges the compose files and rewrites them into the pod, exactly as
an agent does. Nothing is contacted and nothing is started, but for registries
with --lock-image-digests; facts that only a task has are given by --task, or are
recognisable examples.`,
		Example: `# the pod of the production environment
dce render --env prod

# what the rewriting changed, and which rule did it
dce render --diff
dce render --explain

# exactly what an agent did, from the sandbox of the task
dce render --task dce-task.json

# check the files only: no output and exit code 3 if something is wrong
dce render -q`,
		ValidArgsFunction: a.completeServices,
		Annotations: map[string]string{
			seeKey:   "`dce explain` for a rule or a code, `dce up --local` to run the pod",
			exitsKey: "3 a compose file or dce.yaml is invalid; all problems are shown",
		},
	}
	cmd.RunE = a.until(func(ctx context.Context, args []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		return a.runRender(ctx, *f, args)
	})
	f.define(a, cmd)
	return cmd
}

func (f *renderFlags) define(a *app, cmd *cobra.Command) {
	fs := cmd.Flags()
	a.placeFlags(cmd, &f.place)
	localFlag(cmd, &f.place)
	taskFlag(cmd, &f.place)
	fs.VarP(&f.output, "output", "o", "how to print it")
	fs.StringVar(&f.outDir, "out-dir", "", "write the rendered file and provenance.json into `DIR`")
	fs.BoolVar(&f.diff, "diff", false, "show the rewriting as a unified diff against the merged input")
	fs.BoolVar(&f.explain, "explain", false, "end each rewritten line with the rule that rewrote it and why")
	fs.BoolVar(&f.services, "services", false, "print the names of the services, one per line")
	fs.BoolVar(&f.images, "images", false, "print the images, one per line")
	fs.BoolVar(&f.ports, "ports", false, "print the port map, one published port per line")
	fs.BoolVar(&f.volumes, "volumes", false, "print the names of the volumes, one per line")
	fs.BoolVar(&f.hash, "hash", false, "print each service and the hash of its configuration")
	fs.BoolVar(&f.noInterpolate, "no-interpolate", false, "leave ${...} as it stands")
	fs.BoolVar(&f.lock, lockFlag, false, "give every image the digest that its tag stands for now; registries are asked")
	grouped(cmd, groupWhat, lockFlag, "diff", "explain", "services", "images", "ports", "volumes", "hash")
	grouped(cmd, groupHow, "no-interpolate")
	grouped(cmd, groupOutput, "output", "out-dir")
	for _, name := range []string{"diff", "explain", "services", "images", "ports", "volumes", "hash"} {
		withoutEnv(fs.Lookup(name))
	}
}

func (f *renderFlags) check(cmd *cobra.Command) error {
	if err := exclusive(cmd, "diff", "explain", "services", "images", "ports", "volumes", "hash", "out-dir"); err != nil {
		return err
	}
	if err := exclusive(cmd, "local", "task"); err != nil {
		return err
	}
	if f.diff || f.explain {
		return exclusiveValue(cmd, "output", "json", "diff", "explain")
	}
	return nil
}

func (a *app) runRender(ctx context.Context, f renderFlags, services []string) error {
	// A rendering is over before garbage matters: collecting less often takes a
	// quarter off 300 services (1138 to 844 ms) for some MiB more.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	o := a.projectOptions()
	o.Services, o.NoInterpolate = services, f.noInterpolate
	p, err := a.load(ctx, f.place, o)
	if err != nil {
		return err
	}
	defer p.close()
	if f.lock {
		locked, err := a.locked(ctx, f.place, o, p)
		if err != nil {
			return err
		}
		defer locked.close()
		p = locked
	}
	r, err := a.render(p)
	if err != nil || a.common.quiet && !f.lists() && f.outDir == "" {
		return err
	}
	return a.printRendered(f, p, r)
}

// locked is the pod with the images that registries have now, by digest.
func (a *app) locked(ctx context.Context, at place, o project.Options, p *pod) (*pod, error) {
	references := map[string]string{}
	for name, s := range p.project.Compose.Services {
		if s.Image != "" {
			references[name] = s.Image
		}
	}
	var err error
	if o.Images, err = ship.Lock(ctx, registry.Client{}, references, p.project.Locate); err != nil {
		return nil, err
	}
	return a.load(ctx, at, o)
}

func (f *renderFlags) lists() bool {
	return f.services || f.images || f.ports || f.volumes || f.hash || f.diff || f.explain
}

func (a *app) printRendered(f renderFlags, p *pod, r render.Result) error {
	switch {
	case f.services:
		return a.printLines(r.Project.ServiceNames())
	case f.images:
		return a.printLines(images(r))
	case f.volumes:
		return a.printLines(r.Project.VolumeNames())
	case f.ports:
		return a.printPorts(f, r)
	case f.hash:
		return a.printLines(hashes(r))
	case f.diff:
		return a.printDiff(p, r)
	case f.outDir != "":
		return a.writeRendered(f.outDir, p, r)
	case f.output.value == "json":
		return a.printBytes(r.JSON())
	case f.explain:
		return a.printExplained(p, r)
	default:
		return a.printYAML(p, r)
	}
}

func (a *app) printYAML(p *pod, r render.Result) error {
	out, err := r.YAML()
	return a.printBytes(append(header(p), out...), err)
}

// header says what of the file below was made up.
func header(p *pod) []byte {
	if !p.example {
		return nil
	}
	if p.local {
		return []byte("# Rendered as dce up --local runs it where all ports are free and the pod may\n# have a cgroup of its own. The machine was not asked.\n")
	}
	if p.taskFile != "" {
		return []byte("# Rendered from a TaskInfo alone: sandbox and cgroup are examples, and host ports\n# where it offers none.\n")
	}
	return []byte(`# Rendered without a task: ids, host ports, sandbox and cgroup are examples.
# An agent fills in its own; dce render --task FILE shows a real task's pod.
`)
}

func (a *app) printBytes(out []byte, err error) error {
	if err != nil {
		return err
	}
	if _, err := a.ui().Out().Write(out); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

func (a *app) printLines(lines []string) error {
	for _, l := range lines {
		fmt.Fprintln(a.ui().Out(), l)
	}
	return nil
}

// images are those of the services, each once.
func images(r render.Result) []string {
	var all []string
	for _, s := range r.Project.Services {
		if s.Image != "" {
			all = append(all, s.Image)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func hashes(r render.Result) []string {
	all := render.ServiceHashes(r.Project)
	lines := make([]string, 0, len(all))
	for _, name := range r.Project.ServiceNames() {
		lines = append(lines, name+" "+all[name])
	}
	return lines
}

func (a *app) printPorts(f renderFlags, r render.Result) error {
	if f.output.value == "json" {
		return a.ui().JSON(r.Ports)
	}
	for _, m := range r.Ports {
		fmt.Fprintln(a.ui().Out(), portLine(m))
	}
	return nil
}

// portLine is one line of the port map: service, container port, host port.
func portLine(m render.PortMapping) string {
	line := fmt.Sprintf("%s %d/%s -> ", m.Service, m.ContainerPort, m.Protocol)
	if m.HostIP != "" {
		line += m.HostIP + ":"
	}
	line += fmt.Sprint(m.HostPort)
	if m.Name != "" {
		line += " (" + m.Name + ")"
	}
	return line
}
