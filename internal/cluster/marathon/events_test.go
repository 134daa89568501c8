package marathon

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/cluster"
)

func TestFramesOfEvents(t *testing.T) {
	for name, test := range map[string]struct {
		stream string
		want   string
	}{
		"one":                   {"event: deployment_success\ndata: {\"eventType\":\"deployment_success\",\"id\":\"d1\"}\n\n", "deployment_success d1"},
		"without a type":        {"event: deployment_success\ndata: {\"id\":\"d1\"}\n\n", "deployment_success d1"},
		"in several lines":      {"event: x\ndata: {\"id\":\ndata: \"d1\"}\n\n", "x d1"},
		"without blanks":        {"event:x\ndata:{\"id\":\"d1\"}\n\n", "x d1"},
		"with comments":         {": hello\n\nevent: x\ndata: {}\n\n", "x "},
		"with carriage returns": {"event: x\r\ndata: {\"id\":\"d1\"}\r\n\r\n", "x d1"},
		"cut off":               {"event: x\ndata: {\"id\":\"d1\"}\n", ""},
		"no JSON":               {"event: x\ndata: hello\n\nevent: y\ndata: {}\n\n", "y "},
		"a plan's id":           {"event: deployment_info\ndata: {\"plan\":{\"id\":\"d2\"}}\n\n", "deployment_info d2"},
		"nothing":               {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			if err := readEvents(strings.NewReader(test.stream), func(e Event) { got = append(got, e.Type+" "+e.ID) }); err != nil {
				t.Fatal(err)
			}
			if text := strings.Join(got, ", "); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
		})
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add("event: x\ndata: {\"id\":\"d1\"}\n\n")
	f.Add("data: [\n\nevent: y\r\ndata: {}\r\n\r\n")
	f.Fuzz(func(t *testing.T, stream string) {
		n := 0
		_ = readEvents(strings.NewReader(stream), func(e Event) {
			if n++; e.Type == "" {
				t.Error("an event without a type")
			}
		})
		if n > strings.Count(stream, "\n") {
			t.Errorf("%d events", n)
		}
	})
}

func TestAStreamThatBreaksBeginsAnew(t *testing.T) {
	attached := 0
	leader := serve(t, func(w http.ResponseWriter, r *http.Request) {
		attached++
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "event: status_update_event\ndata: {\"eventType\":\"status_update_event\",\"appId\":\"/x\",\"taskId\":\"t%d\",\"taskStatus\":\"TASK_FAILED\",\"version\":\"v1\"}\n\n", attached)
	})
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, leader.URL+r.URL.RequestURI(), http.StatusFound)
	})
	s := &Scheduler{Client: client(t, Options{URLs: []string{other.URL}}), ID: "/x"}
	ctx, cancel := context.WithCancel(t.Context())
	var failed []string
	s.Events(ctx, func(e cluster.Event) {
		if e.Failure != nil {
			failed = append(failed, e.Failure.Instance)
		}
		if len(failed) == 2 {
			cancel()
		}
	})
	if diff := cmp.Diff([]string{"t1", "t2"}, failed); diff != "" {
		t.Error(diff)
	}
}

func TestWhatEventsMean(t *testing.T) {
	s := &Scheduler{ID: "/x"}
	for name, test := range map[string]struct {
		event Event
		want  *cluster.Event
	}{
		"it is worth to ask":    {Event{Reconnected: true}, &cluster.Event{}},
		"a deployment succeeds": {Event{Type: "deployment_success", ID: "d1"}, &cluster.Event{Ended: "d1"}},
		"a step succeeds":       {Event{Type: "deployment_step_success", ID: "d1"}, &cluster.Event{}},
		"a deployment fails":    {Event{Type: "deployment_failed", ID: "d1"}, &cluster.Event{Ended: "d1", Cancelled: "the deployment was cancelled"}},
		"another app":           {Event{Type: "status_update_event", AppID: "/y", TaskStatus: "TASK_FAILED"}, nil},
		"a task runs":           {Event{Type: "status_update_event", AppID: "/x", TaskStatus: "TASK_RUNNING"}, &cluster.Event{}},
		"a task is killed":      {Event{Type: "status_update_event", AppID: "/x", TaskStatus: "TASK_KILLED"}, &cluster.Event{}},
		"a task fails": {
			Event{Type: "status_update_event", AppID: "/x", TaskStatus: "TASK_FAILED", TaskID: "t", Version: "v", Host: "h", Message: "m"},
			&cluster.Event{Failure: &cluster.Failure{Instance: "t", Version: "v", Host: "h", State: "TASK_FAILED", Message: "m"}},
		},
		"an unhealthy one is killed": {
			Event{Type: "unhealthy_instance_kill_event", AppID: "/x", InstanceID: "i", Version: "v", Reason: "r"},
			&cluster.Event{Failure: &cluster.Failure{Instance: "i", Version: "v", State: "unhealthy", Message: "killed, since it was not healthy: r"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := s.event(test.event)
			if ok != (test.want != nil) {
				t.Fatalf("got %v, %v", got, ok)
			}
			if ok {
				if diff := cmp.Diff(*test.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestWhyAnInstanceIsNotLaunched(t *testing.T) {
	queued := func(change func(*Queued)) *Queued {
		q := &Queued{Count: 2}
		q.Delay.Overdue = true
		change(q)
		return q
	}
	for name, test := range map[string]struct {
		queued *Queued
		want   string
	}{
		"no offers":   {queued(func(*Queued) {}), "no offer came yet from Mesos (no agent is free, or none for its role)"},
		"backing off": {queued(func(q *Queued) { q.Delay.Overdue, q.Delay.TimeLeftSeconds = false, 7 }), "the last one failed, so Marathon waits for 7 s before the next"},
		"no offer fits": {queued(func(q *Queued) {
			q.Offers.Processed = 3
			q.Offers.Last = []Reject{{"InsufficientCpus", 2, 3}, {"InsufficientMemory", 0, 1}, {"UnfulfilledConstraint", 1, 1}}
		}), "no offer fits: not enough cpus (2 of 3), a constraint does not hold (1 of 1)"},
		"offers came, none was refused": {queued(func(q *Queued) { q.Offers.Processed = 3 }), "waiting for the next offer"},
		"a reason that is new":          {queued(func(q *Queued) { q.Offers.Processed, q.Offers.Attempt = 1, []Reject{{"NewReason", 1, 1}} }), "no offer fits: NewReason (1 of 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := waiting(test.queued); got.Why != test.want || got.Count != 2 {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
	if waiting(nil) != nil || waiting(&Queued{}) != nil {
		t.Error("nobody waits, and is waited for")
	}
}
