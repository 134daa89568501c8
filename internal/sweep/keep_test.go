//go:build linux

package sweep

import (
	"testing"
	"time"

	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/render"
)

// A note that was written in this boot counts by the clock since boot: the other
// one can be set, forwards and backwards, and neither frees a pod nor keeps it
// for ever.
func TestAKeptPodsTimeByClocksThatJump(t *testing.T) {
	const year = 8760 * time.Hour
	for name, test := range map[string]struct {
		until  time.Duration // by the machine's clock, from now
		uptime time.Duration // by the clock since boot, from now; 0 is without
		clock  time.Duration // how far off the clock is when the sweep looks
		kept   bool
	}{
		"no jump":                                   {until: time.Minute, uptime: time.Minute, kept: true},
		"no jump, and its time over":                {until: -time.Minute, uptime: -time.Minute},
		"a jump ahead does not end it":              {until: time.Minute, uptime: time.Minute, clock: year, kept: true},
		"a jump back does not prolong it":           {until: -time.Minute, uptime: -time.Minute, clock: -year},
		"a jump back does not end it":               {until: time.Minute, uptime: time.Minute, clock: -year, kept: true},
		"more than the operator's most":             {until: 2 * time.Hour, uptime: 2 * time.Hour, kept: true},
		"without the other clock":                   {until: time.Minute, kept: true},
		"without it, of long ago":                   {until: -10 * year},
		"without it, from a future that is too far": {until: 10 * year},
		"without it, after a jump back":             {until: time.Minute, clock: -year},
	} {
		t.Run(name, func(t *testing.T) {
			dir := swept(t, t.TempDir())
			now := time.Now()
			note := lease.Note{Pod: "p", KeptUntil: now.Add(test.until)}
			if test.uptime != 0 {
				note.KeptUptime = lease.Uptime() + test.uptime
			}
			path := left(t, dir, "p", note)
			h := &host{things: []engine.Thing{pod("p", lease.Identity{Lease: path, BootID: lease.Here().Boot})}}
			s := h.sweeper(dir)
			s.Now = func() time.Time { return now.Add(test.clock) }
			r, err := s.Sweep(t.Context(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if kept := len(r.Kept) == 1; kept != test.kept || kept == (len(r.Orphans) == 1) {
				t.Fatalf("kept: %v; orphans %+v", r.Kept, r.Orphans)
			}
			if test.kept && r.Kept[0].KeptUntil.After(s.Now().Add(s.KeepMost)) {
				t.Errorf("kept until %s", r.Kept[0].KeptUntil)
			}
		})
	}
}

// A reboot takes the notes along. What is left is what the pod says of itself.
func TestAKeptPodSurvivesAReboot(t *testing.T) {
	started := time.Now().Add(-lease.Uptime())
	before := func(d time.Duration) time.Time { return started.Add(-d) }
	const long = "87600h"
	for name, test := range map[string]struct {
		elsewhere bool

		label string
		ended time.Time
		boot  string
		most  time.Duration
		none  bool // its executor had no lease
		noted bool // its executor has left notes, and none of this pod
		kept  bool
	}{
		"had failed before it":                         {label: long, ended: before(time.Minute), boot: "former", most: 87600 * time.Hour, kept: true},
		"and its time is over":                         {label: "1m", ended: before(2 * time.Minute), boot: "former", most: time.Hour},
		"longer than the operator lets it":             {label: long, ended: before(2 * time.Hour), boot: "former", most: time.Hour},
		"died with the machine":                        {label: long, ended: time.Now(), boot: "former", most: 87600 * time.Hour},
		"runs, with a restart policy of others":        {label: long, boot: "former", most: 87600 * time.Hour},
		"does not ask for it":                          {ended: before(time.Minute), boot: "former", most: 87600 * time.Hour},
		"asks for nonsense":                            {label: "for ever; reboot", ended: before(time.Minute), boot: "former", most: 87600 * time.Hour},
		"asks for less than nothing":                   {label: "-1h", ended: before(time.Minute), boot: "former", most: 87600 * time.Hour},
		"ended in the future":                          {label: long, ended: time.Now().Add(time.Hour), boot: "former", most: 87600 * time.Hour},
		"of this boot, by an executor without a lease": {label: long, ended: before(time.Minute), boot: lease.Here().Boot, none: true, most: 87600 * time.Hour, kept: true},
		"the same, and its time is over":               {label: "1m", ended: time.Now().Add(-2 * time.Minute), boot: lease.Here().Boot, none: true, most: time.Hour},
		"the same, and it runs":                        {label: long, boot: lease.Here().Boot, none: true, most: time.Hour},
		"of this boot, and not noted as kept":          {label: long, ended: before(time.Minute), boot: lease.Here().Boot, noted: true, most: 87600 * time.Hour},
		"of this boot, and its lease is lost":          {label: long, ended: before(time.Minute), boot: lease.Here().Boot, most: 87600 * time.Hour, kept: true},
		"the same, of another directory":               {label: long, ended: before(time.Minute), boot: lease.Here().Boot, most: 87600 * time.Hour, elsewhere: true, kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := swept(t, t.TempDir())
			id := lease.Identity{Lease: dir + "/p.lease", BootID: test.boot, PID: 1 << 22, Start: self(t, "").Start}
			if test.none {
				id.Lease = ""
			}
			if test.elsewhere {
				id.Lease = "/elsewhere/p.lease"
			}
			if test.noted {
				left(t, dir, "p")
			}
			h := &host{ended: test.ended, things: []engine.Thing{pod("p", id, render.LabelKeepFailed, test.label)}}
			s := h.sweeper(dir)
			s.KeepMost = test.most
			r, err := s.Sweep(t.Context(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if kept := len(r.Kept) == 1; kept != test.kept || kept == (len(r.Orphans) == 1) {
				t.Errorf("kept: %v; orphans: %+v", r.Kept, r.Orphans)
			}
		})
	}
}

// One container of a pod cannot keep the others.
func TestAPodIsKeptAsLongAsAllOfItAsksFor(t *testing.T) {
	dir := swept(t, t.TempDir())
	id := lease.Identity{BootID: "former"}
	h := &host{
		ended:  time.Now().Add(-lease.Uptime() - time.Minute),
		things: []engine.Thing{pod("p", id, render.LabelKeepFailed, "87600h"), pod("p", id)},
	}
	s := h.sweeper(dir)
	s.KeepMost = 87600 * time.Hour
	if r, err := s.Sweep(t.Context(), Options{}); err != nil || len(r.Orphans) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
