package term_test

import (
	"strings"
	"testing"

	"dce/internal/term"
)

func TestColourIsDecidedInTheOrderOfTheConvention(t *testing.T) {
	cases := map[string]struct {
		flag string
		env  map[string]string
		want bool
	}{
		"a pipe has none":                      {},
		"the flag wins over all":               {flag: "always", env: map[string]string{"NO_COLOR": "1", "TERM": "dumb"}, want: true},
		"the flag refuses over all":            {flag: "never", env: map[string]string{"CLICOLOR_FORCE": "1"}},
		"NO_COLOR wins over CLICOLOR_FORCE":    {env: map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}},
		"an empty NO_COLOR is none":            {env: map[string]string{"NO_COLOR": "", "CLICOLOR_FORCE": "1"}, want: true},
		"CLICOLOR_FORCE wins over CLICOLOR=0":  {env: map[string]string{"CLICOLOR_FORCE": "1", "CLICOLOR": "0"}, want: true},
		"CLICOLOR_FORCE=0 forces nothing":      {env: map[string]string{"CLICOLOR_FORCE": "0"}},
		"CLICOLOR_FORCE wins over a dumb TERM": {env: map[string]string{"CLICOLOR_FORCE": "1", "TERM": "dumb"}, want: true},
		"auto is as without the flag":          {flag: "auto", env: map[string]string{"CLICOLOR_FORCE": "1"}, want: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ui, _, _ := screen(term.Config{Color: c.flag, Getenv: environment(c.env)})
			if got := ui.Err().Color; got != c.want {
				t.Errorf("colour is %v, want %v", got, c.want)
			}
		})
	}
}

func TestOnlyALocaleOfAnotherCharacterSetIsASCII(t *testing.T) {
	cases := map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing set":                {want: true},
		"a UTF-8 locale":             {env: map[string]string{"LANG": "de_DE.UTF-8"}, want: true},
		"the C locale":               {env: map[string]string{"LANG": "C"}},
		"LC_ALL wins":                {env: map[string]string{"LC_ALL": "C", "LANG": "en_GB.UTF-8"}},
		"an empty LC_ALL is not set": {env: map[string]string{"LC_ALL": "", "LANG": "C.utf8"}, want: true},
		"latin1":                     {env: map[string]string{"LC_CTYPE": "en_GB.ISO-8859-1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ui, _, _ := screen(term.Config{Getenv: environment(c.env)})
			if got := ui.Out().Unicode; got != c.want {
				t.Errorf("Unicode is %v, want %v", got, c.want)
			}
		})
	}
}

func TestAPipedTableIsPlainAndNeverCut(t *testing.T) {
	ui, stdout, _ := screen(term.Config{})
	long := strings.Repeat("x", 200)
	ui.Table(term.Table{Header: []string{"NAME", "STATE"}, Rows: [][]string{{"web", long}, {"a-longer-name", "up"}}})
	want := "NAME            STATE\nweb             " + long + "\na-longer-name   up\n"
	if got := stdout.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLogLinesStandBehindTheirService(t *testing.T) {
	ui, stdout, _ := screen(term.Config{})
	logs := ui.Logs(ui.Out(), term.LogOptions{Services: []string{"cache", "web"}})
	logs.Line("web", "hello\r\n")
	logs.Line("cache", "ready")
	logs.Line("latecomer", "me too")
	want := "web   │ hello\ncache │ ready\nlatecomer │ me too\n"
	if got := stdout.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestServicesHaveColoursThatDiffer(t *testing.T) {
	ui, stdout, _ := screen(term.Config{Color: "always"})
	logs := ui.Logs(ui.Out(), term.LogOptions{Services: []string{"a", "b"}})
	logs.Line("a", "x")
	logs.Line("b", "x")
	lines := strings.Split(stdout.String(), "\n")
	if strings.ReplaceAll(lines[0], "a", "") == strings.ReplaceAll(lines[1], "b", "") {
		t.Errorf("the same colour: %q", lines)
	}
}

func TestLogsWithoutPrefix(t *testing.T) {
	ui, stdout, _ := screen(term.Config{})
	ui.Logs(ui.Out(), term.LogOptions{NoPrefix: true}).Line("web", "hello")
	if got := stdout.String(); got != "hello\n" {
		t.Errorf("%q", got)
	}
}

func TestProseIsWrappedAndExamplesAreNot(t *testing.T) {
	got := term.Wrap("one two three four\n  an example that is long\nlast", 9)
	want := "one two\nthree\nfour\n  an example that is long\nlast"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
