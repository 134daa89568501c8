//go:build !windows

package term_test

import (
	"io"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"dce/internal/term"
)

// onTerminal runs show with a UI on a terminal of that width and returns what
// stands there.
func onTerminal(t *testing.T, columns uint16, show func(*term.UI)) string {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if err := pty.Setsize(slave, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	shown := make(chan string)
	go func() {
		// Reading ends with EIO when the other end is closed.
		all, _ := io.ReadAll(master)
		shown <- string(all)
	}()
	show(term.New(term.Config{Stdout: slave, Stderr: slave}))
	slave.Close()
	return strings.ReplaceAll(<-shown, "\r\n", "\n")
}

func pods() term.Table {
	return term.Table{
		Header: []string{"POD", "STATE", "PORTS"},
		Rows: [][]string{
			{"local.shop", "running", "web 8080->80"},
			{"local.\x1b[31mevil", "failed", strings.Repeat("very long ", 20)},
		},
	}
}

func TestATableOnATerminalHasABoldHeaderAndFits(t *testing.T) {
	shown := onTerminal(t, 50, func(ui *term.UI) { ui.Table(pods()) })
	if !strings.Contains(shown, "\x1b[1mPOD") {
		t.Errorf("no bold header: %q", shown)
	}
	if strings.Contains(shown, "\x1b[31m") {
		t.Errorf("a name's escapes reach the terminal: %q", shown)
	}
	for line := range strings.Lines(shown) {
		if n := len([]rune(plain(line))); n > 51 {
			t.Errorf("%d columns wide: %q", n, line)
		}
	}
	if !strings.Contains(shown, "web 8080->80") {
		t.Errorf("a cell that fits is cut: %q", shown)
	}
}

func TestATableThatIsTooWideIsFoldedAndItsNamesStayWhole(t *testing.T) {
	pods := term.Table{
		Header: []string{"POD", "STATE", "SERVICES", "PORTS"},
		Rows: [][]string{
			{"local.a-shop-with-a-name", "running", "cache, migrate, shipper, web", "8080->8080/tcp, 9090->9090/tcp"},
			{"local.b", "failed", "-", "-"},
		},
	}
	for width, want := range map[uint16]string{
		100: `POD                        STATE     SERVICES                       PORTS
local.a-shop-with-a-name   running   cache, migrate, shipper, web   8080->8080/tcp, 9090->9090/tcp
local.b                    failed    -                              -
`,
		70: `POD                       STATE    SERVICES          PORTS
local.a-shop-with-a-name  running  cache, migrate,   8080->8080/tcp,
                                   shipper, web      9090->9090/tcp
local.b                   failed   -                 -
`,
		52: `POD                       STATE    SERVICES  PORTS
local.a-shop-with-a-name  running  cache,    8080->~
                                   migrate,  9090->~
                                   shipper,
                                   web
local.b                   failed   -         -
`,
	} {
		shown := plain(onTerminal(t, width, func(ui *term.UI) { ui.Table(pods) }))
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Errorf("%d columns (-want +got):\n%s", width, diff)
		}
	}
}

// plain is a line without the escapes that a header has.
func plain(line string) string {
	return strings.NewReplacer("\x1b[1m", "", "\x1b[m", "", "\x1b[0m", "").Replace(line)
}

func TestLogsOnATerminalKeepColoursAndNothingElse(t *testing.T) {
	shown := onTerminal(t, 80, func(ui *term.UI) {
		logs := ui.Logs(ui.Out(), term.LogOptions{NoPrefix: true})
		logs.Line("web", "\x1b[32mok\x1b[2J\x1b]0;owned\x07 done")
	})
	want := "\x1b[32mok\\x1b[2J\\x1b]0;owned\\x07 done\x1b[0m\n"
	if shown != want {
		t.Errorf("%q, want %q", shown, want)
	}
}

func TestATerminalHasAWidth(t *testing.T) {
	onTerminal(t, 61, func(ui *term.UI) {
		if !ui.Out().TTY || ui.Out().Width() != 61 || ui.Out().TextWidth() != 61 || ui.Out().Height() != 24 {
			t.Errorf("a terminal of %v columns and %d lines", ui.Out().Width(), ui.Out().Height())
		}
	})
}
