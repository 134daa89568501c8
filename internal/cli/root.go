package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The jobs by which root help groups the commands.
const (
	jobDevelop = "develop"
	jobDeploy  = "deploy"
	jobCheck   = "check"
	jobAgents  = "agents"
	jobOther   = "other"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "dce",
		Short: "Run pods of Docker Compose containers on Apache Mesos, and here",
		Long: `A pod is a few containers, described by Docker Compose files, that are
scheduled, started, watched and stopped as one. dce shows the pod that an agent
would run, runs that same pod on this machine, and is the executor that runs it
on the agents.`,
		Args:              cobra.ArbitraryArgs,
		TraverseChildren:  true,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: a.prepare,
		Example: `# see the pod that an agent would run
dce render

# check the files only
dce validate

# find out what a problem means
dce explain DCE240`,
		Annotations: map[string]string{seeKey: "`dce help TOPIC`: environment, exit-codes, config, output, rules"},
	}
	version := root.Flags().Bool("version", false, "show the version")
	grouped(root, groupOutput, "version")
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *version {
			return a.printVersion("text")
		}
		return parent(cmd, args)
	}
	root.AddGroup(
		&cobra.Group{ID: jobDevelop, Title: "Develop"},
		&cobra.Group{ID: jobDeploy, Title: "Deploy"},
		&cobra.Group{ID: jobCheck, Title: "Check and learn"},
		&cobra.Group{ID: jobAgents, Title: "On agents"},
		&cobra.Group{ID: jobTry, Title: "Try"},
		&cobra.Group{ID: jobOther, Title: "Other"},
	)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(a.help)
	root.SetHelpCommand(a.helpCommand())
	root.AddCommand(a.commands()...)
	root.InitDefaultHelpCmd()
	shared := a.commonFlags()
	each(root, func(c *cobra.Command) { a.fit(c, shared) })
	return root
}

// commands are the commands of the tree, in the order in which help lists them.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.renderCommand(),
		a.upCommand(),
		a.downCommand(),
		a.lsCommand(),
		a.psCommand(),
		a.logsCommand(),
		a.diffCommand(),
		a.deployCommand(),
		a.statusCommand(),
		a.rollbackCommand(),
		a.historyCommand(),
		a.scaleCommand(),
		a.stopCommand(),
		a.executorCommand(),
		a.reapCommand(),
		a.devclusterCommand(),
		a.validateCommand(),
		a.explainCommand(),
		a.configCommand(),
		a.schemaCommand(),
		a.completionCommand(),
		a.versionCommand(),
		a.genCommand(),
		a.monitorCommand(),
	}
}

// fit gives a command what all of them have.
func (a *app) fit(c *cobra.Command, shared *pflag.FlagSet) {
	c.InitDefaultHelpFlag()
	c.DisableFlagsInUseLine = true
	c.Flags().SortFlags = false
	share(c, shared)
	a.completeShared(c)
}

func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		each(sub, do)
	}
}
