package mesos

import "log/slog"

// Secret is a value that no print, log or encoding shows. The zero value is
// empty.
type Secret struct {
	// A pointer, because fmt prints the fields of a struct that is itself an
	// unexported field without asking its String method: this way it prints an
	// address.
	value *string
}

const hidden = "***"

// NewSecret hides s.
func NewSecret(s string) Secret { return Secret{value: &s} }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.value == nil || *s.value == "" }

// String hides the value.
func (s Secret) String() string { return hidden }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return hidden }

// LogValue hides the value from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the value from JSON and other text encodings.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalYAML hides the value from YAML.
func (s Secret) MarshalYAML() (any, error) { return hidden, nil }

func (s Secret) reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}
