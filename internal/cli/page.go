package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// page is a command's help as data: `--help`, the man page and the reference
// page show the same.
type page struct {
	Name     string
	Path     string // "dce config show"
	Short    string
	Usage    string
	Long     string
	Examples string
	Commands []section
	Flags    []section
	Exits    []row
	See      string
}

// section is a titled list of a page.
type section struct {
	Title string
	Rows  []row
}

// row is a term and what it means.
type row struct{ Term, Text string }

// Annotations of a command that its page reads: the commands to see also, and
// exit codes that mean something special here, one "CODE meaning" a line.
const (
	seeKey   = "dce_see"
	exitsKey = "dce_exits"
)

func newPage(cmd *cobra.Command) page {
	return page{
		Name: cmd.Name(), Path: cmd.CommandPath(), Short: cmd.Short, Usage: usageLine(cmd),
		Long:     prose(cmd.Long),
		Examples: cmd.Example,
		Commands: commandSections(cmd),
		Flags:    flagSections(cmd),
		Exits:    exitRows(cmd),
		See:      cmd.Annotations[seeKey],
	}
}

func usageLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND [FLAGS]"
	}
	parent := ""
	if cmd.HasParent() {
		parent = cmd.Parent().CommandPath() + " "
	}
	return parent + cmd.Use + " [FLAGS]"
}

// prose joins the lines of each paragraph, so that it can be wrapped anew.
func prose(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		if !strings.HasPrefix(p, " ") {
			paragraphs[i] = strings.ReplaceAll(p, "\n", " ")
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

func commandSections(cmd *cobra.Command) []section {
	var sections []section
	titles := append(cmd.Groups(), &cobra.Group{Title: "Commands"})
	for _, g := range titles {
		s := section{Title: g.Title}
		for _, c := range cmd.Commands() {
			if (c.IsAvailableCommand() || c.Name() == "help") && c.GroupID == g.ID {
				s.Rows = append(s.Rows, row{c.Name(), c.Short})
			}
		}
		if len(s.Rows) > 0 {
			sections = append(sections, s)
		}
	}
	return sections
}

func flagSections(cmd *cobra.Command) []section {
	var sections []section
	for _, name := range groups() {
		s := section{Title: name + " flags"}
		visibleFlags(cmd.Flags(), func(f *pflag.Flag) {
			if groupOf(f) == name {
				s.Rows = append(s.Rows, flagRow(f))
			}
		})
		if len(s.Rows) > 0 {
			sections = append(sections, s)
		}
	}
	return sections
}

func flagRow(f *pflag.Flag) row {
	value, text := pflag.UnquoteUsage(f)
	if f.Name == "help" {
		text = "show this page"
	}
	head := "    --" + f.Name
	if f.Shorthand != "" {
		head = "-" + f.Shorthand + ", --" + f.Name
	}
	if value != "" && f.Value.Type() != "bool" {
		head += " " + value
	}
	if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" && d != "0s" && f.Name != "help" {
		text += " (default: " + d + ")"
	}
	return row{head, text}
}

func exitRows(cmd *cobra.Command) []row {
	var rows []row
	for line := range strings.Lines(cmd.Annotations[exitsKey]) {
		code, text, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok {
			rows = append(rows, row{code, text})
		}
	}
	return rows
}
