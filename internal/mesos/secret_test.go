package mesos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestASecretIsNeverShown(t *testing.T) {
	const value = "eyJhbGciOi.the-token"
	env := Environment{token: NewSecret(value)}
	type holder struct {
		Open   Secret
		hidden Secret
		env    Environment
	}
	h := holder{Open: NewSecret(value), hidden: NewSecret(value), env: env}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n"+verb+"\n"+verb+"\n", h.Open, h, &h)
	}
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.InfoContext(t.Context(), "secrets", "secret", h.Open, "holder", h, "env", env)
	}
	for name, encode := range map[string]func(any) ([]byte, error){"json": json.Marshal, "yaml": yaml.Marshal} {
		b, err := encode(struct{ Open Secret }{h.Open})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		out.Write(b)
	}
	if strings.Contains(out.String(), value) || strings.Contains(out.String(), fmt.Sprintf("%x", value)) {
		t.Errorf("the secret is in %s", &out)
	}
	if h.hidden.reveal() != value {
		t.Error("the session itself must see the value")
	}
}

func TestNoSecretIsZero(t *testing.T) {
	if !(Secret{}).IsZero() || !NewSecret("").IsZero() || NewSecret("x").IsZero() || (Secret{}).reveal() != "" {
		t.Error("IsZero must say whether there is a value")
	}
}
