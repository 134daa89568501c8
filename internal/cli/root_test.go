package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tree is every command of the program.
func tree(t *testing.T) (*app, []*cobra.Command) {
	t.Helper()
	a := &app{env: Env{Stdout: &strings.Builder{}, Stderr: &strings.Builder{}}}
	root := a.root()
	var all []*cobra.Command
	each(root, func(c *cobra.Command) { all = append(all, c) })
	return a, all
}

func TestEveryPageIsWholeAndFitsEightyColumns(t *testing.T) {
	a, all := tree(t)
	for _, c := range all {
		p := newPage(c)
		if p.Short == "" || p.Long == "" || p.Examples == "" {
			t.Errorf("%s: short, long or examples are missing", p.Path)
		}
		if strings.HasSuffix(p.Short, ".") || len(p.Short) > 64 {
			t.Errorf("%s: %q is no short phrase", p.Path, p.Short)
		}
		if !strings.HasPrefix(p.Examples, "#") {
			t.Errorf("%s: the first example has no comment", p.Path)
		}
		for line := range strings.Lines(a.helpText(p)) {
			if len([]rune(strings.TrimRight(line, "\n"))) > helpWidth {
				t.Errorf("%s: wider than %d: %q", p.Path, helpWidth, line)
			}
		}
	}
}

func TestEveryCommandOfTheRootBelongsToAJob(t *testing.T) {
	_, all := tree(t)
	for _, c := range all {
		if c.HasParent() && !c.Parent().HasParent() && !c.Hidden && c.GroupID == "" {
			t.Errorf("%s is in no group of the root's help", c.CommandPath())
		}
	}
}

func TestEveryCommandHasTheFlagsEverywhere(t *testing.T) {
	a, all := tree(t)
	for _, c := range all {
		a.commonFlags().VisitAll(func(f *pflag.Flag) {
			if c.Flags().Lookup(f.Name) == nil {
				t.Errorf("%s has no --%s", c.CommandPath(), f.Name)
			}
		})
	}
}

func TestShortFlagsAreTheOnesAgreed(t *testing.T) {
	_, all := tree(t)
	for _, c := range all {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Shorthand != "" && !strings.Contains("CfpcqDheodymnv", f.Shorthand) {
				t.Errorf("%s: -%s of --%s", c.CommandPath(), f.Shorthand, f.Name)
			}
		})
	}
}

func TestEveryFlagIsExplainedAndCompleted(t *testing.T) {
	_, all := tree(t)
	for _, c := range all {
		visibleFlags(c.Flags(), func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: usage %q", c.CommandPath(), f.Name, f.Usage)
			}
			if _, isChoice := f.Value.(*choice); isChoice {
				if _, ok := c.GetFlagCompletionFunc(f.Name); !ok {
					t.Errorf("%s --%s is not completed", c.CommandPath(), f.Name)
				}
			}
		})
	}
}

func TestManPagesAreOnePerCommandAndWithoutADate(t *testing.T) {
	_, all := tree(t)
	pages := manPages(all[0])
	visible := 0
	published(all[0], func(*cobra.Command) { visible++ })
	if len(pages) != visible {
		t.Errorf("%d pages for %d commands", len(pages), visible)
	}
	for _, p := range pages {
		text := string(p.data)
		if !strings.HasPrefix(text, ".TH ") || !strings.Contains(text, `1 "" dce`) || !strings.Contains(text, ".SH NAME\n") {
			t.Errorf("%s is no man page: %.80q", p.name, text)
		}
	}
}
