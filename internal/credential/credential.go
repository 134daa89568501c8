// Package credential turns a reference to a credential (env:NAME, file:PATH,
// keyring:NAME) into its value, as a Secret that no print shows. References
// stand in settings; values never do.
package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"
	"strings"

	"dce/internal/diag"
)

// Secret is a value that is not shown by accident.
type Secret struct{ value string }

// Reveal is the value, for whoever must send it.
func (s Secret) Reveal() string { return s.value }

// String hides the value.
func (s Secret) String() string { return "***" }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return "***" }

// LogValue hides the value from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText hides the value from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Source is where references lead.
type Source struct {
	Lookupenv func(name string) (string, bool)
	ReadFile  func(path string) ([]byte, error)
	// Run runs the keyring's own command and returns what it prints; nil is the
	// system's.
	Run func(ctx context.Context, command ...string) ([]byte, error)
}

// Resolve reads what a reference leads to. setting is the key that the reference
// stands at, and pos the place, for the words of an error.
func (s Source) Resolve(ctx context.Context, reference, setting string, pos diag.Pos) (Secret, error) {
	if !IsReference(reference) { // perhaps the credential itself: neither it nor its line is shown
		return Secret{}, problem(setting, pos.Hidden(), "is no reference to a credential", "", "write env:NAME, file:PATH or keyring:NAME; the value itself never stands in a file of settings")
	}
	kind, name, _ := strings.Cut(reference, ":")
	value, err := s.read(ctx, kind, name)
	if err == nil && value == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return Secret{}, problem(setting, pos, "leads to no credential: "+kind+":"+name, err.Error(), hint(kind, name))
	}
	return Secret{value}, nil
}

// IsReference reports whether a text leads to a credential, and is none itself.
func IsReference(text string) bool {
	kind, name, _ := strings.Cut(text, ":")
	return name != "" && (kind == "env" || kind == "file" || kind == "keyring")
}

func (s Source) read(ctx context.Context, kind, name string) (string, error) {
	switch kind {
	case "env":
		value, ok := s.Lookupenv(name)
		if !ok {
			return "", fmt.Errorf("the variable %s is not set", name)
		}
		return value, nil
	case "file":
		data, err := s.ReadFile(name)
		return strings.TrimRight(string(data), "\r\n"), err
	default:
		return s.keyring(ctx, name)
	}
}

// keyring asks the keyring of the system, by the program that comes with it.
func (s Source) keyring(ctx context.Context, name string) (string, error) {
	command := []string{"secret-tool", "lookup", "service", "dce", "account", name}
	if runtime.GOOS == "darwin" {
		command = []string{"security", "find-generic-password", "-s", "dce", "-a", name, "-w"}
	}
	run := s.Run
	if run == nil {
		run = output
	}
	out, err := run(ctx, command...)
	if err != nil {
		return "", fmt.Errorf("asking the keyring (%s): %w", strings.Join(command, " "), err)
	}
	return strings.TrimRight(string(out), "\r\n"), nil
}

func output(ctx context.Context, command ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if text := strings.TrimSpace(words.String()); err != nil && text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return out, err
}

func hint(kind, name string) string {
	switch kind {
	case "env":
		return "set it: export " + name + "=..."
	case "file":
		return "make the file readable for you alone, with nothing but the credential in it"
	}
	if runtime.GOOS == "darwin" {
		return "store it: security add-generic-password -s dce -a " + name + " -w"
	}
	return "store it: secret-tool store --label=dce service dce account " + name
}

func problem(setting string, pos diag.Pos, what, detail, hint string) error {
	return diag.Fail(diag.Diagnostic{Code: "DCE758", Summary: setting + " " + what, Detail: detail, Hint: hint, Pos: pos})
}
