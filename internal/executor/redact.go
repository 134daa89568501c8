package executor

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
)

// hidden stands where a secret's value stood.
const hidden = "***"

// shortest is the length below which a value is not looked for in a text: it
// would be found everywhere. As the value of its key it goes all the same.
const shortest = 4

// redactor takes the values of secrets out of what an executor writes down or
// tells. What the services themselves write is theirs.
type redactor struct {
	keys   []string
	values *strings.Replacer // nil without any
}

// newRedactor knows the secret keys and their values by service, and the
// contents of secret files.
func newRedactor(keys []string, secrets map[string]map[string]string, files map[string]string) redactor {
	var values []string
	for _, of := range append(slices.Collect(maps.Values(secrets)), files) {
		for _, v := range of {
			if v = strings.TrimSpace(v); len(v) < shortest {
				continue
			}
			values = append(values, v)
			if escaped, err := json.Marshal(v); err == nil { // as it stands in a line of JSON
				values = append(values, string(escaped[1:len(escaped)-1]))
			}
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) }) // one may hold another
	r := redactor{keys: keys}
	var pairs []string
	for _, v := range slices.Compact(values) {
		pairs = append(pairs, v, hidden)
	}
	if len(pairs) > 0 {
		r.values = strings.NewReplacer(pairs...)
	}
	return r
}

// text is a text without the values.
func (r redactor) text(s string) string {
	if r.values == nil {
		return s
	}
	return r.values.Replace(s)
}

// json is a document without the values, and without the value of any KEY=VALUE
// whose key is a secret's.
func (r redactor) json(doc []byte) ([]byte, error) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(r.value(v))
	return out.Bytes(), err
}

func (r redactor) value(v any) any {
	switch v := v.(type) {
	case string:
		if key, _, ok := strings.Cut(v, "="); ok && slices.Contains(r.keys, key) {
			return key + "=" + hidden
		}
		return r.text(v)
	case []any:
		for i := range v {
			v[i] = r.value(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = r.value(v[k])
		}
	}
	return v
}

// writer passes on what is written, each write a whole line.
func (r redactor) writer(w io.Writer) io.Writer { return redacting{w, r} }

type redacting struct {
	to       io.Writer
	redactor redactor
}

// Write implements io.Writer.
func (w redacting) Write(line []byte) (int, error) {
	if _, err := io.WriteString(w.to, w.redactor.text(string(line))); err != nil {
		return 0, err
	}
	return len(line), nil
}
