package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

func TestCallsAreRefusedInTheWordsOfMesos(t *testing.T) {
	t.Parallel()
	// What the recordings do not have; the words are those of the same code paths.
	tests := map[string]struct {
		contentType, body string
		want              answer
	}{
		"an error on the second line": {typeJSON, "{\n\"a\": x}\nmore", answer{400, "Failed to parse body into JSON: syntax error at line 2 near: x}"}},
		"a string for a message":      {typeJSON, `{"executor_id":"ex"}`, answer{400, "Failed to convert JSON into Call protobuf: Not expecting a JSON string for field 'executor_id'"}},
		"an array for a string":       {typeJSON, `{"executor_id":{"value":[]}}`, answer{400, "Failed to convert JSON into Call protobuf: Not expecting a JSON array for field 'value'"}},
		"a boolean for a message":     {typeJSON, `{"executor_id":true}`, answer{400, "Failed to convert JSON into Call protobuf: Not expecting a JSON boolean for field 'executor_id'"}},
		"an object for a string":      {typeJSON, `{"executor_id":{"value":{}}}`, answer{400, "Failed to convert JSON into Call protobuf: Not expecting a JSON object for field 'value'"}},
		"a field missing in a list": {
			typeJSON, `{"executor_id":{"value":"e"},"framework_id":{"value":"f"},"type":"SUBSCRIBE","subscribe":{"unacknowledged_updates":[{"status":{}}]}}`,
			answer{400, "Failed to convert JSON into Call protobuf: Missing required fields: subscribe.unacknowledged_updates[0].status.task_id, subscribe.unacknowledged_updates[0].status.state"},
		},
		"protobuf without a type": {typeProtobuf, "\x0a\x03\x0a\x01e\x12\x03\x0a\x01f", answer{400, "Failed to validate Executor::Call: Expecting 'type' to be present"}},
	}
	for name, test := range tests {
		_, refusal := parseCall(test.contentType, []byte(test.body))
		if refusal == nil {
			t.Errorf("%s: taken", name)

			continue
		}
		if diff := cmp.Diff(test.want, *refusal, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheEventStreamIsOfTheTypeThatIsAccepted(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": typeJSON, "*/*": typeJSON, typeProtobuf: typeProtobuf, typeProtobuf + ", " + typeJSON: typeJSON,
		"application/*": typeJSON, "text/html": "", "application/json;q=0, " + typeProtobuf: typeProtobuf,
	} {
		if got := acceptable(accept); got != want {
			t.Errorf("Accept: %s gives %q, want %q", accept, got, want)
		}
	}
}

func TestDurationsAreWrittenAsMesosDoes(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		5 * time.Second: "5secs", 15 * time.Minute: "15mins", 2 * time.Hour: "2hrs", 90 * time.Second: "90secs",
		1500 * time.Millisecond: "1500ms", 7 * time.Microsecond: "7us", 3: "3ns", 48 * time.Hour: "2days", 336 * time.Hour: "2weeks",
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
	}
}

func TestTheTreeOfAProcess(t *testing.T) {
	t.Parallel()
	processes := []processStat{
		{pid: 1, parent: 0, session: 1},
		{pid: 10, parent: 1, session: 10, zombie: true}, // the leader, dead
		{pid: 11, parent: 1, session: 10},               // of its session, adopted by init
		{pid: 13, parent: 12, session: 13},              // a grandchild in its own session
		{pid: 12, parent: 11, session: 12},
		{pid: 20, parent: 1, session: 20}, // somebody else's
	}
	if diff := cmp.Diff([]int{11, 13, 12}, descendants(processes, 10)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

// FuzzCall holds that no call upsets the parser, and that what is taken can be written and read again unchanged.
func FuzzCall(f *testing.F) {
	recordings, err := filepath.Glob("testdata/wire/*.jsonl")
	if err != nil || len(recordings) == 0 {
		f.Fatalf("no recordings: %v", err)
	}
	for _, path := range recordings {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			if _, body, ok := bytes.Cut(line, []byte(`"transport":"tcp","body":`)); ok {
				f.Add(true, bytes.TrimSuffix(bytes.TrimSpace(body), []byte("}")))
			}
		}
	}
	f.Add(false, []byte("\x0a\x03\x0a\x01e\x12\x03\x0a\x01f\x18\x01\x22\x00"))
	f.Fuzz(func(t *testing.T, isJSON bool, body []byte) {
		contentType := typeProtobuf
		if isJSON {
			contentType = typeJSON
		}
		call, refusal := parseCall(contentType, body)
		if refusal != nil {
			return
		}
		written := marshalJSON(call)
		again := &executor.Call{}
		if err := unmarshalJSON(written, again); err != nil {
			t.Fatalf("reading %s again: %v", written, err)
		}
		if got := marshalJSON(again); !bytes.Equal(written, got) {
			t.Fatalf("%s became %s", written, got)
		}
	})
}
