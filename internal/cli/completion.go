package cli

import (
	"bytes"
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func (a *app) completionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "completion bash|zsh|fish|powershell",
		GroupID: jobOther,
		Short:   "Print the completion script of a shell",
		Long: `Prints a script that teaches a shell to complete dce's commands, flags,
services, environments and codes. The packages of dce install it already.`,
		Example: `# bash, for this session
source <(dce completion bash)

# zsh, for good
dce completion zsh > "${fpath[1]}/_dce"

# fish, for good
dce completion fish > ~/.config/fish/completions/dce.fish`,
		Args:              oneOf("the name of a shell", shells()),
		ValidArgsFunction: oneWord(shells()),
	}
	cmd.RunE = a.until(func(_ context.Context, args []string) error {
		return a.printBytes(completionScript(cmd.Root(), args[0]))
	})
	return cmd
}

func completionScript(root *cobra.Command, shell string) ([]byte, error) {
	var (
		b   bytes.Buffer
		err error
	)
	switch shell {
	case "zsh":
		err = root.GenZshCompletion(&b)
	case "fish":
		err = root.GenFishCompletion(&b, true)
	case "powershell":
		err = root.GenPowerShellCompletionWithDesc(&b)
	default:
		err = root.GenBashCompletionV2(&b, true)
	}
	if err != nil {
		return nil, fmt.Errorf("writing the completion script for %s: %w", shell, err)
	}
	return b.Bytes(), nil
}
