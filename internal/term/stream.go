package term

import (
	"io"
	"os"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	xterm "golang.org/x/term"
)

// Stream is one of the two outputs, with what is known of its other end.
type Stream struct {
	io.Writer
	// TTY says that a person reads it directly.
	TTY bool
	// Color says that escape sequences for colour may be written.
	Color bool
	// Unicode says that characters beyond ASCII may be written.
	Unicode bool

	file *os.File
	env  func(string) string
}

func newStream(w io.Writer, c Config) *Stream {
	s := &Stream{Writer: w, Unicode: utf8Locale(c.Getenv), env: c.Getenv}
	if f, ok := w.(*os.File); ok && xterm.IsTerminal(int(f.Fd())) {
		s.TTY, s.file = true, f
	}
	s.Color = useColor(c.Color, c.Getenv, s.TTY)
	if s.Color && s.file != nil {
		lipgloss.EnableLegacyWindowsANSI(s.file)
	}
	return s
}

// useColor is the decision of cli.md: the flag, NO_COLOR, CLICOLOR_FORCE,
// CLICOLOR=0, TERM=dumb, and then whether a person is at the other end.
func useColor(flag string, getenv func(string) string, tty bool) bool {
	force := getenv("CLICOLOR_FORCE")
	switch {
	case flag == "always":
		return true
	case flag == "never":
		return false
	case getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	case getenv("CLICOLOR") == "0", getenv("TERM") == "dumb":
		return false
	default:
		return tty
	}
}

// utf8Locale follows POSIX: LC_ALL, then LC_CTYPE, then LANG. Without any of
// them the locale is "C", which most containers and CI machines run in while
// their terminals read UTF-8 all the same; so only a locale that names another
// character set counts as ASCII.
func utf8Locale(getenv func(string) string) bool {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		v := strings.ToLower(getenv(key))
		if v == "" {
			continue
		}
		return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
	}
	return true
}

// Width is the number of columns, zero when lines must not be cut (nobody
// looks at it directly). It is asked each time: windows change.
func (s *Stream) Width() int {
	if s.file == nil {
		return 0
	}
	if w, _, err := xterm.GetSize(int(s.file.Fd())); err == nil && w > 0 {
		return w
	}
	return s.columns(80)
}

// TextWidth is where prose is wrapped: 80, or less on a narrow terminal.
func (s *Stream) TextWidth() int {
	if w := s.Width(); w >= 20 && w < 80 {
		return w
	}
	return 80
}

// Height is the number of lines of the terminal, 24 when unknown.
func (s *Stream) Height() int {
	if s.file == nil {
		return 24
	}
	if _, h, err := xterm.GetSize(int(s.file.Fd())); err == nil && h > 0 {
		return h
	}
	return 24
}

func (s *Stream) columns(fallback int) int {
	if n, err := strconv.Atoi(s.env("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return fallback
}

// pick returns the first where characters beyond ASCII may be written, else the
// second.
func (s *Stream) pick(unicode, ascii string) string {
	if s.Unicode {
		return unicode
	}
	return ascii
}

// IsTerminal reports whether a person is at the other end of a reader or writer.
func IsTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && xterm.IsTerminal(int(f.Fd()))
}
