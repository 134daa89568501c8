package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func genKinds() []string { return []string{"docs", "man", "completions", "schema"} }

// genCommand writes the generated files. It is for builds, so it is hidden.
func (a *app) genCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "gen docs|man|completions|schema DIR",
		Hidden: true,
		Short:  "Write generated files",
		Long: `Writes the reference pages, man pages, completion scripts or JSON Schemas into a
directory. All are made from the same text as --help.`,
		Example: `# what the tests compare with what is committed
dce gen docs docs/reference`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("what to write", genKinds())(cmd, args[:min(len(args), 1)]); err != nil {
				return err
			}
			if len(args) != 2 {
				return usage("DCE243", cmd.CommandPath()+" needs a directory to write into", seeHelp(cmd))
			}
			return nil
		},
		ValidArgsFunction: oneWord(genKinds()),
	}
	cmd.RunE = a.until(func(_ context.Context, args []string) error {
		files, err := a.generated(cmd.Root(), args[0])
		if err != nil {
			return err
		}
		return a.writeAll(args[1], files)
	})
	return cmd
}

// file is one generated file.
type file struct {
	name string
	data []byte
}

func (a *app) generated(root *cobra.Command, kind string) ([]file, error) {
	switch kind {
	case "docs":
		return a.referencePages(root), nil
	case "man":
		return manPages(root), nil
	case "completions":
		return completionFiles(root)
	default:
		return schemaFiles()
	}
}

func completionFiles(root *cobra.Command) ([]file, error) {
	var files []file
	for _, shell := range shells() {
		data, err := completionScript(root, shell)
		if err != nil {
			return nil, err
		}
		files = append(files, file{"dce." + shell, data})
	}
	return files, nil
}

func schemaFiles() ([]file, error) {
	var files []file
	for _, name := range schemaNames() {
		data, err := schema(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name + ".schema.json", data})
	}
	return files, nil
}

func (a *app) writeAll(dir string, files []file) error {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.env.Dir, dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // files for everyone to read
		return cannotWrite(dir, err)
	}
	for _, f := range files {
		name := filepath.Join(dir, f.name)
		if err := os.WriteFile(name, f.data, 0o644); err != nil { //nolint:gosec // as above
			return cannotWrite(name, err)
		}
	}
	a.ui().Say("wrote %s into %s", count(len(files), "file"), dir)
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// published calls do for every command that the reference shows.
func published(cmd *cobra.Command, do func(*cobra.Command)) {
	if cmd.Hidden {
		return
	}
	do(cmd)
	for _, c := range cmd.Commands() {
		published(c, do)
	}
}
