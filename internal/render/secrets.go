package render

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// secretsRule takes the values of secret keys out of the environment and warns
// of keys that look like one.
func secretsRule(d *draft) {
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		for _, key := range sortedKeys(s.Environment) {
			value := s.Environment[key]
			switch {
			case value == nil || *value == "":
			case slices.Contains(d.in.Settings.Secrets, key):
				s.Environment[key] = nil
				d.changedFrom(d.at("services", name, "environment", key), "a secret, filled in when the container is created", "services", name, "environment", key)
			case looksSecret(key):
				d.problem(looksLikeSecret(name, key, d.at("services", name, "environment", key)))
			}
		}
	})
}

// looksSecret judges by the name alone. What ends in _FILE names a file.
func looksSecret(key string) bool {
	key = strings.ToUpper(key)
	if strings.HasSuffix(key, "_FILE") || strings.HasSuffix(key, "_PATH") {
		return false
	}
	return slices.ContainsFunc(strings.FieldsFunc(key, func(r rune) bool { return r == '_' || r == '-' || r == '.' }), func(word string) bool {
		switch word {
		case "PASSWORD", "PASSWD", "PASSPHRASE", "PW", "PWD", "SECRET", "TOKEN", "APIKEY", "CREDENTIALS", "WEBPASSWORD":
			return true
		}
		return strings.HasSuffix(word, "PASSWORD") || strings.HasSuffix(word, "SECRET")
	})
}
