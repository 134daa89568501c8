package resp

import (
	"bufio"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommandSurvivesTheWire(t *testing.T) {
	for name, args := range map[string][]string{
		"one word":            {"PING"},
		"an empty argument":   {"SET", "key", ""},
		"line breaks and nul": {"SET", "key", "a\r\nb\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			var wire strings.Builder
			if err := WriteCommand(&wire, args...); err != nil {
				t.Fatal(err)
			}
			got, err := ReadCommand(bufio.NewReader(strings.NewReader(wire.String())))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(args, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReplies(t *testing.T) {
	for wire, want := range map[string]string{
		Simple("OK"):  "OK",
		Integer(-3):   "-3",
		Bulk("a\r\n"): "a\r\n",
	} {
		got, err := ReadReply(bufio.NewReader(strings.NewReader(wire)))
		if err != nil || got != want {
			t.Errorf("%q is read as %q, %v; want %q", wire, got, err, want)
		}
	}
}

func TestNilAndErrorRepliesAreErrors(t *testing.T) {
	if _, err := ReadReply(bufio.NewReader(strings.NewReader(Nil()))); !errors.Is(err, ErrNil) {
		t.Errorf("nil is read as %v, want ErrNil", err)
	}
	_, err := ReadReply(bufio.NewReader(strings.NewReader(Error("no such command"))))
	if err == nil || err.Error() != "no such command" {
		t.Errorf("an error reply is read as %v", err)
	}
}

func TestReadCommandRefuses(t *testing.T) {
	for name, wire := range map[string]string{
		"an inline command":           "PING\r\n",
		"too many arguments":          "*65\r\n",
		"a negative number":           "*-1\r\n",
		"a string that is too long":   "*1\r\n$65537\r\n",
		"a string that ends early":    "*1\r\n$4\r\nab",
		"a number that is not one":    "*x\r\n",
		"an endless line":             strings.Repeat("1", 1<<16),
		"the end of the input":        "",
		"a nil argument in a command": "*1\r\n$-1\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if args, err := ReadCommand(bufio.NewReader(strings.NewReader(wire))); err == nil {
				t.Errorf("is read as %q", args)
			}
		})
	}
}
