package agent

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// row is one line of a recording, of the executor's or of the scheduler's file.
type row struct {
	T       float64
	Conn    int
	Dir     string
	Kind    string
	Status  int
	Headers [][2]string
	Method  string
	Path    string
	Note    string

	Transport string
	Type      string
	Body      json.RawMessage
	Raw       string `json:"body_raw"`
	Base64    []byte `json:"body_base64"`
}

func (r row) fromScheduler() bool { return strings.Contains(r.Dir, "scheduler") }

func (r row) bytes(t *testing.T) []byte {
	t.Helper()
	switch {
	case r.Raw != "":
		return []byte(r.Raw)
	case r.Body != nil:
		return compact(t, r.Body)
	}

	return r.Base64
}

func compact(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatalf("compacting %s: %v", data, err)
	}

	return b.Bytes()
}

func readRows(t *testing.T, path string) []row {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range bytes.Lines(data) {
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows = append(rows, r)
	}

	return rows
}

// recordedIDs are the names that the recording and the replay must share.
type recordedIDs struct {
	framework mesos.FrameworkInfo
	executor  string
	agent     string
	container string
}

func idsOf(t *testing.T, rows []row) recordedIDs {
	t.Helper()
	for _, r := range rows {
		if r.Kind != "record" {
			continue
		}
		event := decodeEvent(t, r)
		if s := event.Subscribed; s != nil {
			return recordedIDs{s.FrameworkInfo, s.ExecutorInfo.ExecutorID.Value, s.AgentInfo.ID.Value, s.ContainerID.Value}
		}
	}
	t.Fatal("no SUBSCRIBED in the recording")

	return recordedIDs{}
}

func decodeEvent(t *testing.T, r row) *executor.Event {
	t.Helper()
	event := &executor.Event{}
	var err error
	if r.Body != nil {
		err = unmarshalJSON(r.Body, event)
	} else {
		err = event.Unmarshal(r.Base64)
	}
	if err != nil {
		t.Fatalf("reading a recorded event: %v", err)
	}

	return event
}

// latin1 gives the bytes of a recorded header value.
func latin1(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}

	return string(b)
}
