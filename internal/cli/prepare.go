package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dce/internal/diag"
)

// prepare runs between parsing and the command: flags that were not given take
// their values from the environment, and -C moves the work elsewhere. It
// contacts nothing.
func (a *app) prepare(cmd *cobra.Command, _ []string) error {
	if err := a.flagsFromEnv(cmd); err != nil {
		return err
	}
	if f := cmd.Flags().Lookup("output"); f != nil && f.Value.String() == "json" {
		a.json = true
	}
	return a.changeDirectory()
}

// noEnvKey marks a command whose flags the environment must not set: on an
// agent the environment belongs to the job, whom nobody trusts.
const noEnvKey = "dce_no_env"

// flagsFromEnv sets every flag that was not given from DCE_<FLAG>.
func (a *app) flagsFromEnv(cmd *cobra.Command) error {
	if cmd.Annotations[noEnvKey] != "" {
		return nil
	}
	var problems diag.List
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value, ok := a.lookupenv(envName(f.Name))
		if !ok || value == "" || given(cmd, f) || !settable(f) {
			return
		}
		for _, v := range envValues(f, value) {
			if err := cmd.Flags().Set(f.Name, v); err != nil {
				problems = append(problems, diag.Diagnostic{
					Code:    "DCE246",
					Summary: fmt.Sprintf("%s in the environment is %q, which --%s does not take", envName(f.Name), v, f.Name),
					Detail:  "Every flag can be set by an environment variable of its name.",
					Hint:    fmt.Sprintf("unset %s, or set it as `%s --help` says", envName(f.Name), cmd.CommandPath()),
					Cause:   err,
				})
			}
		}
	})
	return problems.Err()
}

const noEnvFlagKey = "dce_no_env"

// withoutEnv keeps a flag out of the environment's reach: one that chooses what
// a single call prints would change every call of every script.
func withoutEnv(f *pflag.Flag) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[noEnvFlagKey] = []string{"true"}
}

// settable leaves out --file too: the project reads DCE_FILE itself, beside
// COMPOSE_FILE and with its separator.
func settable(f *pflag.Flag) bool {
	return f.Name != "help" && f.Name != "file" && len(f.Annotations[noEnvFlagKey]) == 0
}

// given reports whether a flag stands on the command line, before or after the
// command's name.
func given(cmd *cobra.Command, f *pflag.Flag) bool {
	if f.Changed {
		return true
	}
	for p := cmd.Parent(); p != nil; p = p.Parent() {
		if outer := p.Flags().Lookup(f.Name); outer != nil && outer.Changed && outer.Value == f.Value {
			return true
		}
	}
	return false
}

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "DCE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// envValues splits the value of a flag that may be repeated: files as in PATH,
// other things by commas.
func envValues(f *pflag.Flag, value string) []string {
	if f.Value.Type() != "stringArray" {
		return []string{value}
	}
	if f.Name == "env-file" {
		return filepath.SplitList(value)
	}
	return strings.Split(value, ",")
}

func (a *app) changeDirectory() error {
	if a.common.directory == "" {
		return nil
	}
	dir := a.common.directory
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.env.Dir, dir)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return diag.Fail(diag.Diagnostic{
			Code: "DCE247", Summary: fmt.Sprintf("there is no directory %s", a.common.directory),
			Hint: "give an existing directory to -C", Cause: err,
		})
	}
	a.env.Dir = dir
	return nil
}
