package mesos

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// row is one line of a recorded conversation; testdata/wire/README.md says what
// the kinds mean.
type row struct {
	T          float64         `json:"t"`
	Conn       int             `json:"conn"`
	Kind       string          `json:"kind"`
	Method     string          `json:"method"`
	Path       string          `json:"path"`
	Headers    [][2]string     `json:"headers"`
	Transport  string          `json:"transport"`
	Status     int             `json:"status"`
	Reason     string          `json:"reason"`
	Length     int             `json:"length"`
	Chunks     []int           `json:"chunks"`
	Body       json.RawMessage `json:"body"`
	BodyRaw    *string         `json:"body_raw"`
	BodyBase64 string          `json:"body_base64"`
	Note       string          `json:"note"`
}

func (r row) header(name string) string {
	for _, h := range r.Headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

// bytes are those of the body on the wire.
func (r row) bytes(tb testing.TB) []byte {
	tb.Helper()
	switch {
	case r.BodyBase64 != "":
		b, err := base64.StdEncoding.DecodeString(r.BodyBase64)
		if err != nil {
			tb.Fatal(err)
		}
		return b
	case r.BodyRaw != nil:
		return []byte(*r.BodyRaw)
	default:
		var b bytes.Buffer
		if len(r.Body) > 0 {
			if err := json.Compact(&b, r.Body); err != nil {
				tb.Fatal(err)
			}
		}
		return b.Bytes()
	}
}

// event is the event of a record, from JSON or protobuf.
func (r row) event(tb testing.TB) *executor.Event {
	tb.Helper()
	ev := &executor.Event{}
	unmarshal := ev.UnmarshalJSON
	if r.BodyBase64 != "" {
		unmarshal = ev.Unmarshal
	}
	if err := unmarshal(r.bytes(tb)); err != nil {
		tb.Fatalf("the record at %v s: %v", r.T, err)
	}
	return ev
}

// call is the call of a request, nil for one that is none.
func (r row) call(tb testing.TB) *executor.Call {
	tb.Helper()
	c := &executor.Call{}
	unmarshal := c.UnmarshalJSON
	if r.header("Content-Type") == mediaType {
		unmarshal = c.Unmarshal
	}
	if unmarshal(r.bytes(tb)) != nil {
		return nil
	}
	return c
}

// scenarios names the recorded conversations in testdata/wire.
func scenarios(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "wire", "*.env.json"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no recorded conversations: %v", err)
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(filepath.Base(f), ".env.json")
	}
	return names
}

func recording(tb testing.TB, scenario string) []row {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "wire", scenario+".jsonl"))
	if err != nil {
		tb.Fatal(err)
	}
	var rows []row
	for line := range bytes.Lines(data) {
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			tb.Fatalf("%s, row %d: %v", scenario, len(rows)+1, err)
		}
		rows = append(rows, r)
	}
	return rows
}

// TestMesosGoKnowsWhatTheAgentSays holds that nothing an agent says is lost on
// the way through mesos-go's types.
func TestMesosGoKnowsWhatTheAgentSays(t *testing.T) {
	for _, s := range scenarios(t) {
		for i, r := range recording(t, s) {
			if r.Kind != "record" || r.BodyBase64 != "" {
				continue
			}
			encoded, err := r.event(t).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			ev, err := decode(encoded)
			if err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(ev)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(plain(t, r.Body), plain(t, again)); d != "" {
				t.Errorf("%s, row %d: %s", s, i+1, d)
			}
		}
	}
}

// plain decodes JSON and leaves out what mesos-go adds: ffjson writes empty lists
// as null, and a type that a framework left out of its ExecutorInfo is UNKNOWN.
func plain(tb testing.TB, text []byte) any {
	tb.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return withoutNull(v)
}

func withoutNull(v any) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, x any) bool { return x == nil || x == "UNKNOWN" })
		for k, x := range v {
			v[k] = withoutNull(x)
		}
	case []any:
		for i, x := range v {
			v[i] = withoutNull(x)
		}
	}
	return v
}

func (r row) String() string { return fmt.Sprintf("%s on %d at %v s", r.Kind, r.Conn, r.T) }
