package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"dce/internal/project"
	"dce/internal/term"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		GroupID: jobCheck,
		Short:   "Show and check the settings in effect",
		Long: `Settings come from several files, from the environment and from flags, each
stronger than the one before. These commands show what is in effect and why.`,
		Example: `# every setting and where it comes from
dce config show --origin

# the settings of one environment
dce config show --env prod`,
		Args: cobra.ArbitraryArgs,
		RunE: parent,
		Annotations: map[string]string{
			seeKey: "`dce help config` for the order of the places, `dce explain FIELD` for one key",
		},
	}
	cmd.AddCommand(a.configShowCommand(), a.configValidateCommand(), a.configPathCommand())
	return cmd
}

type configShowFlags struct {
	place

	output choice
	origin bool
}

func (a *app) configShowCommand() *cobra.Command {
	f := &configShowFlags{output: choice{value: "yaml", allowed: []string{"yaml", "json"}}}
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the settings in effect",
		Long: `Prints every setting that has a value, merged from all places. --origin adds
where each value comes from: a file and line, a variable, a flag or the default.`,
		Example: `# settle an argument about where a value comes from
dce config show --origin

# for a script
dce config show --env prod -o json`,
		Args:        noArgs,
		Annotations: map[string]string{exitsKey: "3 dce.yaml or another file of settings is invalid"},
	}
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		p, err := a.loadConfig(ctx, f.place)
		if err != nil {
			return err
		}
		return a.printConfig(*f, p.Config.Shown())
	})
	a.placeFlags(cmd, &f.place)
	cmd.Flags().BoolVar(&f.origin, "origin", false, "show where each value comes from")
	cmd.Flags().VarP(&f.output, "output", "o", "how to print it")
	grouped(cmd, groupWhat, "origin")
	grouped(cmd, groupOutput, "output")
	return cmd
}

// loadConfig reads the settings of the project that the flags mean.
func (a *app) loadConfig(ctx context.Context, at place) (*project.Project, error) {
	o := a.projectOptions()
	o.Environment = at.environment
	return project.Load(ctx, o)
}

// settingRecord is one setting in JSON output.
type settingRecord struct {
	Path   string      `json:"path"`
	Value  any         `json:"value"`
	Origin string      `json:"origin,omitempty"`
	Pos    *term.Place `json:"pos,omitempty"`
}

func (a *app) printConfig(f configShowFlags, settings []project.Setting) error {
	if f.output.value == "json" {
		return a.printConfigJSON(f, settings)
	}
	widest := 0
	lines := make([]string, len(settings))
	for i, s := range settings {
		value, err := flow(s.Value)
		if err != nil {
			return err
		}
		lines[i] = s.Path + ": " + value
		widest = max(widest, len(lines[i]))
	}
	out := a.ui().Out()
	for i, s := range settings {
		if !f.origin {
			fmt.Fprintln(out, lines[i])
			continue
		}
		fmt.Fprintln(out, lines[i]+strings.Repeat(" ", widest-len(lines[i])+1)+out.Paint(term.Faint, "# "+a.origin(s.Origin)))
	}
	return nil
}

func (a *app) printConfigJSON(f configShowFlags, settings []project.Setting) error {
	records := make([]settingRecord, len(settings))
	for i, s := range settings {
		records[i] = settingRecord{Path: s.Path, Value: s.Value}
		if f.origin {
			records[i].Origin = string(s.Origin.Kind)
			if s.Origin.Name != "" {
				records[i].Origin += " " + s.Origin.Name
			}
		}
		if p := s.Origin.Pos; f.origin && !p.IsZero() {
			records[i].Pos = &term.Place{File: p.File, Line: p.Line, Column: p.Column}
		}
	}
	return a.ui().JSON(struct {
		SchemaVersion int             `json:"schema_version"`
		Settings      []settingRecord `json:"settings"`
	}{1, records})
}

// flow is a value on one line, as dce.yaml would take it.
func flow(v any) (string, error) {
	var n yaml.Node
	if err := n.Encode(v); err != nil {
		return "", fmt.Errorf("printing a setting: %w", err)
	}
	n.Style |= yaml.FlowStyle
	out, err := yaml.Marshal(&n)
	if err != nil {
		return "", fmt.Errorf("printing a setting: %w", err)
	}
	return strings.Join(strings.Fields(string(out)), " "), nil
}

// origin is where a setting comes from, with files relative to where the
// command works.
func (a *app) origin(o project.Origin) string {
	if o.Kind == project.OriginFile {
		o.Pos.File = a.relative(o.Pos.File)
	}
	return term.Clean(o.String())
}

func (a *app) relative(name string) string {
	if rel, err := filepath.Rel(a.start, name); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return name
}

func (a *app) configValidateCommand() *cobra.Command {
	at := &place{}
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the files of settings",
		Long: `Reads every file of settings and, with them, the compose files, and shows
every problem with its place. Nothing is printed when all is well.`,
		Example: `# before a commit
dce config validate

# the settings of one environment
dce config validate --env prod`,
		Args:        noArgs,
		Annotations: map[string]string{exitsKey: "3 a file of settings or a compose file is invalid; all problems are shown"},
	}
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		p, err := a.loadConfig(ctx, *at)
		if err != nil {
			return err
		}
		a.ui().Warn(p.Warnings)
		return nil
	})
	a.placeFlags(cmd, at)
	return cmd
}

func (a *app) configPathCommand() *cobra.Command {
	at := &place{}
	cmd := &cobra.Command{
		Use:   "path",
		Short: "List the files of settings that were read",
		Long: `Lists dce.yaml and every other file that a setting in effect comes from, and
the compose files, one per line, weakest first.`,
		Example: `# which files make this pod?
dce config path

# and which make production's?
dce config path --env prod`,
		Args: noArgs,
	}
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		p, err := a.loadConfig(ctx, *at)
		if err != nil {
			return err
		}
		return a.printLines(configFiles(p))
	})
	a.placeFlags(cmd, at)
	return cmd
}

func configFiles(p *project.Project) []string {
	var files []string
	seen := map[string]bool{"": true}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			files = append(files, name)
		}
	}
	for _, s := range p.Config.Origins() {
		if s.Origin.Kind == project.OriginFile && s.Origin.Pos.File != p.Config.Path {
			add(s.Origin.Pos.File)
		}
	}
	add(p.Config.Path)
	for _, f := range p.Files {
		add(f)
	}
	return files
}
