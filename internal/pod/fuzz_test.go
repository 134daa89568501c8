package pod

import (
	"testing"
	"time"
)

// FuzzNext holds what must be true of a pod whatever happens to it, in any order.
func FuzzNext(f *testing.F) {
	f.Add([]byte{0, 1, 4, 5, 6, 2, 13, 14, 15}, uint8(0))
	f.Add([]byte{0, 1, 4, 9, 3, 14, 15}, uint8(1))
	f.Add([]byte{0, 10, 11, 1, 14, 15, 2, 6}, uint8(2))
	f.Add([]byte{0, 1, 4, 5, 6, 2, 7, 8, 9, 12, 13, 14, 15}, uint8(255))
	f.Fuzz(func(t *testing.T, steps []byte, choices uint8) {
		life := &life{t: t}
		p := Pod{State: Idle, Rules: fuzzRules(choices)}
		for _, s := range steps {
			var effects []Effect
			p, effects = Next(p, fuzzEvent(s))
			for _, e := range effects {
				life.see(p, e)
			}
		}
	})
}

func fuzzRules(choices uint8) Rules {
	r := Rules{
		Infra:          "infra",
		Job:            choices&1 != 0,
		RunningAtStart: choices&2 != 0,
		Tolerate:       choices&4 != 0,
		AbortOnExit:    choices&8 != 0,
		KeepFailed:     choices&16 != 0,
	}
	if choices&32 != 0 {
		r.Expect = map[string]int{"infra": 1, "web": 1, "db": 1}
	}
	if choices&64 != 0 {
		r.LaunchTimeout, r.EngineTimeout = time.Minute, time.Minute
	}
	if choices&128 != 0 {
		r.StopTimeout = time.Second
	}
	return r
}

func fuzzEvent(s byte) Event {
	events := []Event{
		Launch{},
		Prepared{},
		Started{},
		Prepared{Err: "x"},
		up("infra"), up("db"), up("web"), checked(Unhealthy), checked(Healthy),
		exited("web", int(s>>4), 1),
		Kill{Grace: time.Duration(s>>4) * time.Second},
		Kill{Now: true},
		Listed{Names: []string{"infra-1", "web-1"}},
		EngineLost{},
		Stopped{},
		Removed{},
	}
	extra := []Event{
		Started{Err: "x"},
		EngineBack{},
		TimedOut{TimerLaunch},
		TimedOut{TimerEngine},
		exited("infra", 0, 2), oomKilled("db", 3), gone("web"),
		Stopped{Err: "x"},
	}
	if s >= 240 {
		return extra[s%8]
	}
	return events[s%16]
}

// life is what has been seen of a pod's effects so far.
type life struct {
	t        *testing.T
	counts   map[string]int
	terminal bool
}

func (l *life) see(p Pod, e Effect) {
	l.t.Helper()
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	if l.counts["exit"] > 0 {
		l.t.Fatalf("%s after the exit", e)
	}
	switch e := e.(type) {
	case Stop:
		if p.Busy {
			l.t.Fatal("a stop while a start was under way")
		}
		l.once("stop")
	case Prepare:
		l.once("prepare")
	case Start:
		l.once("start")
		if l.counts["stop"] > 0 {
			l.t.Fatal("a start after the stop")
		}
	case Remove:
		l.once("remove")
		if !p.State.Terminal() {
			l.t.Fatalf("removing a pod that is %s", p.State)
		}
	case Exit:
		l.once("exit")
	case Report:
		if l.terminal {
			l.t.Fatalf("report of %s after a terminal one", e.State)
		}
		l.terminal = e.State.Terminal()
		if e.State != p.State {
			l.t.Fatalf("report of %s by a pod that is %s", e.State, p.State)
		}
	}
}

func (l *life) once(what string) {
	l.t.Helper()
	l.counts[what]++
	if l.counts[what] > 1 {
		l.t.Fatalf("a second %s", what)
	}
}
