package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// common are the flags that every command takes.
type common struct {
	directory   string
	files       []string
	projectName string
	profiles    []string
	envFiles    []string
	config      string
	progress    choice
	color       choice
	quiet       bool
	debug       bool
	noInput     bool
}

// commonFlags are the flags everywhere. They are made once and their values
// shared by every command, so that they count before and after the command's
// name.
func (a *app) commonFlags() *pflag.FlagSet {
	c := &a.common
	c.progress = choice{value: "auto", allowed: []string{"auto", "tty", "plain", "json", "quiet"}}
	c.color = choice{value: "auto", allowed: []string{"auto", "always", "never"}}
	fs := pflag.NewFlagSet("common", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.StringVarP(&c.directory, "directory", "C", "", "work in `DIR` instead of the current directory")
	fs.StringArrayVarP(&c.files, "file", "f", nil, "read this compose `FILE` instead of the ones found; repeatable")
	fs.StringVarP(&c.projectName, "project-name", "p", "", "call the compose project `NAME`")
	fs.StringArrayVar(&c.profiles, "profile", nil, "also take the services of this profile (`NAME`); repeatable")
	fs.StringArrayVar(&c.envFiles, "env-file", nil, "read variables from `FILE` instead of .env; repeatable")
	fs.StringVarP(&c.config, "config", "c", "", "read `FILE` instead of the dce.yaml beside the compose files")
	fs.Var(&c.progress, "progress", "how to show progress")
	fs.Var(&c.color, "color", "when to use colour")
	fs.BoolVarP(&c.quiet, "quiet", "q", false, "print the answer and errors only")
	fs.BoolVarP(&c.debug, "debug", "D", false, "show the causes behind each problem")
	fs.BoolVar(&c.noInput, "no-input", false, "never ask; implied without a terminal and with CI set")
	fs.VisitAll(func(f *pflag.Flag) { group(f, groupEverywhere) })
	return fs
}

// share gives the common flags to a command. A flag whose short name the
// command uses for something else (logs -f) keeps its long name only.
func share(cmd *cobra.Command, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		own := *f
		if cmd.Flags().Lookup(f.Name) != nil {
			return
		}
		if f.Shorthand != "" && cmd.Flags().ShorthandLookup(f.Shorthand) != nil {
			own.Shorthand = ""
		}
		cmd.Flags().AddFlag(&own)
	})
}

// The groups of flags in a command's help, in order.
const (
	groupPlace      = "Place"
	groupWhat       = "What"
	groupHow        = "How"
	groupOutput     = "Output"
	groupEverywhere = "Everywhere"
)

func groups() []string {
	return []string{groupPlace, groupWhat, groupHow, groupOutput, groupEverywhere}
}

const groupKey = "dce_group"

func group(f *pflag.Flag, name string) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[groupKey] = []string{name}
}

// grouped puts flags of a command into a group of its help.
func grouped(cmd *cobra.Command, name string, flags ...string) {
	for _, n := range flags {
		group(cmd.Flags().Lookup(n), name)
	}
}

func groupOf(f *pflag.Flag) string {
	if g := f.Annotations[groupKey]; len(g) > 0 {
		return g[0]
	}
	if f.Name == "help" {
		return groupEverywhere
	}
	return groupHow
}

// choice is a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
}

// String is the chosen word.
func (c *choice) String() string { return c.value }

// Type names the flag's kind for its usage line.
func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

// Set takes one of the words.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = s
	return nil
}

// visibleFlags calls do for each flag that help shows.
func visibleFlags(fs *pflag.FlagSet, do func(*pflag.Flag)) {
	fs.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			do(f)
		}
	})
}
