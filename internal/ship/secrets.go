package ship

import (
	"strings"
)

// secretVariable is the variable of the executor that one of Marathon's
// secrets is given in.
func secretVariable(name string) string {
	return "DCE_SECRET_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, name)
}

// secretEnv are the executor's variables that Marathon fills, by source.
func (l *loaded) secretEnv() map[string]string {
	all := map[string]string{}
	for name, source := range l.config().App.Secrets {
		if path, ok := strings.CutPrefix(source, "marathon:"); ok {
			all[secretVariable(name)] = path
		}
	}
	return all
}

// secretSources tell the executor where secrets come from.
func (l *loaded) secretSources() map[string]string {
	all := map[string]string{}
	for name, source := range l.config().App.Secrets {
		if strings.HasPrefix(source, "marathon:") {
			source = "env:" + secretVariable(name)
		}
		all[name] = source
	}
	return all
}
