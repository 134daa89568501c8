package render

import (
	"iter"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// secretsRule takes the values of secret keys out of the environment and warns
// of keys that look like one.
func secretsRule(d *draft) {
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		for _, key := range slices.Sorted(d.suspects(s.Environment)) {
			at := d.at("services", name, "environment", key)
			if !d.secret(key) {
				d.problem(looksLikeSecret(name, key, at))
				continue
			}
			s.Environment[key] = nil
			d.changedFrom(at, "a secret, filled in when the container is created", "services", name, "environment", key)
		}
	})
}

// suspects are the keys with a value that are secret or look so. A secret may be
// empty: whoever renders a task again does not have its value, and shows the same.
func (d *draft) suspects(env types.MappingWithEquals) iter.Seq[string] {
	return func(yield func(string) bool) {
		for key, value := range env {
			if value != nil && (d.secret(key) || *value != "" && LooksSecret(key)) && !yield(key) {
				return
			}
		}
	}
}

// secret reports whether the settings call a key of the environment secret.
func (d *draft) secret(key string) bool { return slices.Contains(d.in.Settings.Secrets, key) }

// LooksSecret judges a variable by its name alone. What ends in _FILE names a
// file, and PWD alone is the directory of a shell (POSIX.1-2017, cd).
func LooksSecret(key string) bool {
	if key == "PWD" {
		return false
	}
	key = strings.ToUpper(key)
	if strings.HasSuffix(key, "_FILE") || strings.HasSuffix(key, "_PATH") {
		return false
	}
	for word := range strings.FieldsFuncSeq(key, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		switch word {
		case "PASSWD", "PASSPHRASE", "PW", "PWD", "TOKEN", "APIKEY", "CREDENTIALS":
			return true
		}
		if strings.HasSuffix(word, "PASSWORD") || strings.HasSuffix(word, "SECRET") {
			return true
		}
	}
	return false
}
