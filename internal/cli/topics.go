package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/term"
)

// topic is a page of help that belongs to no single command.
type topic struct{ name, title, text string }

func (a *app) topics() []topic {
	return []topic{
		{"environment", "the environment variables that dce reads", environmentText()},
		{"exit-codes", "what each exit code means", "Every command ends with one of these.\n\n" + strings.TrimRight(definitions(exitCodes()), "\n") +
			"\n\n`dce up --exit-code-from SERVICE` ends with that service's own code."},
		{"config", "where settings come from and which place wins", configText()},
		{"output", "what goes where, colours, progress, JSON", outputText()},
		{"rules", "how a compose file is rewritten into a pod", rulesText()},
	}
}

func topicNames(all []topic) []string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.name
	}
	return names
}

func environmentText() string {
	rows := []row{
		{"DCE_<FLAG>", "every flag that is not given, by its long name: DCE_PROJECT_NAME=shop is --project-name shop. Flags that choose what a single call prints (--diff, --explain, --services and the like) are left out. Repeated flags take a list: files separated as in PATH, the rest by commas."},
	}
	for _, f := range project.Fields() {
		if f.Env != "" {
			rows = append(rows, row{f.Env, "the key " + f.Path + " of dce.yaml"})
		}
	}
	rows = append(rows,
		row{"DCE_HOOK, DCE_HOOK_ENVIRONMENT, DCE_HOOK_APP", "set for the commands below hooks of dce.yaml: which of pre_deploy, post_deploy and deploy_failed they are run as, and what is deployed"},
		row{"DCE_EXTERNAL_DIFF", "a program, with its first arguments, that `dce diff --env` runs with two files, what runs and what is wanted, in place of showing the plan; it may exit with 1 where they differ"},
		row{"DCE_LEASE_DIR", "directory of the lock files by which a pod's keeper is told alive (default: /run/dce for root, else $XDG_RUNTIME_DIR/dce)"},
		row{"COMPOSE_FILE, COMPOSE_PATH_SEPARATOR, COMPOSE_PROJECT_NAME, COMPOSE_PROFILES, COMPOSE_ENV_FILES", "as Docker Compose reads them; the DCE_ ones win"},
		row{"DOCKER_HOST", "the engine that --local commands use"},
		row{"NO_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM", "whether to use colour: --color wins, then a NO_COLOR that is not empty, then CLICOLOR_FORCE, then CLICOLOR=0, then TERM=dumb; else colour is for terminals"},
		row{"CI", "set: progress is plain and nothing is asked"},
		row{"GITHUB_ACTIONS", "true: problems are annotated in the review, too"},
		row{"XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR", "where personal settings, local pods and lock files are kept"},
		row{"LC_ALL, LC_CTYPE, LANG", "one that names another character set than UTF-8 makes the output ASCII"},
	)
	return "Variables that dce reads. An executor reads none of the DCE_ ones: on an agent the environment is the job's.\n\n" + strings.TrimRight(definitions(rows), "\n")
}

func configText() string {
	return `Settings on a person's machine, weakest first:

  1. the defaults
  2. /etc/dce/dce.yaml
  3. $XDG_CONFIG_HOME/dce/config.yaml, your own
  4. dce.yaml beside the compose files
  5. x-dce in the compose files
  6. the part of these files under environments.NAME, with --env NAME
  7. DCE_* variables
  8. flags

In an executor the operator has the last word: the defaults, then the job, then /etc/dce/dce.yaml.

All files have one format and are read strictly: an unknown key is an error. ` + "`dce config show --origin`" + ` shows each setting in effect and where it comes from, ` + "`dce explain FIELD`" + ` what it does, ` + "`dce schema`" + ` prints the JSON Schema.`
}

func outputText() string {
	return `stdout carries the answer and nothing else; progress, hints, problems and logs go to stderr. So a pipe always works:

  dce render | docker compose -f - config

Lists are tables; in a pipe they lose colour and are never cut. -o json prints one object, schema_version first. -q prints the answer and errors only.

A problem has a code in brackets, a position file:line:column, the line itself, and a hint with the next thing to do; ` + "`dce explain CODE`" + ` tells more. With -o json or --progress json problems are JSON lines on stderr (` + "`dce schema diagnostics`" + `).

Progress is redrawn in place on a terminal (--progress tty), a line per change elsewhere and in CI (plain), JSON lines (json), or nothing (quiet, -q). Work under 300 ms shows none.

Colour is for terminals, see ` + "`dce help environment`" + `; it is never the only sign of anything.`
}

func rulesText() string {
	rules := render.Rules()
	rows := make([]row, len(rules))
	for i, r := range rules {
		rows[i] = row{r.Name, r.Why}
	}
	return "The rules that make a pod of the merged compose files, in the order in which they run. `dce render --explain` shows which rule wrote which line.\n\n" +
		strings.TrimRight(definitions(rows), "\n")
}

// helpCommand shows the page of a command or of a topic.
func (a *app) helpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "help [COMMAND|TOPIC]",
		GroupID: jobOther,
		Short:   "Show help for a command or a topic",
		Long: `Shows what --help after the command shows, or a topic: environment,
exit-codes, config, output, rules.`,
		Example: `# the page of a command
dce help render

# where settings come from
dce help config

# what exit code 3 means
dce help exit-codes`,
		Annotations: map[string]string{seeKey: "`dce explain`"},
	}
	cmd.ValidArgsFunction = func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := topicNames(a.topics())
		for _, sub := range c.Root().Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, sub.Name())
			}
		}
		return matching(names, typed), cobra.ShellCompDirectiveNoFileComp
	}
	cmd.RunE = func(c *cobra.Command, args []string) error { return a.showHelp(c.Root(), args) }
	return cmd
}

func (a *app) showHelp(root *cobra.Command, args []string) error {
	if len(args) == 1 {
		for _, t := range a.topics() {
			if t.name == args[0] {
				out := a.ui().Out()
				fmt.Fprintf(out, "%s\n\n%s\n", out.Paint(term.Bold, t.title), term.Wrap(t.text, helpWidth))
				return nil
			}
		}
	}
	cmd := root
	for _, word := range args {
		next := subcommand(cmd, word)
		if next == nil {
			return unknownCommand(cmd, word)
		}
		cmd = next
	}
	return cmd.Help()
}

func subcommand(cmd *cobra.Command, word string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == word || c.HasAlias(word) {
			return c
		}
	}
	return nil
}
