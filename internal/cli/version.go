package cli

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionInfo is what `dce version -o json` prints.
type versionInfo struct {
	SchemaVersion int    `json:"schema_version"`
	Version       string `json:"version"`
	Commit        string `json:"commit,omitempty"`
	Go            string `json:"go"`
	Platform      string `json:"platform"`
	Compose       string `json:"compose,omitempty"`
	ComposeGo     string `json:"compose_go,omitempty"`
	MesosGo       string `json:"mesos_go,omitempty"`
}

func (a *app) versionCommand() *cobra.Command {
	output := choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:     "version",
		GroupID: jobOther,
		Short:   "Show the version of dce and of what is built in",
		Long: `Shows the version of this binary, and those of the Docker Compose that it
runs pods with and of the Mesos API that it speaks.`,
		Example: `# which dce is this
dce version

# the same for a script
dce version -o json`,
		Args: noArgs,
		RunE: a.until(func(context.Context, []string) error { return a.printVersion(output.value) }),
	}
	cmd.Flags().VarP(&output, "output", "o", "how to print it")
	grouped(cmd, groupOutput, "output")
	return cmd
}

func (a *app) printVersion(format string) error {
	v := a.versionInfo()
	if format == "json" {
		return a.ui().JSON(v)
	}
	out := a.ui().Out()
	fmt.Fprintf(out, "dce %s\n", v.Version)
	if a.common.quiet {
		return nil
	}
	for _, row := range [][2]string{
		{"commit", v.Commit},
		{"go", v.Go},
		{"platform", v.Platform},
		{"docker compose", v.Compose},
		{"compose-go", v.ComposeGo},
		{"mesos-go", v.MesosGo},
	} {
		if row[1] != "" {
			fmt.Fprintf(out, "  %-15s %s\n", row[0], row[1])
		}
	}
	return nil
}

func (a *app) versionInfo() versionInfo {
	v := versionInfo{
		SchemaVersion: 1, Version: a.env.Version,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" {
			v.Commit = s.Value
		}
	}
	for _, m := range build.Deps {
		switch m.Path {
		case "github.com/docker/compose/v5":
			v.Compose = m.Version
		case "github.com/compose-spec/compose-go/v2":
			v.ComposeGo = m.Version
		case "github.com/mesos/mesos-go":
			v.MesosGo = m.Version
		}
	}
	return v
}
