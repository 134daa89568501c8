package marathon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dce/internal/cluster"
	"dce/internal/podlog"
)

// mesos is a Marathon, a master and an agent in one server, with one sandbox.
type mesos struct {
	mu    sync.Mutex
	files map[string]string // by path in the sandbox
	url   string
}

const (
	taskID  = "shop_web.instance-3f2a1b2c-2fe7-4c33-974e-cad5c55c0fff._app.1"
	sandbox = "/var/lib/mesos/run"
)

func (m *mesos) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	host := strings.TrimPrefix(m.url, "http://")
	at := strings.TrimPrefix(r.URL.Query().Get("path"), sandbox+"/")
	switch r.URL.Path {
	case "/v2/info":
		reply(w, 200, fmt.Sprintf(`{"frameworkId":"f1","marathon_config":{"mesos_leader_ui_url":%q}}`, m.url))
	case "/v2/apps/shop/web":
		reply(w, 200, fmt.Sprintf(`{"app":{"id":"/shop/web","tasks":[{"id":%q,"slaveId":"S0","state":"TASK_RUNNING"}]}}`, taskID))
	case "/slaves":
		reply(w, 200, fmt.Sprintf(`{"slaves":[{"id":"S0","pid":"slave(1)@%s"}]}`, host))
	case "/state":
		reply(w, 200, fmt.Sprintf(`{"frameworks":[{"id":"f0","executors":[{"id":"marathon-%s","directory":"/wrong"}]},{"id":"f1","executors":[{"id":"marathon-%s","directory":%q}]}]}`, taskID, taskID, sandbox))
	case "/files/browse":
		m.browse(w, strings.TrimPrefix(r.URL.Query().Get("path"), sandbox))
	case "/files/read":
		m.read(w, r, at)
	default:
		reply(w, 404, "")
	}
}

func (m *mesos) browse(w http.ResponseWriter, dir string) {
	var listed []map[string]any
	for name, text := range m.files {
		if path.Dir("/"+name) == path.Clean("/"+dir) {
			listed = append(listed, map[string]any{"path": sandbox + "/" + name, "size": len(text), "mode": "-rw-r--r--"})
		}
	}
	if listed == nil {
		reply(w, 404, "")
		return
	}
	body, _ := json.Marshal(listed)
	reply(w, 200, string(body))
}

func (m *mesos) read(w http.ResponseWriter, r *http.Request, name string) {
	text, ok := m.files[path.Clean(name)]
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	length, _ := strconv.Atoi(r.URL.Query().Get("length"))
	switch {
	case !ok:
		reply(w, 404, "")
	case offset < 0:
		reply(w, 200, fmt.Sprintf(`{"data":"","offset":%d}`, len(text)))
	default:
		end := min(len(text), offset+min(length, chunk))
		body, _ := json.Marshal(map[string]any{"data": strings.ToValidUTF8(text[min(offset, end):end], "\uFFFD"), "offset": offset})
		reply(w, 200, string(body))
	}
}

func newMesos(t *testing.T, files map[string]string) (*mesos, *Scheduler, *Sandboxes) {
	t.Helper()
	m := &mesos{files: files}
	s := serve(t, m.ServeHTTP)
	m.url = s.URL
	c := client(t, Options{URLs: []string{s.URL}})
	return m, &Scheduler{Client: c, ID: "/shop/web"}, NewSandboxes(c)
}

// read gives the logs as text, and what could not be read.
func read(t *testing.T, files map[string]string, o LogOptions) string {
	t.Helper()
	_, s, boxes := newMesos(t, files)
	var lines []string
	err := s.Logs(t.Context(), boxes, o, func(l LogLine) {
		name := l.Service
		if l.Stderr {
			name += "!"
		}
		lines = append(lines, name+" "+l.Text)
	}, func(instance string, err error) { lines = append(lines, fmt.Sprintf("%s: %v", instance, err)) })
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestLogsOfServices(t *testing.T) {
	files := map[string]string{
		"stdout": "all\n", "stderr": "executor\n",
		"dce-logs/web.stdout": "one\ntwo\nthree\n", "dce-logs/web.stderr": "oops\nno end", "dce-logs/web.stdout.1": "older\n", "dce-logs/db.stdout": "",
	}
	for name, test := range map[string]struct {
		files   map[string]string
		options LogOptions
		want    string
	}{
		"all":              {files, LogOptions{Tail: -1}, "web! oops\nweb older\nweb one\nweb two\nweb three\nweb! no end"},
		"the last line":    {files, LogOptions{Tail: 1}, "web three\nweb! no end"},
		"the last two":     {files, LogOptions{Tail: 2}, "web! oops\nweb two\nweb three\nweb! no end"},
		"none":             {files, LogOptions{Tail: 0}, ""},
		"of one service":   {files, LogOptions{Tail: -1, Services: []string{"db"}}, ""},
		"before a service": {map[string]string{"stdout": "", "stderr": "cannot begin\n"}, LogOptions{Tail: -1}, "executor! cannot begin"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, read(t, test.files, test.options)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// stamped is a log with a line for each of the texts, a minute between them.
func stamped(texts ...string) string {
	var b strings.Builder
	for i, text := range texts {
		fmt.Fprintf(&b, "%s%s\n", podlog.Stamp(noon().Add(time.Duration(i)*time.Minute)), text)
	}
	return b.String()
}

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func TestTheTimesOfLines(t *testing.T) {
	files := map[string]string{"dce-logs/web.stdout": stamped("one", "two", "three") + "no time\n", "stdout": podlog.Stamp(noon()) + "the executor's own\n"}
	for name, test := range map[string]struct {
		options LogOptions
		want    string
	}{
		"all":                      {LogOptions{Tail: -1}, "12:00 one\n12:01 two\n12:02 three\n00:00 no time"},
		"from a time on":           {LogOptions{Tail: -1, Since: noon().Add(time.Minute)}, "12:01 two\n12:02 three\n00:00 no time"},
		"from before the first on": {LogOptions{Tail: -1, Since: noon().Add(-time.Hour)}, "12:00 one\n12:01 two\n12:02 three\n00:00 no time"},
		"from after the last on":   {LogOptions{Tail: -1, Since: noon().Add(time.Hour)}, "00:00 no time"},
		"of the last three":        {LogOptions{Tail: 3, Since: noon().Add(2 * time.Minute)}, "12:02 three\n00:00 no time"},
	} {
		t.Run(name, func(t *testing.T) {
			_, s, boxes := newMesos(t, files)
			var lines []string
			err := s.Logs(t.Context(), boxes, test.options, func(l LogLine) {
				lines = append(lines, l.Time.Format("15:04 ")+l.Text)
			}, func(instance string, err error) { t.Errorf("%s: %v", instance, err) })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, strings.Join(lines, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An agent gives parts of a file; wherever the wanted lines begin, they come
// whole and all of them.
func TestTheLastOfALargeLog(t *testing.T) {
	texts := make([]string, 5000)
	for n := range texts {
		texts[n] = fmt.Sprintf("zeile %d: %s", n, strings.Repeat("grün ", n%7))
	}
	log := stamped(texts...)
	for name, o := range map[string]LogOptions{
		"by their number": {Tail: 3000},
		"by their time":   {Tail: -1, Since: noon().Add(2000 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Split(read(t, map[string]string{"dce-logs/web.stdout": log}, o), "\n")
			var want []string
			for _, text := range texts[2000:] {
				want = append(want, "web "+text)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALogLargerThanAnAgentGivesAtOnce(t *testing.T) {
	var b strings.Builder
	for n := range 20000 {
		fmt.Fprintf(&b, "zeile %d grün\n", n)
	}
	got := read(t, map[string]string{"dce-logs/web.stdout": b.String()}, LogOptions{Tail: -1})
	if want := "web " + strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\n", "\nweb "); got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	got = read(t, map[string]string{"dce-logs/web.stdout": b.String()}, LogOptions{Tail: 10000})
	if n := strings.Count(got, "\n") + 1; n != 10000 {
		t.Errorf("%d lines", n)
	}
}

// The lines of a stream are in several files when one of them has been turned
// over: the newest without a number, and the oldest with the highest.
func TestLinesOfFilesThatWereTurnedOver(t *testing.T) {
	all := strings.SplitAfter(stamped("a", "b", "c", "d", "e", "f"), "\n")
	files := map[string]string{"dce-logs/web.stdout.2": all[0] + all[1], "dce-logs/web.stdout.1": all[2] + all[3], "dce-logs/web.stdout": all[4] + all[5]}
	for name, test := range map[string]struct {
		options LogOptions
		want    string
	}{
		"all":                              {LogOptions{Tail: -1}, "a b c d e f"},
		"the last of the newest":           {LogOptions{Tail: 1}, "f"},
		"as many as the newest has":        {LogOptions{Tail: 2}, "e f"},
		"more than that":                   {LogOptions{Tail: 3}, "d e f"},
		"of all three":                     {LogOptions{Tail: 5}, "b c d e f"},
		"more than there are":              {LogOptions{Tail: 50}, "a b c d e f"},
		"from a time in the newest":        {LogOptions{Tail: -1, Since: noon().Add(5 * time.Minute)}, "f"},
		"from a time in the one before":    {LogOptions{Tail: -1, Since: noon().Add(3 * time.Minute)}, "d e f"},
		"from a time in the oldest":        {LogOptions{Tail: -1, Since: noon().Add(time.Minute)}, "b c d e f"},
		"from before all":                  {LogOptions{Tail: -1, Since: noon().Add(-time.Minute)}, "a b c d e f"},
		"the last three, from a time on":   {LogOptions{Tail: 3, Since: noon().Add(4 * time.Minute)}, "e f"},
		"from when the newest begins, all": {LogOptions{Tail: -1, Since: noon().Add(4 * time.Minute)}, "e f"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.ReplaceAll(strings.ReplaceAll(read(t, files, test.options), "web ", ""), "\n", " ")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A file that is turned over while it is followed is read to its end, also when
// the new one is as long already.
func TestFollowingAFileThatIsTurnedOver(t *testing.T) {
	for name, next := range map[string]string{"to a short one": "three\n", "to a longer one": "three\nfour\nfive\nsix\n"} {
		t.Run(name, func(t *testing.T) {
			m, s, boxes := newMesos(t, map[string]string{"dce-logs/web.stdout": "one\n", "dce-logs/web.stdout.1": "zero\n"})
			wants := strings.Fields("zero one two " + strings.ReplaceAll(next, "\n", " "))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var got []string
			err := s.Logs(ctx, boxes, LogOptions{Tail: -1, Follow: true, Every: time.Millisecond}, func(l LogLine) {
				got = append(got, l.Text)
				if l.Text == "one" {
					m.mu.Lock()
					m.files["dce-logs/web.stdout.2"], m.files["dce-logs/web.stdout.1"], m.files["dce-logs/web.stdout"] = "zero\n", "one\ntwo\n", next
					m.mu.Unlock()
				}
				if len(got) == len(wants) {
					cancel()
				}
			}, func(instance string, err error) { t.Errorf("%s: %v", instance, err) })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("interrupted, it came to %v", err)
			}
			if diff := cmp.Diff(wants, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLogsAreFollowed(t *testing.T) {
	m, s, boxes := newMesos(t, map[string]string{"dce-logs/web.stdout": "one\n"})
	wants := []string{"one", "two", "three", "turned over"}
	grow := map[string]string{"one": "one\ntwo\nthr", "two": "one\ntwo\nthree\n", "three": "turned over\n"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	err := s.Logs(ctx, boxes, LogOptions{Tail: -1, Follow: true, Every: time.Millisecond}, func(l LogLine) {
		got = append(got, l.Text)
		m.mu.Lock()
		if next, ok := grow[l.Text]; ok {
			m.files["dce-logs/web.stdout"] = next
		}
		m.mu.Unlock()
		if len(got) == len(wants) {
			cancel()
		}
	}, func(instance string, err error) { t.Errorf("%s: %v", instance, err) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted, it came to %v", err)
	}
	if diff := cmp.Diff(wants, got); diff != "" {
		t.Error(diff)
	}
}

func TestHowFarAPodIsThatDoesNotRunYet(t *testing.T) {
	for name, test := range map[string]struct {
		timeline string
		want     cluster.InstanceState
		note     string
	}{
		"pulling":        {`{"state":"staging","event":"launch"}`, cluster.Pulling, ""},
		"starting":       {"{\"state\":\"staging\"}\n{\"state\":\"starting\",\"event\":\"prepared\"}\n", cluster.Starting, ""},
		"one container":  {`{"state":"starting","event":"container","service":"web","detail":"running, starting"}`, cluster.Starting, "web running, starting"},
		"ending":         {`{"state":"stopping"}`, cluster.Ending, ""},
		"something else": {`{"state":"dancing"}`, "", ""},
		"half a line":    {`{"state":"star`, "", ""},
		"nothing":        {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, boxes := newMesos(t, map[string]string{timeline: test.timeline})
			state, note := boxes.Progress(t.Context(), Task{ID: taskID, SlaveID: "S0"})
			if state != test.want || note != test.note {
				t.Errorf("got %q, %q", state, note)
			}
		})
	}
	_, _, boxes := newMesos(t, nil)
	if state, _ := boxes.Progress(t.Context(), Task{ID: "other.1", SlaveID: "S0"}); state != "" {
		t.Errorf("a task without a sandbox is %q", state)
	}
}
