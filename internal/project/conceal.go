package project

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"dce/internal/credential"
	"dce/internal/diag"
)

// Where only references belong: what stands there and is none is perhaps the
// secret itself, written into the wrong place.
var (
	credentialKey = regexp.MustCompile(`(^|\.)credentials(\.|$)`)
	sourceKey     = regexp.MustCompile(`(^|\.)(app\.secrets(\.|$)|secrets\.)`)
	address       = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s'"]*`)
	userInfo      = regexp.MustCompile(`://[^/?#]*@`)
)

// IsSecretSource reports whether a text says where on a cluster a secret comes
// from, as app.secrets does.
func IsSecretSource(text string) bool {
	kind, rest, _ := strings.Cut(text, ":")
	return rest != "" && slices.Contains([]string{"marathon", "env", "file"}, kind)
}

// stars stand for what is not shown.
const stars = "***"

// masked is a text of a setting as it may be shown.
func masked(path, text string) string {
	switch {
	case text == "":
	case credentialKey.MatchString(path) && !credential.IsReference(text), sourceKey.MatchString(path) && !IsSecretSource(text):
		return stars
	}
	return address.ReplaceAllStringFunc(text, maskedAddress)
}

// maskedAddress leaves the name and the password out of an address; of what cannot
// be taken apart, all before the last @.
func maskedAddress(text string) string {
	at := strings.LastIndexByte(text, '@')
	u, err := url.Parse(text)
	switch {
	case at < 0 || err == nil && u.User == nil:
		return text
	case err == nil:
		return userInfo.ReplaceAllString(text, "://"+stars+"@")
	}
	scheme, _, _ := strings.Cut(text, "://")
	return scheme + "://" + stars + text[at:]
}

// Shown are the settings in effect as they may be shown: Origins, without
// credentials and the values of secrets that stand in them all the same.
func (c Config) Shown() []Setting {
	shown := slices.Clone(c.settings)
	for i, s := range shown {
		shown[i].Value = c.shown(s.Path, s.Value)
	}
	return shown
}

func (c Config) shown(path string, value any) any {
	switch value := value.(type) {
	case string:
		if c.ofSecret(path) {
			return stars
		}
		return masked(path, value)
	case []string:
		all := slices.Clone(value)
		for i, text := range all {
			all[i] = masked(path, text)
		}
		return all
	case []any:
		all := slices.Clone(value)
		for i, inner := range all {
			all[i] = c.shown(path, inner)
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for key, inner := range value {
			all[key] = c.shown(path+"."+key, inner)
		}
		return all
	}
	return value
}

// ofSecret: a variable that is named as a secret, with its value.
func (c Config) ofSecret(path string) bool {
	for _, prefix := range []string{"values.", "app.env.", "marathon.env."} {
		if name, ok := strings.CutPrefix(path, prefix); ok {
			_, mapped := c.App.Secrets[name]
			return mapped || slices.Contains(c.Render.Secrets, name)
		}
	}
	return false
}

// conceal notes the lines of settings that hold what is not to be shown.
func (s *source) conceal(n *yaml.Node, path string) {
	n = deref(n)
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for _, p := range pairs(n) {
			s.conceal(p.value, strings.TrimPrefix(path+"."+p.key.Value, "."))
		}
	case n.Kind == yaml.SequenceNode:
		for _, item := range items(n) {
			s.conceal(item, path)
		}
	case n.ShortTag() != "!!null" && masked(path, n.Value) != n.Value:
		s.concealLines(n.Line, n.Line+strings.Count(n.Value, "\n"))
	}
}

func (s *source) concealLines(from, to int) {
	if s.concealed == nil {
		s.concealed = map[int]bool{}
	}
	for line := from; line <= to; line++ {
		s.concealed[line] = true
	}
}

var credentialLine = regexp.MustCompile(`\b(basic|token)\b["']?\s*:\s*["']?([^\s"',}]+)`)

// concealText does what it can with a file that is not YAML.
func (s *source) concealText() {
	for i, line := range bytes.Split(s.data, []byte("\n")) {
		hides := maskedIn(string(line))
		for _, m := range credentialLine.FindAllSubmatch(line, -1) {
			hides = hides || !credential.IsReference(string(m[2]))
		}
		if hides {
			s.concealLines(i+1, i+1)
		}
	}
}

func maskedIn(text string) bool { return masked("", text) != text }

// veiled leaves the column out of a place whose line must not be shown. The line
// before one is shown too.
func (s *source) veiled(p diag.Pos) diag.Pos {
	if s.concealed[p.Line] || s.concealed[p.Line-1] {
		return p.Hidden()
	}
	return p
}

func (s *source) veil(l diag.List) diag.List {
	for i := range l {
		l[i].Pos = s.veiled(l[i].Pos)
		for j := range l[i].Related {
			l[i].Related[j].Pos = s.veiled(l[i].Related[j].Pos)
		}
	}
	return l
}
