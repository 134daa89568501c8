package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dce/internal/project"
)

// completion is the type of cobra's functions for it. They are silent on
// errors: whoever presses tab reads no messages.
type completion = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// loadForCompletion reads the project that the flags so far mean.
func (a *app) loadForCompletion(cmd *cobra.Command, environment string) *project.Project {
	if a.prepare(cmd, nil) != nil {
		return nil
	}
	o := a.projectOptions()
	o.Environment = environment
	o.Profiles = []string{"*"}
	p, err := project.Load(cmd.Context(), o)
	if err != nil {
		return nil
	}
	return p
}

// completeServices offers the services of the compose files with their images.
func (a *app) completeServices(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	environment := ""
	if f := cmd.Flags().Lookup("env"); f != nil {
		environment = f.Value.String()
	}
	p := a.loadForCompletion(cmd, environment)
	if p == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, name := range p.Compose.ServiceNames() {
		if strings.HasPrefix(name, typed) && !slices.Contains(args, name) {
			names = append(names, described(name, p.Compose.Services[name].Image))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeProfiles offers the profiles that the compose files use.
func (a *app) completeProfiles(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	p := a.loadForCompletion(cmd, "")
	if p == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, s := range p.Compose.AllServices() {
		names = append(names, s.Profiles...)
	}
	return matching(names, typed), cobra.ShellCompDirectiveNoFileComp
}

// completeEnvironments offers the environments with their schedulers.
func (a *app) completeEnvironments(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	p := a.loadForCompletion(cmd, "")
	if p == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return matching(p.Config.Environments, typed), cobra.ShellCompDirectiveNoFileComp
}

// matching are the words that begin as typed, each once, sorted.
func matching(words []string, typed string) []string {
	var fit []string
	for _, w := range words {
		if strings.HasPrefix(w, typed) {
			fit = append(fit, w)
		}
	}
	slices.Sort(fit)
	return slices.Compact(fit)
}

// described is a completion with what a shell may show beside it.
func described(word, what string) string {
	if what == "" {
		return word
	}
	return word + "\t" + what
}

// oneWord completes the only argument of a command, one of a few words.
func oneWord(all []string) completion {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words(all)(cmd, args, typed)
	}
}

// words completes one of a few words.
func words(all []string) completion {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return matching(all, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// fileNames completes files that end in one of these.
func fileNames(endings ...string) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}

// complete registers how a flag is completed. It fails only for a flag that
// does not exist or is registered twice: a mistake that a test finds.
func complete(cmd *cobra.Command, flag string, how completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, how); err != nil {
		panic(err)
	}
}

// completeShared completes the flags everywhere.
func (a *app) completeShared(cmd *cobra.Command) {
	complete(cmd, "file", fileNames("yaml", "yml"))
	complete(cmd, "config", fileNames("yaml", "yml"))
	complete(cmd, "env-file", fileNames("env"))
	complete(cmd, "profile", a.completeProfiles)
	complete(cmd, "progress", words(a.common.progress.allowed))
	complete(cmd, "color", words(a.common.color.allowed))
	complete(cmd, "project-name", nothing)
	complete(cmd, "directory", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
	visibleFlags(cmd.Flags(), func(f *pflag.Flag) {
		if c, ok := f.Value.(*choice); ok && f.Name != "progress" && f.Name != "color" {
			complete(cmd, f.Name, words(c.allowed))
		}
	})
}

// nothing is for a value that only the user knows.
func nothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}
