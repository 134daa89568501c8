package cluster

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func inst(id, version string, s InstanceState) Instance {
	return Instance{ID: "shop." + id, Version: version, State: s, Host: "h1"}
}

func seen(deployment string, instances ...Instance) Seen {
	o := Observation{Version: "v2", Config: "v2", Wanted: 2, Instances: instances}
	if deployment != "" {
		o.Deployments = []string{deployment}
	}
	return Seen{o}
}

func failureOf(id, message string) *Failure {
	return &Failure{Instance: "shop." + id, Version: "v2", Host: "h1", State: "TASK_FAILED", Message: message}
}

// transcript is what a watch shows for inputs, and how it ends.
func transcript(w Watch, inputs ...Input) string {
	var b strings.Builder
	for _, in := range inputs {
		var lines []Line
		w, lines = w.Next(in)
		for _, l := range lines {
			fmt.Fprintf(&b, "%s: %s", l.ID, l.Text)
			switch {
			case l.Done:
				b.WriteString(" (done)")
			case l.Failed:
				b.WriteString(" (failed)")
			}
			b.WriteString("\n")
		}
	}
	if w.End != "" {
		fmt.Fprintf(&b, "end: %s", w.End)
		if w.Reason != "" {
			fmt.Fprintf(&b, ", %s", w.Reason)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestFollowing(t *testing.T) {
	goal := Goal{Deployment: Deployment{ID: "d1", Version: "v2", Failed: "shop.before"}, Wanted: 2, MaxFailures: 2}
	old := inst("old", "v1", Ready)
	gone := func() []Input {
		var in []Input
		for range patience {
			in = append(in, seen("", inst("aa", "v2", Ready)))
		}
		return in
	}
	for name, test := range map[string]struct {
		inputs []Input
		want   string
	}{
		"to the good end": {[]Input{
			seen("d1", old), seen("d1", old, inst("aa", "v2", Staging)), seen("d1", old, inst("aa", "v2", Staging)),
			seen("d1", inst("old", "v1", Ending), inst("aa", "v2", Ready)),
			seen("d1", inst("aa", "v2", Ready), inst("bb", "v2", Checking)), seen("", inst("aa", "v2", Ready), inst("bb", "v2", Ready)),
		}, `instance aa: launched on h1
instance old: old version: stopping on h1
instance aa: ready on h1 (done)
instance bb: running, health not known yet on h1
instance bb: ready on h1 (done)
end: healthy
`},
		"all are ready, but the deployment goes on": {[]Input{seen("d1", inst("aa", "v2", Ready), inst("bb", "v2", Ready))}, `instance aa: ready on h1 (done)
instance bb: ready on h1 (done)
`},
		"waiting for offers": {[]Input{
			Seen{Observation{Version: "v2", Deployments: []string{"d1"}, Waiting: &Waiting{Count: 2, Why: "not enough cpus"}}},
			Seen{Observation{Version: "v2", Deployments: []string{"d1"}, Waiting: &Waiting{Count: 2, Why: "not enough cpus"}}},
			seen("d1"),
			Deadline{},
		}, `waiting: 2 instances not launched yet: not enough cpus
waiting: all instances are launched (done)
end: timed_out, 0 of 2 instances ready
`},
		"not launched in time": {[]Input{
			Seen{Observation{Version: "v2", Deployments: []string{"d1"}, Waiting: &Waiting{Count: 2, Why: "not enough cpus"}}}, Deadline{},
		}, `waiting: 2 instances not launched yet: not enough cpus
end: timed_out, 0 of 2 instances ready; 2 instances not launched: not enough cpus
`},
		"instances fail": {[]Input{
			Heard{Event{Failure: failureOf("aa", "web exited with code 3\nmore")}},
			Heard{Event{Failure: failureOf("aa", "web exited with code 3")}},
			Seen{Observation{Version: "v2", Failure: failureOf("bb", "")}},
		}, `instance aa: on h1: web exited with code 3 (failed)
instance bb: on h1 (failed)
end: failing, 2 instances of the new version failed
`},
		"instances of the old version may fail": {[]Input{
			Heard{Event{Failure: &Failure{Instance: "shop.x", Version: "v1"}}}, Heard{Event{Failure: &Failure{Instance: "shop.y", Version: "v1"}}},
		}, ""},
		"one that failed before it does not count": {[]Input{
			Seen{Observation{Version: "v2", Failure: failureOf("before", "a missing secret")}}, Heard{Event{Failure: failureOf("aa", "x")}},
		}, "instance aa: on h1: x (failed)\n"},
		"not ready in time": {[]Input{seen("d1", inst("aa", "v2", Ready), inst("bb", "v2", Pulling)), Deadline{}}, `instance aa: ready on h1 (done)
instance bb: pulling images on h1
end: timed_out, 1 of 2 instances ready; instance bb is pulling images on h1
`},
		"the old ones do not end in time": {[]Input{seen("d1", inst("aa", "v2", Ready), inst("bb", "v2", Ready)), Deadline{}}, `instance aa: ready on h1 (done)
instance bb: ready on h1 (done)
end: timed_out, 2 of 2 instances ready; deployment d1 goes on
`},
		"somebody cancels, an event tells": {[]Input{Heard{Event{Ended: "d1", Cancelled: "The upgrade has been cancelled"}}}, "end: cancelled, The upgrade has been cancelled\n"},
		"somebody cancels another one":     {[]Input{Heard{Event{Ended: "d7", Cancelled: "The upgrade has been cancelled"}}}, ""},
		"somebody cancels, no event tells": {gone(), `instance aa: ready on h1 (done)
end: cancelled, the deployment has ended, and 1 of 2 instances ready
`},
		"somebody else deploys": {[]Input{Seen{Observation{Version: "v3", Config: "v3", Deployments: []string{"d3"}}}}, "end: superseded, version v3 was deployed meanwhile\n"},
		"nothing counts after the end": {[]Input{
			seen("", inst("aa", "v2", Ready), inst("bb", "v2", Ready)), Deadline{}, Heard{Event{Failure: failureOf("cc", "x")}},
		}, `instance aa: ready on h1 (done)
instance bb: ready on h1 (done)
end: healthy
`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, transcript(Watch{Goal: goal}, test.inputs...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFollowingAStop(t *testing.T) {
	goal := Goal{Deployment: Deployment{ID: "d1", Version: "v2"}}
	got := transcript(Watch{Goal: goal}, seen("d1", inst("aa", "v2", Ending)), seen(""), Seen{})
	want := "instance aa: stopping on h1\nend: healthy\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Who watches without having deployed anything waits for the instance that
// comes in the place of one that died: nothing was cancelled.
func TestWatchingWithoutADeployment(t *testing.T) {
	goal := Goal{Deployment: Deployment{Version: "v2"}, Wanted: 1}
	pulling := seen("", inst("aa", "v2", Pulling))
	got := transcript(Watch{Goal: goal}, pulling, pulling, pulling, pulling, pulling, seen("", inst("aa", "v2", Ready)))
	want := "instance aa: pulling images on h1\ninstance aa: ready on h1 (done)\nend: healthy\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A deployment that goes on, of whomever, may replace what is ready: `dce status`
// calls that not healthy.
func TestWatchingWhatAnotherDeploys(t *testing.T) {
	goal := Goal{Deployment: Deployment{Version: "v2"}, Wanted: 1}
	got := transcript(Watch{Goal: goal}, seen("d7", inst("aa", "v2", Ready)), seen("d7", inst("aa", "v2", Ready), inst("old", "v1", Ending)), seen("", inst("aa", "v2", Ready)))
	want := "instance aa: ready on h1 (done)\ninstance old: old version: stopping on h1\nend: healthy\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = transcript(Watch{Goal: goal}, Seen{Observation{Version: "v3", Config: "v3", Deployments: []string{"d7"}}})
	if want := "end: superseded, version v3 was deployed meanwhile\n"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestHowAnAppIsHealthy(t *testing.T) {
	for name, test := range map[string]struct {
		observation Observation
		want        bool
	}{
		"all are ready":        {Observation{Config: "v2", Wanted: 1, Instances: []Instance{inst("aa", "v2", Ready)}}, true},
		"one is not":           {Observation{Config: "v2", Wanted: 1, Instances: []Instance{inst("aa", "v2", Checking)}}, false},
		"a deployment goes on": {Observation{Config: "v2", Wanted: 1, Instances: []Instance{inst("aa", "v2", Ready)}, Deployments: []string{"d1"}}, false},
		"none is wanted":       {Observation{}, true},
		"the last one ends":    {Observation{Config: "v2", Instances: []Instance{inst("aa", "v2", Ending)}}, false},
	} {
		if got := test.observation.Healthy(); got != test.want {
			t.Errorf("%s: healthy %v", name, got)
		}
	}
}

func TestAScaleCountsInstancesOfTheirOwnVersion(t *testing.T) {
	goal := Goal{Deployment: Deployment{ID: "d1", Version: "v3"}, Wanted: 1}
	w, _ := Watch{Goal: goal}.Next(Seen{Observation{Version: "v3", Config: "v2", Instances: []Instance{inst("aa", "v2", Ready)}}})
	if w.End != Reached {
		t.Errorf("got %q (%s)", w.End, w.Reason)
	}
}

func TestNamesOfInstances(t *testing.T) {
	for id, want := range map[string]string{
		"shop_web.instance-3f2a1b2c-2fe7-4c33-974e-cad5c55c0fff._app.1": "instance 3f2a1b2c",
		"shop_web.instance-3f2a1b2c-2fe7-4c33-974e-cad5c55c0fff._app.4": "instance 3f2a1b2c start 4",
		"shop_web.3f2a1b2c-2fe7-11e6-974e-cad5c55c0fff":                 "instance 3f2a1b2c",
		"odd": "instance odd",
	} {
		if got := Name(id); got != want {
			t.Errorf("Name(%q) = %q, want %q", id, got, want)
		}
	}
}
