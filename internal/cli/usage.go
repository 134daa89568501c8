package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dce/internal/diag"
)

// usage is the error for a command line that cannot be understood.
func usage(code diag.Code, summary, hint string) error {
	return diag.Fail(diag.Diagnostic{Code: code, Summary: summary, Hint: hint})
}

// flagError makes a diagnostic of what pflag says.
func flagError(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := e.GetSpecifiedName()
		shown := "--" + name
		if e.GetSpecifiedShortnames() != "" {
			shown = "-" + name
		}
		return usage("DCE240", fmt.Sprintf("%s has no flag %s", cmd.CommandPath(), shown),
			didYouMean(shown, flagNames(cmd), seeHelp(cmd)))
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usage("DCE241", fmt.Sprintf("flag --%s needs a value", e.GetFlag().Name), seeHelp(cmd))
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usage("DCE241", fmt.Sprintf("flag --%s does not take %q: %v", e.GetFlag().Name, e.GetValue(), e.Unwrap()), seeHelp(cmd))
	}
	return usage("DCE241", err.Error(), seeHelp(cmd))
}

// unparsed reports whether an error is one of pflag's.
func unparsed(err error) bool {
	if err == nil {
		return false
	}
	_, unknown := errors.AsType[*pflag.NotExistError](err)
	_, missing := errors.AsType[*pflag.ValueRequiredError](err)
	_, invalid := errors.AsType[*pflag.InvalidValueError](err)
	_, syntax := errors.AsType[*pflag.InvalidSyntaxError](err)
	return unknown || missing || invalid || syntax
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	visibleFlags(cmd.Flags(), func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return names
}

func seeHelp(cmd *cobra.Command) string {
	return fmt.Sprintf("see `%s --help`", cmd.CommandPath())
}

// unknownCommand is the error for a word that is no command.
func unknownCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
			names = append(names, c.Aliases...)
		}
	}
	return usage("DCE242", fmt.Sprintf("%s has no command %q", cmd.CommandPath(), word),
		didYouMean(word, names, fmt.Sprintf("see `%s --help` for the commands", cmd.CommandPath())))
}

// parent is the body of a command that only holds others: it shows its help,
// and takes no other word.
func parent(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return cmd.Help()
}

// atMost checks the number of arguments; what says what they are.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		takes := "no arguments"
		if n > 0 {
			takes = fmt.Sprintf("at most %d argument: %s", n, what)
		}
		return usage("DCE243", fmt.Sprintf("%s takes %s; got %q as well", cmd.CommandPath(), takes, args[n]), seeHelp(cmd))
	}
}

// noArgs is for commands that take flags only.
func noArgs(cmd *cobra.Command, args []string) error { return atMost(0, "")(cmd, args) }

// oneOf is for commands that take exactly one of a few words.
func oneOf(what string, words []string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("DCE243", fmt.Sprintf("%s needs %s", cmd.CommandPath(), what), "one of: "+strings.Join(words, ", "))
		}
		if !slices.Contains(words, args[0]) {
			return usage("DCE243", fmt.Sprintf("%q is not %s", args[0], what),
				didYouMean(args[0], words, "one of: "+strings.Join(words, ", ")))
		}
		return atMost(1, what)(cmd, args)
	}
}

// exclusive refuses flags that contradict each other.
func exclusive(cmd *cobra.Command, names ...string) error {
	var given []string
	for _, n := range names {
		if f := cmd.Flags().Lookup(n); f != nil && f.Changed {
			given = append(given, "--"+n)
		}
	}
	if len(given) < 2 {
		return nil
	}
	return usage("DCE245", strings.Join(given, " and ")+" exclude each other", "give one of them; "+seeHelp(cmd))
}
