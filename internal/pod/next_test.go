package pod

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var t0 = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }

func up(service string) Observed {
	return Observed{Container{Service: service, Name: service + "-1", State: Up, StartedAt: t0}}
}

// checked is web after a healthcheck.
func checked(h Health) Observed {
	o := up("web")
	o.Container.Healthcheck, o.Container.Health = true, h
	return o
}

func exited(service string, code, second int) Observed {
	o := up(service)
	o.Container.State, o.Container.ExitCode, o.Container.EndedAt = Exited, code, at(second)
	return o
}

func oomKilled(service string, second int) Observed {
	o := exited(service, 137, second)
	o.Container.OOMKilled = true
	return o
}

func gone(service string) Observed {
	o := up(service)
	o.Container.State = Gone
	return o
}

// running is a pod of infra, web and db that came up without trouble.
var running = []Event{Launch{}, Prepared{}, up("infra"), up("db"), up("web"), Started{}}

func after(events ...Event) []Event { return append(append([]Event{}, running...), events...) }

// transcript is what a pod does about a row of events, and where it ends.
func transcript(rules Rules, events []Event) string {
	p := Pod{State: Idle, Rules: rules}
	var b strings.Builder
	for _, e := range events {
		var effects []Effect
		p, effects = Next(p, e)
		for _, f := range effects {
			fmt.Fprintln(&b, f)
		}
	}
	fmt.Fprintf(&b, "= %s", p.State)
	if p.Reason.Cause != CauseNone {
		fmt.Fprintf(&b, " because of %s", p.Reason.Cause)
	}
	if p.Reason.Service != "" {
		fmt.Fprintf(&b, " of %s (%d) after %s", p.Reason.Service, p.Reason.ExitCode, p.Reason.After)
	}
	if p.Reason.Memory > 0 {
		fmt.Fprintf(&b, " at %d", p.Reason.Memory)
	}
	return b.String()
}

const cameUp = `report staging
prepare
report starting
start
clear launch timer
report running
`

const stops = `clear launch timer
clear engine timer
report stopping
`

func TestNext(t *testing.T) {
	service := Rules{Infra: "infra", Expect: map[string]int{"infra": 1, "web": 1, "db": 1}}
	with := func(change func(*Rules)) Rules {
		r := service
		change(&r)
		return r
	}
	tests := map[string]struct {
		rules  Rules
		events []Event
		want   string
	}{
		"a pod comes up when everything was started": {
			service, running, cameUp + "= running",
		},
		"a pod is not running before the last container was seen": {
			service,
			[]Event{Launch{}, Prepared{}, up("infra"), Started{}, up("db")},
			"report staging\nprepare\nreport starting\nstart\n= starting",
		},
		"a pod is not running before its healthchecks pass": {
			service,
			[]Event{Launch{}, Prepared{}, up("infra"), up("db"), checked(HealthStarting), Started{}},
			"report staging\nprepare\nreport starting\nstart\n= starting",
		},
		"a pod runs when the last healthcheck passes": {
			service,
			[]Event{Launch{}, Prepared{}, up("infra"), up("db"), checked(HealthStarting), Started{}, checked(Healthy)},
			cameUp + "= running",
		},
		"running at start does not wait for health and reports it later": {
			with(func(r *Rules) { r.RunningAtStart = true }),
			[]Event{Launch{}, Prepared{}, up("infra"), up("db"), checked(HealthStarting), Started{}, checked(Healthy)},
			cameUp + "report running\n= running",
		},
		"a one-shot that has ended well does not keep a pod from running": {
			service,
			[]Event{Launch{}, Prepared{}, up("infra"), exited("db", 0, 1), up("web"), Started{}},
			cameUp + "= running",
		},
		"a launch timeout is set and cleared": {
			with(func(r *Rules) { r.LaunchTimeout = time.Minute }), running,
			"report staging\nset launch timer to 1m0s\nprepare\nreport starting\nstart\nclear launch timer\nreport running\n= running",
		},
		"a failed preparation ends the pod, and what it left is stopped": {
			service,
			[]Event{Launch{}, Prepared{Err: "image not found"}, Stopped{}, Removed{}},
			"report staging\nprepare\n" + stops + "stop\nreport failed\nremove\nexit\n= failed because of prepare",
		},
		"a failed start ends the pod": {
			service,
			[]Event{Launch{}, Prepared{}, Started{Err: "port taken"}, Stopped{}, Removed{}},
			"report staging\nprepare\nreport starting\nstart\n" + stops + "stop\nreport failed\nremove\nexit\n= failed because of start",
		},
		"a service that exits with a code ends the pod": {
			service, after(exited("web", 3, 130), Stopped{}, Removed{}),
			cameUp + stops + "stop with evidence of web-1\nreport failed\nremove\nexit\n= failed because of exit of web (3) after 2m10s",
		},
		"a service that exits with 0 ends nothing while another one lives": {
			service, after(exited("web", 0, 5)), cameUp + "= running",
		},
		"a service pod with nothing left has failed": {
			service, after(exited("web", 0, 5), exited("db", 0, 6), Stopped{}),
			cameUp + stops + "stop\nreport failed\nremove\n= failed because of all_exited",
		},
		"a job with nothing left has finished": {
			with(func(r *Rules) { r.Job = true }), after(exited("web", 0, 5), exited("db", 0, 6), Stopped{}, Removed{}),
			cameUp + stops + "stop\nreport finished\nremove\nexit\n= finished because of job_finished",
		},
		"a job that ended before it was seen running has finished": {
			with(func(r *Rules) { r.Job = true }),
			[]Event{Launch{}, Prepared{}, up("infra"), exited("db", 0, 1), exited("web", 0, 2), Started{}},
			"report staging\nprepare\nreport starting\nstart\n" + stops + "stop\n= stopping because of job_finished",
		},
		"the end of infra ends the pod, also with 0": {
			service, after(exited("infra", 0, 9)),
			cameUp + stops + "stop with evidence of infra-1\n= stopping because of infra of infra (0) after 9s",
		},
		"an engine that is gone after it has ended infra was stopped": {
			service, after(exited("infra", 0, 9), Stopped{Away: true}, Removed{}),
			cameUp + stops + "stop with evidence of infra-1\nreport failed\nremove\nexit\n= failed because of engine_restart",
		},
		"one that is gone after the last service has ended was stopped": {
			service, after(exited("web", 0, 8), exited("db", 0, 9), Stopped{Away: true}, Removed{}),
			cameUp + stops + "stop\nreport failed\nremove\nexit\n= failed because of engine_restart",
		},
		"one that goes and comes back while the pod stops was restarted": {
			service, after(exited("infra", 0, 9), EngineLost{}, EngineBack{}, Listed{}, Stopped{}, Removed{}),
			cameUp + stops + "stop with evidence of infra-1\nclear engine timer\nreport failed\nremove\nexit\n= failed because of engine_restart",
		},
		"and one that is gone after a service has crashed was not the reason": {
			service, after(exited("web", 3, 9), Stopped{Away: true}, Removed{}),
			cameUp + stops + "stop with evidence of web-1\nreport failed\nremove\nexit\n= failed because of exit of web (3) after 9s",
		},
		"an unhealthy service ends the pod": {
			service, after(checked(Healthy), checked(Unhealthy)),
			cameUp + stops + "stop with evidence of web-1\n= stopping because of unhealthy of web (0) after 0s",
		},
		"a container killed at its memory limit ends the pod": {
			service, after(oomKilled("web", 4)),
			cameUp + stops + "stop with evidence of web-1\n= stopping because of oom of web (137) after 4s",
		},
		"the reason has the limit that was met": {
			with(func(r *Rules) { r.Memory = map[string]int64{"web": 64 << 20, "db": 32 << 20} }), after(oomKilled("db", 4)),
			cameUp + stops + "stop with evidence of db-1\n= stopping because of oom of db (137) after 4s at 33554432",
		},
		"also where it is told behind the end": {
			with(func(r *Rules) { r.Memory = map[string]int64{"web": 64 << 20} }), after(exited("web", 137, 4), oomKilled("web", 4)),
			cameUp + stops + "stop with evidence of web-1\n= stopping because of oom of web (137) after 4s at 67108864",
		},
		"an exit has no limit": {
			with(func(r *Rules) { r.Memory = map[string]int64{"web": 64 << 20} }), after(exited("web", 137, 4)),
			cameUp + stops + "stop with evidence of web-1\n= stopping because of exit of web (137) after 4s",
		},
		"an OOM that is told behind the end is the reason all the same": {
			service, after(exited("web", 137, 4), oomKilled("web", 4)),
			cameUp + stops + "stop with evidence of web-1\n= stopping because of oom of web (137) after 4s",
		},
		"that of a container that ended later is not": {
			service, after(exited("web", 137, 4), exited("db", 137, 5), oomKilled("db", 5)),
			cameUp + stops + "stop with evidence of web-1\n= stopping because of exit of web (137) after 4s",
		},
		"a survivor of an OOM that ends well later is no victim": {
			service, after(Observed{Container{Service: "web", Name: "web-1", State: Exited, OOMKilled: true, EndedAt: at(3)}}),
			cameUp + "= running",
		},
		"a container that somebody removed ends the pod": {
			service, after(gone("web")), cameUp + stops + "stop with evidence of web-1\n= stopping because of removed of web (0) after 0s",
		},
		"a container that the engine takes back, since it cannot be made, leaves the reason to the start": {
			service,
			[]Event{
				Launch{}, Prepared{}, Observed{Container{Service: "web", Name: "web-1", State: Gone}}, Started{Err: "no such device"}, Stopped{}, Removed{},
			},
			"report staging\nprepare\nreport starting\nstart\n" + stops + "stop\nreport failed\nremove\nexit\n= failed because of start",
		},
		"an ended one-shot that somebody removes ends nothing": {
			service, after(exited("db", 0, 1), gone("db")), cameUp + "= running",
		},
		"a full list without a container means that it is gone": {
			service, after(EngineLost{}, EngineBack{}, up("infra"), up("web"), Listed{Names: []string{"infra-1", "web-1"}}),
			cameUp + "clear engine timer\n" + stops + "stop with evidence of db-1\n= stopping because of removed of db (0) after 0s",
		},
		"the first failure seen is the reason, a second one does not change it": {
			with(func(r *Rules) { r.Expect["x"] = 0 }),
			[]Event{Launch{}, Prepared{}, up("infra"), exited("web", 2, 9), exited("db", 1, 3)},
			"report staging\nprepare\nreport starting\nstart\nreport aborting\ncancel\n= aborting because of exit of web (2) after 9s",
		},
		"a service that fails while others start aborts the start before anything is stopped": {
			service,
			[]Event{Launch{}, Prepared{}, up("infra"), exited("db", 1, 2), Started{Err: "canceled"}, Stopped{}, Removed{}},
			"report staging\nprepare\nreport starting\nstart\nreport aborting\ncancel\n" + stops +
				"stop with evidence of db-1\nreport failed\nremove\nexit\n= failed because of exit of db (1) after 2s",
		},
		"a kill before the launch ends at once": {
			service, []Event{Kill{By: "user"}}, "report killed\nexit\n= killed because of kill",
		},
		"a kill while pulling waits for the pull to return": {
			service,
			[]Event{Launch{}, Kill{Grace: 5 * time.Second}, Kill{Grace: 3 * time.Second}, Prepared{Err: "canceled"}, Stopped{}, Removed{}},
			"report staging\nprepare\nreport aborting\ncancel\nhasten to 5s\nhasten to 3s\n" + stops + "stop by 3s\nreport killed\nremove\nexit\n= killed because of kill",
		},
		"a kill while starting waits for the start to return": {
			service,
			[]Event{Launch{}, Prepared{}, up("infra"), Kill{}, up("db"), Started{}, Stopped{}, Removed{}},
			"report staging\nprepare\nreport starting\nstart\nreport aborting\ncancel\n" + stops + "stop\nreport killed\nremove\nexit\n= killed because of kill",
		},
		"a kill while a failed pod's start returns hastens its stop, one with more time does not": {
			with(func(r *Rules) { r.StopTimeout = time.Minute }),
			[]Event{Launch{}, Prepared{}, exited("web", 1, 1), Kill{Grace: time.Hour}, Kill{Grace: time.Second}, Started{}},
			"report staging\nprepare\nreport starting\nstart\nreport aborting\ncancel\nhasten to 1m0s\nhasten to 1s\n" + stops +
				"stop by 1s with evidence of web-1\n= stopping because of exit of web (1) after 1s",
		},
		"a kill while waiting for health stops at once": {
			service,
			[]Event{Launch{}, Prepared{}, up("infra"), up("db"), checked(HealthStarting), Started{}, Kill{}},
			"report staging\nprepare\nreport starting\nstart\n" + stops + "stop\n= stopping because of kill",
		},
		"timeouts.stop bounds the stop of a pod that has failed by itself, too": {
			with(func(r *Rules) { r.StopTimeout = time.Minute }), after(exited("web", 3, 9)),
			cameUp + stops + "stop by 1m0s with evidence of web-1\n= stopping because of exit of web (3) after 9s",
		},
		"a second kill with a shorter grace hastens, one with a longer does not": {
			service, after(Kill{Grace: 10 * time.Second}, Kill{Grace: 20 * time.Second}, Kill{}, Kill{Now: true}, Kill{Now: true}),
			cameUp + stops + "stop by 10s\nhasten to 1ns\n= stopping because of kill",
		},
		"a kill after a failure does not turn it into a kill": {
			service, after(exited("web", 1, 1), Kill{}, Stopped{}),
			cameUp + stops + "stop with evidence of web-1\nreport failed\nremove\n= failed because of exit of web (1) after 1s",
		},
		"a failed pod can be kept for inspection": {
			with(func(r *Rules) { r.KeepFailed = true }), after(exited("web", 1, 1), Stopped{}),
			cameUp + stops + "stop with evidence of web-1\nreport failed\nkeep\n= failed because of exit of web (1) after 1s",
		},
		"keeping failed pods does not keep a killed one": {
			with(func(r *Rules) { r.KeepFailed = true }), after(Kill{}, Stopped{}),
			cameUp + stops + "stop\nreport killed\nremove\n= killed because of kill",
		},
		"a pod not running in time has failed, and names what it waits for": {
			with(func(r *Rules) { r.LaunchTimeout = time.Minute }),
			[]Event{Launch{}, Prepared{}, up("infra"), up("db"), checked(HealthStarting), Started{}, TimedOut{TimerLaunch}},
			"report staging\nset launch timer to 1m0s\nprepare\nreport starting\nstart\n" + stops + "stop\n= stopping because of launch_time of web (0) after 1m0s",
		},
		"a pod of which nothing runs in time waits for infra": {
			with(func(r *Rules) { r.LaunchTimeout = time.Minute }),
			[]Event{Launch{}, Prepared{}, TimedOut{TimerLaunch}},
			"report staging\nset launch timer to 1m0s\nprepare\nreport starting\nstart\nreport aborting\ncancel\n" +
				"= aborting because of launch_time of infra (0) after 1m0s",
		},
		"a launch timer that fires late means nothing": {
			service, after(TimedOut{TimerLaunch}), cameUp + "= running",
		},
		"an engine out of reach for too long ends the pod": {
			with(func(r *Rules) { r.EngineTimeout = time.Minute }), after(EngineLost{}, EngineLost{}, TimedOut{TimerEngine}),
			cameUp + "set engine timer to 1m0s\n" + stops + "stop\n= stopping because of engine",
		},
		"an engine that came back in time ends nothing": {
			with(func(r *Rules) { r.EngineTimeout = time.Minute }), after(EngineLost{}, EngineBack{}, TimedOut{TimerEngine}),
			cameUp + "set engine timer to 1m0s\nclear engine timer\n= running",
		},
		"an engine that stopped the containers while it was away is the reason": {
			service, after(EngineLost{}, EngineBack{}, exited("web", 143, 3), exited("db", 0, 2), exited("infra", 0, 4), Listed{Names: []string{"infra-1", "web-1", "db-1"}}),
			cameUp + "clear engine timer\n" + stops + "stop\n= stopping because of engine_restart",
		},
		"a service that failed while the engine was away is the reason": {
			service, after(EngineLost{}, EngineBack{}, exited("web", 3, 3), up("db"), up("infra"), Listed{Names: []string{"infra-1", "web-1", "db-1"}}),
			cameUp + "clear engine timer\n" + stops + "stop with evidence of web-1\n= stopping because of exit of web (3) after 3s",
		},
		"without infra, an engine that stopped everything is the reason": {
			with(func(r *Rules) { r.Infra = "" }), after(EngineLost{}, EngineBack{}, gone("infra"), exited("web", 0, 3), exited("db", 0, 2), exited("infra", 0, 2), Listed{Names: []string{"web-1", "db-1", "infra-1"}}),
			cameUp + "clear engine timer\n" + stops + "stop\n= stopping because of engine_restart",
		},
		"a health that changed while the engine was away is told": {
			service,
			[]Event{Launch{}, Prepared{}, up("infra"), up("db"), checked(Healthy), Started{}, EngineLost{}, EngineBack{}, checked(HealthStarting), up("db"), up("infra"), Listed{Names: []string{"infra-1", "web-1", "db-1"}}},
			cameUp + "clear engine timer\nreport running\n= running",
		},
		"any exit ends the pod when it is told so": {
			with(func(r *Rules) { r.AbortOnExit = true }), after(exited("web", 0, 1), Stopped{}),
			cameUp + stops + "stop with evidence of web-1\nreport finished\nremove\n= finished because of exit of web (0) after 1s",
		},
		"a tolerant pod lives on without the service that failed": {
			with(func(r *Rules) { r.Tolerate = true }), after(exited("web", 1, 1)), cameUp + "= running",
		},
		"a tolerant pod that lost all its services has failed": {
			with(func(r *Rules) { r.Tolerate = true }), after(exited("web", 1, 1), exited("db", 0, 2)),
			cameUp + stops + "stop with evidence of web-1\n= stopping because of exit of web (1) after 1s",
		},
		"events after the end change nothing": {
			service, after(Kill{}, Stopped{}, Removed{}, Removed{}, exited("web", 1, 1), Kill{}, Stopped{}, Launch{}, Prepared{}, Started{}),
			cameUp + stops + "stop\nreport killed\nremove\nexit\n= killed because of kill",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, transcript(tt.rules, tt.events)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNextLeavesItsArgumentAlone(t *testing.T) {
	p := Pod{State: Running, Containers: map[string]Container{"web-1": {Service: "web", Name: "web-1", State: Up}}}
	Next(p, exited("web", 1, 1))
	Next(p, Listed{})
	if got := p.Containers["web-1"].State; got != Up {
		t.Errorf("the pod given to Next was changed: web-1 is %s", got)
	}
}
