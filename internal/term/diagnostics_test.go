package term_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
	"dce/internal/term"
)

// files is a ReadFile of a few files.
func files(contents map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := contents[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
}

func samePort() diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE112", Summary: "port 80 is published by both web and proxy",
		Detail:  "The services of a pod share one network namespace, so each port can be used once.",
		Hint:    "publish one of them on another port, or see `dce explain DCE112`",
		Pos:     diag.Pos{File: "/shop/compose.yaml", Line: 4, Column: 9, Width: 7},
		Related: []diag.Related{{Pos: diag.Pos{File: "/shop/compose.override.yaml", Line: 6}, Note: "also published"}},
	}
}

func TestADiagnosticShowsWhereWhyAndWhatToDo(t *testing.T) {
	ui, stdout, stderr := screen(term.Config{
		Dir: "/shop", ReadFile: files(map[string]string{"/shop/compose.yaml": "services:\n  web:\n    ports:\n      - \"80:80\"\n"}),
	})
	code := ui.Diagnostics(diag.Fail(samePort()))
	want := `error: port 80 is published by both web and proxy                       [DCE112]
   compose.yaml:4:9
     3 │     ports:
     4 │       - "80:80"
       │         ^^^^^^^ also published at compose.override.yaml:6
   The services of a pod share one network namespace, so each port can be used
   once.
hint: publish one of them on another port, or see ` + "`dce explain DCE112`" + `
`
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Error(diff)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout: %q", stdout)
	}
	if code != diag.ExitInvalid {
		t.Errorf("exit code %d, want that of the catalogue", code)
	}
}

func TestAPlaceThatCannotBeReadIsNamedAllTheSame(t *testing.T) {
	ui, _, stderr := screen(term.Config{Dir: "/shop", ReadFile: files(nil)})
	ui.Diagnostics(diag.Fail(samePort()))
	for _, want := range []string{"   compose.yaml:4:9\n", "   also published at compose.override.yaml:6\n"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in %s", want, stderr)
		}
	}
}

func TestSeveralProblemsAreSortedAndCounted(t *testing.T) {
	at := func(line int, s diag.Severity) diag.Diagnostic {
		return diag.Diagnostic{Severity: s, Summary: fmt.Sprintf("line %d", line), Pos: diag.Pos{File: "f", Line: line}}
	}
	ui, _, stderr := screen(term.Config{ReadFile: files(nil)})
	list := diag.List{at(3, diag.Error), at(1, diag.Error), at(2, diag.Warning), at(4, diag.Error)}
	ui.Diagnostics(list.Err())
	want := "error: line 1\n   f:1\nwarning: line 2\n   f:2\nerror: line 3\n   f:3\nerror: line 4\n   f:4\n3 errors, 1 warning\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryProblemBehindAnErrorIsFound(t *testing.T) {
	ui, _, stderr := screen(term.Config{})
	first := diag.Fail(diag.Diagnostic{Summary: "first"})
	second := fmt.Errorf("loading: %w", diag.Fail(diag.Diagnostic{Summary: "second"}))
	ui.Diagnostics(errors.Join(first, second, errors.New("third")))
	for _, want := range []string{"error: first\n", "error: second\n", "error: third\n", "3 errors\n"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in %s", want, stderr)
		}
	}
}

func TestAnErrorWithoutADiagnosticIsShownAsItIs(t *testing.T) {
	ui, _, stderr := screen(term.Config{})
	code := ui.Diagnostics(fmt.Errorf("reading x: %w", errors.New("disk on fire")))
	if got := stderr.String(); got != "error: reading x: disk on fire\n" || code != diag.ExitFailed {
		t.Errorf("%q, exit code %d", got, code)
	}
}

func TestDebugShowsTheChainOfCauses(t *testing.T) {
	err := diag.Fail(diag.Diagnostic{Summary: "cannot read", Cause: fmt.Errorf("opening: %w", fs.ErrNotExist)})
	for debug, want := range map[bool]string{
		false: "error: cannot read\n",
		true: "error: cannot read\n   caused by: opening: file does not exist (*fmt.wrapError)\n" +
			"     caused by: file does not exist (*errors.errorString)\n",
	} {
		ui, _, stderr := screen(term.Config{Debug: debug})
		ui.Diagnostics(err)
		if diff := cmp.Diff(want, stderr.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestControlCharactersNeverReachTheTerminal(t *testing.T) {
	evil := "a\x1b]0;owned\x07b\u202Ec\u009bd\r"
	d := diag.Diagnostic{
		Code: "DCE112", Summary: evil, Detail: evil, Hint: evil, Cause: errors.New(evil),
		Pos:     diag.Pos{File: evil, Line: 1, Column: 3, Width: 4},
		Related: []diag.Related{{Note: evil, Pos: diag.Pos{File: evil}}},
	}
	for _, actions := range []string{"", "true"} {
		ui, stdout, stderr := screen(term.Config{
			Debug: true, ReadFile: files(map[string]string{evil: evil + "\n"}), Getenv: environment(map[string]string{"GITHUB_ACTIONS": actions}),
		})
		ui.Diagnostics(diag.Fail(d))
		ui.Table(term.Table{Header: []string{"NAME"}, Rows: [][]string{{evil}}})
		if all := stdout.String() + stderr.String(); strings.ContainsAny(all, "\x1b\x07\u202E\u009b\r") {
			t.Errorf("control characters in %q", all)
		}
	}
}

func TestJSONIsOneProblemALine(t *testing.T) {
	ui, _, stderr := screen(term.Config{JSON: true})
	ui.Diagnostics(diag.Fail(samePort()))
	want := `{"code":"DCE112","severity":"error","summary":"port 80 is published by both web and proxy",` +
		`"detail":"The services of a pod share one network namespace, so each port can be used once.",` +
		`"hint":"publish one of them on another port, or see ` + "`dce explain DCE112`" + `",` +
		`"pos":{"file":"/shop/compose.yaml","line":4,"column":9},` +
		`"related":[{"pos":{"file":"/shop/compose.override.yaml","line":6},"note":"also published"}]}` + "\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Error(diff)
	}
}

func TestGitHubGetsAnAnnotationBesideTheText(t *testing.T) {
	ui, _, stderr := screen(term.Config{Dir: "/shop", ReadFile: files(nil), Getenv: environment(map[string]string{"GITHUB_ACTIONS": "true"})})
	d := samePort()
	d.Summary = "100% wrong,\nreally"
	ui.Diagnostics(diag.Fail(d))
	if want := "::error file=compose.yaml,line=4,col=9,title=DCE112::100%25 wrong,%0Areally\n"; !strings.HasSuffix(stderr.String(), want) {
		t.Errorf("%s\nhas no %q", stderr, want)
	}
}

func TestSnippets(t *testing.T) {
	long := strings.Repeat("x", 300)
	cases := map[string]struct {
		text string
		pos  diag.Pos
		want string
	}{
		"a tab counts as one column": {
			text: "\tkey: value\n", pos: diag.Pos{Line: 1, Column: 7, Width: 5},
			want: "     1 │  key: value\n       │       ^^^^^\n",
		},
		"wide characters are underlined at their width": {
			text: "名前: x\n", pos: diag.Pos{Line: 1, Column: 1, Width: 2},
			want: "     1 │ 名前: x\n       │ ^^^^\n",
		},
		"a line of megabytes shows the part around the place": {
			text: long + "KEY" + long + "\n", pos: diag.Pos{Line: 1, Column: 301, Width: 3},
			want: "     1 │ " + strings.Repeat("x", 49) + "KEY" + strings.Repeat("x", 48) + "\n       │ " + strings.Repeat(" ", 49) + "^^^\n",
		},
		"a place behind the end of the line": {
			text: "key:\n", pos: diag.Pos{Line: 1, Column: 9, Width: 3},
			want: "     1 │ key:\n       │     ^\n",
		},
		"an underline ends with the line": {
			text: "key\n", pos: diag.Pos{Line: 1, Column: 2, Width: 50},
			want: "     1 │ key\n       │  ^^\n",
		},
		"a line that the file does not have":      {text: "one\n", pos: diag.Pos{Line: 7, Column: 1}, want: ""},
		"a line without a column, of an env file": {text: "KEY=secret\n", pos: diag.Pos{Line: 1}, want: ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.pos.File = "f"
			ui, _, stderr := screen(term.Config{ReadFile: files(map[string]string{"f": c.text})})
			ui.Diagnostics(diag.Fail(diag.Diagnostic{Summary: "s", Pos: c.pos}))
			_, got, _ := strings.Cut(stderr.String(), c.pos.String()+"\n")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWarningsAreQuietWhenQuietIsWanted(t *testing.T) {
	ui, _, stderr := screen(term.Config{Quiet: true})
	ui.Warn(diag.List{{Severity: diag.Warning, Summary: "hm"}})
	ui.Say("next: dce ps")
	if stderr.Len() > 0 {
		t.Errorf("%q", stderr)
	}
}

func FuzzDiagnosticsNeverPanicNorLeakEscapes(f *testing.F) {
	f.Add("summary", "line one\nline two\n", 2, 3, 4)
	f.Add("\x1b[2J", "\t\x00名\u202e\n", 1, 2, 100)
	f.Add("", "", 1, 1, 1)
	f.Fuzz(func(t *testing.T, summary, source string, line, column, width int) {
		ui, _, stderr := screen(term.Config{ReadFile: files(map[string]string{"f": source})})
		ui.Diagnostics(diag.Fail(diag.Diagnostic{
			Code: "DCE112", Summary: summary, Detail: source, Hint: summary,
			Pos: diag.Pos{File: "f", Line: line, Column: column, Width: width},
		}))
		if strings.ContainsAny(stderr.String(), "\x1b\x00\x07\r") {
			t.Errorf("control characters in %q", stderr)
		}
	})
}
