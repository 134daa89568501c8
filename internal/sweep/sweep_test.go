//go:build linux

package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/render"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// host is an engine and its machine in memory.
type host struct {
	mu       sync.Mutex
	things   []engine.Thing
	calls    []string
	parents  []string
	cgroups  []string
	busy     bool           // what lives in a cgroup
	remote   error          // what RequireLocal says
	late     []engine.Thing // what appears one by one, at each look after the first
	discard  error
	stuck    string // the pod that discard is about; all where there is none
	halfway  bool   // discard comes when the containers have gone
	during   func() // happens once, while a pod is being removed
	slow     string // the pod whose removal waits for released
	released chan struct{}
	bound    time.Duration // of the last removal, at its beginning
	ended    time.Time     // of all containers
	remade   string        // a cgroup that is made anew after its pod has gone
	full     error         // what the removal of a cgroup says
	// images are the labels of images, by id. Where there are none, each image is
	// there, without labels.
	images map[string]map[string]string
	// stop is how long it takes to stop a pod; stopping and most count containers.
	stop           time.Duration
	stopping, most int
}

func (h *host) Containers(_ context.Context, label string) ([]engine.Thing, error) {
	return h.list("containers", label, true), nil
}

func (h *host) Resources(_ context.Context, label string) ([]engine.Thing, error) {
	return h.list("resources", label, false), nil
}

func (h *host) list(call, label string, containers bool) []engine.Thing {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, call)
	if len(h.calls) > 2 && len(h.late) > 0 && !containers {
		h.things, h.late = append(h.things, h.late[0]), h.late[1:]
	}
	var found []engine.Thing
	for _, t := range h.things {
		if _, has := t.Labels[label]; has && (t.Kind == engine.KindContainer) == containers {
			found = append(found, t)
		}
	}
	return found
}

func (h *host) Parents(context.Context, []string) ([]string, error) { return h.parents, nil }

func (h *host) ImageLabels(_ context.Context, id string) (map[string]string, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.images == nil {
		return nil, true, nil
	}
	h.calls = append(h.calls, "image "+id)
	labels, found := h.images[id]
	return labels, found, nil
}

func (h *host) RequireLocal(context.Context) error { return h.remote }

func (h *host) Ended(context.Context, []string) (time.Time, error) { return h.ended, nil }

// stopPod takes its time, with as many containers as the spec lets stop at once.
func (h *host) stopPod(s engine.Spec) {
	h.mu.Lock()
	n := 0
	for _, t := range h.things {
		if t.Labels[render.LabelPod] == s.PodID && n < s.StopsAtOnce {
			n++
		}
	}
	h.stopping += n
	h.most = max(h.most, h.stopping)
	h.mu.Unlock()
	<-time.After(h.stop)
	h.mu.Lock()
	h.stopping -= n
	h.mu.Unlock()
}

func (h *host) Discard(_ context.Context, s engine.Spec, until func() time.Duration) error {
	if h.stop > 0 {
		h.stopPod(s)
	}
	if h.slow == s.PodID {
		<-h.released
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.during != nil {
		h.during()
		h.during = nil
	}
	h.calls = append(h.calls, "discard "+s.PodID)
	h.bound = until()
	if h.discard != nil && (h.stuck == "" || h.stuck == s.PodID) {
		h.things = slices.DeleteFunc(h.things, func(t engine.Thing) bool { return h.halfway && t.Kind == engine.KindContainer })
		return h.discard
	}
	defer func() {
		if h.remade != "" {
			time.AfterFunc(500*time.Millisecond, h.remake)
		}
	}()
	h.things = slices.DeleteFunc(h.things, func(t engine.Thing) bool {
		if labels, found := h.images[t.Image]; t.Kind == engine.KindContainer && h.images != nil && (!found || labels != nil && render.FromImage(t.Labels, labels)) {
			return false // engine.Discard sees to that
		}
		for k, v := range s.Carry {
			if t.Labels[k] != v {
				return false
			}
		}
		return true
	})
	return nil
}

func (h *host) remake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cgroups = append(h.cgroups, h.remade)
}

func (h *host) Remove(_ context.Context, parent string, agents map[string]uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, fmt.Sprintf("remove cgroup %s %v", parent, agents["memory"]))
	if h.full != nil {
		return h.full
	}
	h.cgroups = slices.DeleteFunc(h.cgroups, func(c string) bool { return c == parent })
	return nil
}

func (h *host) Exists(parent string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.cgroups, parent)
}

func (h *host) Occupied(string) bool { return h.busy }

func (h *host) sweeper(dir string) *Sweeper {
	return &Sweeper{Engine: h, Cgroups: h, Leases: dir, KeepMost: time.Hour, Log: slog.New(slog.DiscardHandler)}
}

func (h *host) sweep(t *testing.T, dir string, o Options) Report {
	t.Helper()
	r, err := h.sweeper(dir).Sweep(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pod is a container, long made, of the executor that id names.
func pod(name string, id lease.Identity, change ...string) engine.Thing {
	labels := render.TaskLabels(render.Task{
		ID: "task-" + name, ExecutorID: "ex-" + name, FrameworkID: "fw", Front: render.FrontMesos, PodID: name,
		Lease: id.Lease, BootID: id.BootID, PID: id.PID, StartTime: id.Start,
	})
	for i := 0; i < len(change); i += 2 {
		labels[change[i]] = change[i+1]
	}
	return engine.Thing{Kind: engine.KindContainer, ID: "id-" + name, Name: name, Labels: labels}
}

// swept marks the directory as one in which everything was looked at.
func swept(t *testing.T, dir string) string {
	t.Helper()
	markSwept(dir, lease.Here().Boot)
	return dir
}

func held(t *testing.T, dir, name string) lease.Identity {
	t.Helper()
	l, err := lease.Take(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Release() })
	return self(t, l.Path())
}

func self(t *testing.T, path string) lease.Identity {
	t.Helper()
	id, err := lease.Here().Self(path)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// left makes a lease that nobody holds, with notes.
func left(t *testing.T, dir, name string, notes ...lease.Note) string {
	t.Helper()
	l, err := lease.Take(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Write(append(notes, lease.Note{Executor: "ex-" + name})), l.Leave()); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(l.Path(), old, old); err != nil {
		t.Fatal(err)
	}
	return l.Path()
}

func TestTheEvidenceOfEachPod(t *testing.T) {
	const absent = 1 << 22 // above the kernel's highest pid
	dir := swept(t, t.TempDir())
	alive := held(t, dir, "alive")
	free := left(t, dir, "free")
	elsewhere := left(t, t.TempDir(), "elsewhere")
	none := filepath.Join(dir, "none.lease")
	link := filepath.Join(dir, "link.lease")
	if err := os.Symlink(free, link); err != nil {
		t.Fatal(err)
	}
	with := func(path string, change func(*lease.Identity)) lease.Identity {
		id := self(t, path)
		change(&id)
		return id
	}
	gonePID := func(i *lease.Identity) { i.PID = absent }
	tests := map[string]struct {
		id     lease.Identity
		labels []string
		want   string // of what happens: "stays", "goes" or "left alone"
	}{
		"a lease that is held":                                 {id: alive, want: "stays"},
		"a lease that is held, and a pid that is not there":    {id: with(alive.Lease, gonePID), want: "goes"},
		"a free lease, and its process gone":                   {id: with(free, gonePID), want: "goes"},
		"a free lease, and a pid that another process has":     {id: with(free, func(i *lease.Identity) { _, ns, _ := strings.Cut(i.Start, "@"); i.Start = "1@" + ns }), want: "goes"},
		"a free lease, though its process lives":               {id: self(t, free), want: "left alone"},
		"a free lease, and a process of another pid namespace": {id: with(free, func(i *lease.Identity) { i.Start = "1@42" }), want: "goes"},
		"another boot":                                                {id: with(alive.Lease, func(i *lease.Identity) { i.BootID = "former" }), want: "goes"},
		"no lease, and its process gone":                              {id: with(none, gonePID), want: "goes"},
		"no lease, and its process alive":                             {id: self(t, none), want: "stays"},
		"no lease, and a process of another pid namespace":            {id: with(none, func(i *lease.Identity) { i.Start = "1@42" }), want: "left alone"},
		"a free lease of another directory, though its process lives": {id: self(t, elsewhere), want: "stays"},
		"a lease of another directory, and another pid namespace":     {id: with(elsewhere, func(i *lease.Identity) { i.Start = "1@42" }), want: "left alone"},
		"a lease with dots in its path":                               {id: with(dir+"/../"+filepath.Base(dir)+"/free.lease", func(i *lease.Identity) { i.Start = "1@42" }), want: "left alone"},
		"a lease that is a link":                                      {id: with(link, func(i *lease.Identity) { i.Start = "1@42" }), want: "left alone"},
		"nothing":                                                     {id: lease.Identity{}, want: "left alone"},
		"a pid that is none":                                          {id: lease.Identity{}, labels: []string{render.LabelPID, "1; reboot", render.LabelStart, "x\ny"}, want: "left alone"},
		"a local pod without its monitor":                             {id: with(free, gonePID), labels: []string{render.LabelFront, render.FrontLocal}, want: "stays"},
		"a pod id that is a path":                                     {id: with(free, gonePID), labels: []string{render.LabelPod, "../../etc\n$(reboot)"}, want: "goes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := &host{things: []engine.Thing{pod("p", test.id, test.labels...), pod("neighbour", alive)}}
			r := h.sweep(t, dir, Options{DryRun: true})
			if len(h.things) != 2 {
				t.Fatal("a dry run has removed something")
			}
			r2 := h.sweep(t, t.TempDir(), Options{DryRun: true}) // a directory in which no lease is
			if len(r2.Orphans) > 0 && lease.Here().SameProcess(test.id) {
				t.Errorf("without the leases' directory: %+v", r2.Orphans)
			}
			got := "stays"
			switch {
			case len(r.Orphans) == 1:
				got = "goes"
			case len(r.LeftAlone) == 1:
				got = "left alone"
			}
			if got != test.want {
				t.Errorf("it %s, want %s: %+v", got, test.want, r)
			}
		})
	}
}

func TestALeaseOutsideItsDirectoryIsNotEvenOpened(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "x.lease")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	seen, err := watchOpens(filepath.Dir(outside))
	if err != nil {
		t.Fatal(err)
	}
	h := &host{things: []engine.Thing{pod("p", lease.Identity{Lease: outside})}}
	h.sweep(t, t.TempDir(), Options{})
	if n := seen(); n > 0 {
		t.Errorf("it was opened: %d events", n)
	}
}

func TestASweepWithoutOrphansIsOneCall(t *testing.T) {
	dir := swept(t, t.TempDir())
	id := held(t, dir, "alive")
	h := &host{}
	for n := range 200 {
		h.things = append(h.things, pod(fmt.Sprint("p", n), id))
	}
	r := h.sweep(t, dir, Options{})
	if d := cmp.Diff([]string{"containers"}, h.calls); d != "" || r.Alive != 200 {
		t.Errorf("%d alive; calls:\n%s", r.Alive, d)
	}
}

func TestTheFirstSweepOfABootLooksAtEverything(t *testing.T) {
	dir := t.TempDir()
	volume := pod("p", lease.Identity{BootID: "former"})
	volume.Kind = engine.KindVolume
	h := &host{things: []engine.Thing{volume}}
	h.sweep(t, dir, Options{})
	h.sweep(t, dir, Options{})
	want := []string{"containers", "resources", "discard p", "containers"}
	if d := cmp.Diff(want, h.calls); d != "" {
		t.Error(d)
	}
}

func TestWhatAnExecutorHasNotedIsTidied(t *testing.T) {
	dir := swept(t, t.TempDir())
	path := left(t, dir, "p",
		lease.Note{Cgroup: "/mesos/p", Agents: map[string]uint64{"memory": 7}}, lease.Note{Cgroup: "/dce/p"}, lease.Note{Cgroup: "/dce/never-made"})
	local := left(t, dir, "local.shop")
	h := &host{
		things:  []engine.Thing{pod("p", lease.Identity{Lease: path})},
		parents: []string{"/mesos/p"}, cgroups: []string{"/mesos/p", "/dce/p", "/dce/other"},
	}
	r := h.sweep(t, dir, Options{DryRun: true})
	if d := cmp.Diff([]string{"/mesos/p", "/dce/p"}, r.Cgroups); d != "" || !slices.Equal(r.Leases, []string{path}) || len(h.cgroups) != 3 {
		t.Errorf("dry: leases %v, left %v; cgroups:\n%s", r.Leases, h.cgroups, d)
	}
	h.discard = errors.New("a process does not end")
	if r := h.sweep(t, dir, Options{}); r.Err() == nil || len(r.Leases) > 0 || len(h.cgroups) != 3 {
		t.Errorf("although it failed: %+v, cgroups %v", r, h.cgroups)
	}
	h.discard = nil
	r = h.sweep(t, dir, Options{})
	if d := cmp.Diff([]string{path}, r.Leases); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"/dce/other"}, h.cgroups); d != "" {
		t.Error(d)
	}
	if !slices.Contains(h.calls, "remove cgroup /mesos/p 7") {
		t.Errorf("the agent's cgroups are not left to it: %q", h.calls)
	}
	if files, _ := lease.Files(dir); !slices.Equal(files, []string{local}) {
		t.Errorf("leases %v", files)
	}
}

// One pod that does not go, for as long as a disk hangs, must not keep a host
// from being tidied.
func TestAnOrphanThatStaysKeepsItsOwnLeaseOnly(t *testing.T) {
	dir := t.TempDir()
	stuck := left(t, dir, "stuck", lease.Note{Cgroup: "/mesos/stuck"})
	other := left(t, dir, "other", lease.Note{Cgroup: "/mesos/other", Written: lease.Uptime()})
	late := pod("other", lease.Identity{Lease: other})
	late.Kind = engine.KindNetwork
	synctest.Test(t, func(t *testing.T) {
		h := &host{
			things: []engine.Thing{pod("stuck", lease.Identity{Lease: stuck})}, late: []engine.Thing{late},
			cgroups: []string{"/mesos/stuck", "/mesos/other"}, discard: errors.New("a process does not end"), stuck: "stuck",
		}
		r := h.sweep(t, dir, Options{})
		if d := cmp.Diff([]string{other}, r.Leases); d != "" || !slices.Equal(h.cgroups, []string{"/mesos/stuck"}) || len(h.things) != 1 {
			t.Errorf("left %v and %v; leases:\n%s", h.things, h.cgroups, d)
		}
		tries := slices.DeleteFunc(slices.Clone(h.calls), func(c string) bool { return c != "discard stuck" })
		if len(tries) != 1 || len(r.Orphans) != 2 || r.Err() == nil {
			t.Errorf("tried %d times: %+v", len(tries), r)
		}
		if sweptThisBoot(dir, lease.Here().Boot) {
			t.Error("everything counts as gone")
		}
	})
}

// A stop can take minutes, in which other executors make pods and die. The list
// that was read before says nothing of those.
// Without a lease nothing but the engine's lists tells of what is left.
func TestAnOrphanWithoutALeaseThatStaysIsLookedForAgain(t *testing.T) {
	dir := swept(t, t.TempDir())
	gone := self(t, "")
	gone.PID = 1 << 22
	volume := pod("p", gone)
	volume.Kind = engine.KindVolume
	h := &host{
		things: []engine.Thing{pod("p", gone), volume}, discard: errors.New("volume is in use"), halfway: true,
		parents: []string{"/mesos/p"}, cgroups: []string{"/mesos/p"},
	}
	if r := h.sweep(t, dir, Options{}); r.Err() == nil || len(h.things) != 1 || len(h.cgroups) > 0 {
		t.Errorf("left %v and %v: %+v", h.things, h.cgroups, r)
	}
	h.discard = nil
	if r := h.sweep(t, dir, Options{}); len(r.Orphans) != 1 || r.Err() != nil || len(h.things) > 0 {
		t.Errorf("left %v: %+v", h.things, r)
	}
	h.calls = nil
	h.sweep(t, dir, Options{})
	if d := cmp.Diff([]string{"containers"}, h.calls); d != "" {
		t.Errorf("when nothing is left any more: %s", d)
	}
}

func TestWhatDiesDuringASweepIsTheNextOnes(t *testing.T) {
	const absent = 1 << 22 // above the kernel's highest pid
	network := func(t engine.Thing) engine.Thing { t.Kind = engine.KindNetwork; return t }
	for name, test := range map[string]struct {
		notes []lease.Note
		made  func(engine.Thing) engine.Thing
		kept  int
	}{
		"a pod that has failed and is kept": {
			notes: []lease.Note{{Executor: "ex-two"}, {Pod: "two", KeptUntil: time.Now().Add(time.Hour), KeptUptime: lease.Uptime() + time.Hour}},
			made:  func(t engine.Thing) engine.Thing { return t }, kept: 1,
		},
		"a network alone": {notes: []lease.Note{{Executor: "ex-two"}}, made: network},
	} {
		t.Run(name, func(t *testing.T) {
			dir := swept(t, t.TempDir())
			one := left(t, dir, "one")
			two, err := lease.Take(dir, "two")
			if err != nil {
				t.Fatal(err)
			}
			id := self(t, two.Path())
			id.PID = absent
			h := &host{things: []engine.Thing{pod("one", lease.Identity{Lease: one})}}
			h.during = func() {
				h.things = append(h.things, test.made(pod("two", id)))
				if err := errors.Join(two.Write(test.notes), two.Leave()); err != nil {
					t.Error(err)
				}
			}
			if r := h.sweep(t, dir, Options{}); !slices.Equal(r.Leases, []string{one}) {
				t.Errorf("the leases that went are %q", r.Leases)
			}
			if r := h.sweep(t, dir, Options{}); len(r.Kept) != test.kept || len(h.things) != test.kept {
				t.Errorf("left %v: %+v", h.things, r)
			}
		})
	}
}

func TestACgroupThatStaysIsTold(t *testing.T) {
	dir := swept(t, t.TempDir())
	path := left(t, dir, "p", lease.Note{Cgroup: "/dce/p"})
	h := &host{cgroups: []string{"/dce/p"}, full: errors.New("a process is in it")}
	if r := h.sweep(t, dir, Options{}); r.Err() == nil || !strings.Contains(r.Untidy, "a process is in it") || len(r.Leases) > 0 {
		t.Errorf("%+v", r)
	}
	h.full = nil
	if r := h.sweep(t, dir, Options{}); r.Err() != nil || !slices.Equal(r.Leases, []string{path}) {
		t.Errorf("%+v", r)
	}
}

func TestALeaseThatSomethingStillNamesIsNotRemoved(t *testing.T) {
	dir := swept(t, t.TempDir())
	one, two := left(t, dir, "one"), left(t, dir, "two", lease.Note{Executor: "ex-two", Framework: "other"})
	keeper := pod("two", lease.Identity{Lease: two}, render.LabelFramework, "other")
	h := &host{things: []engine.Thing{pod("one", lease.Identity{Lease: one}), keeper}}
	if r := h.sweep(t, dir, Options{Framework: "fw"}); !slices.Equal(r.Leases, []string{}) || len(h.things) != 1 {
		t.Errorf("of one framework: %+v", r)
	}
	volume := pod("two", lease.Identity{Lease: two}, render.LabelKeep, "volume")
	volume.Kind = engine.KindVolume
	h.things = append(h.things, volume)
	if r := h.sweep(t, dir, Options{}); !slices.Equal(r.Leases, []string{one, two}) || len(h.things) != 1 {
		t.Errorf("of all: %+v, left %v", r, h.things)
	}
}

// An executor that was killed while it made its pod leaves work in the engine,
// of which nothing can be seen at first.
func TestWhatTheEngineFinishesLateIsRemovedToo(t *testing.T) {
	dir := swept(t, t.TempDir())
	path := left(t, dir, "p", lease.Note{Written: lease.Uptime()})
	network, volume := pod("p", lease.Identity{Lease: path}), pod("p", lease.Identity{Lease: path})
	network.Kind, volume.Kind = engine.KindNetwork, engine.KindVolume
	synctest.Test(t, func(t *testing.T) { // whose clock is set to 2000: what was made looks old and new by it
		h := &host{late: []engine.Thing{volume, network}}
		r := h.sweep(t, dir, Options{})
		if len(r.Orphans) != 2 || len(h.things)+len(h.late) > 0 || len(r.Leases) != 1 {
			t.Errorf("left %v and %v: %+v", h.things, h.late, r)
		}
	})
}

// What was young when it was looked at may have grown since, however old it is
// when another pod has been stopped at last.
func TestALongStopDoesNotHideWhatComesLate(t *testing.T) {
	dir := swept(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		young, network := pod("p", lease.Identity{BootID: "former"}), pod("p", lease.Identity{BootID: "former"})
		young.Created, network.Kind = time.Now(), engine.KindNetwork
		h := &host{things: []engine.Thing{young}, late: []engine.Thing{network}, stop: 2 * lateTime}
		if r := h.sweep(t, dir, Options{}); len(r.Orphans) != 2 || len(h.things)+len(h.late) > 0 {
			t.Errorf("left %v and %v: %+v", h.things, h.late, r)
		}
	})
}

func TestAParentThatIsMadeAnewIsRemovedToo(t *testing.T) {
	dir := swept(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		young := pod("p", lease.Identity{BootID: "former"})
		young.Created = time.Now()
		h := &host{things: []engine.Thing{young}, parents: []string{"/mesos/p"}, cgroups: []string{"/mesos/p", "/mesos/q"}, remade: "/mesos/p"}
		r := h.sweep(t, dir, Options{})
		if len(r.Orphans) != 1 || h.Exists("/mesos/p") || !h.Exists("/mesos/q") {
			t.Errorf("left %v: %+v", h.cgroups, r)
		}
	})
}

// The kernel lets go of a lock a moment after its holder counts as ended.
func TestAnExecutorThatIsDyingIsWaitedFor(t *testing.T) {
	dir := swept(t, t.TempDir())
	l, err := lease.Take(dir, "p")
	if err != nil {
		t.Fatal(err)
	}
	id := self(t, l.Path())
	id.PID = 1 << 22 // above the kernel's highest: it has ended
	if err := l.Write([]lease.Note{{Executor: "ex-p", Holder: &id}}); err != nil {
		t.Fatal(err)
	}
	h := &host{things: []engine.Thing{pod("p", id)}}
	time.AfterFunc(50*time.Millisecond, func() { _ = l.Leave() })
	if r := h.sweep(t, dir, Options{Executor: "ex-p", DryRun: true}); len(r.Orphans) != 1 {
		t.Errorf("%+v", r)
	}
}

// A child that has inherited the lease of its executor has it for as long as it
// lives, and so has anybody who may read it and locks it.
func TestALockOfSomebodyElseKeepsNothing(t *testing.T) {
	dir := swept(t, t.TempDir())
	l, err := lease.Take(dir, "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Release() })
	id := self(t, l.Path())
	id.PID = 1 << 22
	if err := l.Write([]lease.Note{{Executor: "ex-p", Holder: &id, Cgroup: "/mesos/p"}}); err != nil {
		t.Fatal(err)
	}
	h := &host{things: []engine.Thing{pod("p", id)}, cgroups: []string{"/mesos/p"}}
	r := h.sweep(t, dir, Options{})
	if len(r.Orphans) != 1 || len(h.things)+len(h.cgroups) > 0 || !strings.HasSuffix(r.Orphans[0].Reason, "is gone, though somebody has locked its lease") {
		t.Errorf("left %v and %v: %+v", h.things, h.cgroups, r)
	}
	if files, _ := lease.Files(dir); len(files) > 0 || !slices.Equal(r.Leases, []string{l.Path()}) {
		t.Errorf("leases %v, told %v", files, r.Leases)
	}
}

// An executor makes its lease, locks it and then writes to it: a sweep that
// meets it in between takes it for one that was left.
func TestAnExecutorGetsItsLeaseWhateverIsSwept(t *testing.T) {
	dir := swept(t, t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	var sweeping sync.WaitGroup
	sweeping.Go(func() {
		for ctx.Err() == nil {
			files, _ := lease.Files(dir)
			for _, f := range files {
				if lease.Here().Idle(f) {
					_ = lease.Clear(f)
				}
			}
		}
	})
	for range 200 {
		l, err := lease.TakeAlone(dir, "ex")
		if err != nil {
			t.Fatal(err)
		}
		if v := lease.Here().Judge(lease.Identity{Lease: l.Path()}); v.State != lease.Alive {
			t.Fatalf("a lease that was taken is %+v", v)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	sweeping.Wait()
}

func TestPodsOfDCEGo(t *testing.T) {
	old := engine.Thing{Kind: engine.KindContainer, ID: "1", Name: "old", Labels: map[string]string{"taskId": "t", "executorId": "ex"}}
	h := &host{things: []engine.Thing{old}, parents: []string{"/mesos/c"}, cgroups: []string{"/mesos/c"}, busy: true}
	dir := t.TempDir()
	if r := h.sweep(t, dir, Options{}); len(r.Orphans)+len(r.LeftAlone) > 0 {
		t.Errorf("swept by itself: %+v", r)
	}
	if r := h.sweep(t, dir, Options{Executor: "ex"}); len(r.LeftAlone) != 1 || len(h.things) != 1 {
		t.Errorf("while its executor lives: %+v", r)
	}
	h.busy = false
	if r := h.sweep(t, dir, Options{Executor: "ex"}); len(r.Orphans) != 1 || len(h.things)+len(h.cgroups) != 0 {
		t.Errorf("after its executor's end: %+v, left %v %v", r, h.things, h.cgroups)
	}
}

func TestAnEngineElsewhereIsRefused(t *testing.T) {
	h := &host{things: []engine.Thing{pod("p", lease.Identity{BootID: "former"})}, remote: errors.New("not here")}
	if _, err := h.sweeper(t.TempDir()).Sweep(t.Context(), Options{}); !errors.Is(err, h.remote) || len(h.things) != 1 {
		t.Errorf("got %v, left %d", err, len(h.things))
	}
}

func TestAWatchSweepsAtTheDeathOfAnExecutor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "leases")
	swept := make(chan struct{}, 100)
	w := Watch{
		Leases: dir, Log: slog.New(slog.DiscardHandler), Report: func(Report) {},
		Sweep: func(context.Context, Options) (Report, error) { swept <- struct{}{}; return Report{}, nil },
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	<-swept
	left(t, dir, "ex")
	<-swept
	if err := os.RemoveAll(dir); err != nil { // it is made anew, and watched
		t.Fatal(err)
	}
	<-swept
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A pod that takes its grace is left to it, by one sweep.
func TestAWatchGoesOnBesideALongRemoval(t *testing.T) {
	dir := t.TempDir()
	slow := left(t, dir, "slow")
	synctest.Test(t, func(t *testing.T) {
		h := &host{things: []engine.Thing{pod("slow", lease.Identity{Lease: slow})}, slow: "slow", released: make(chan struct{})}
		var told []string
		w := newWatching(Watch{
			Leases: dir, Log: slog.New(slog.DiscardHandler), Sweep: h.sweeper(dir).Sweep,
			Report: func(r Report) {
				for _, row := range r.Orphans {
					told = append(told, row.Pod)
				}
			},
		})
		if next := w.sweep(t.Context()); next != anyway {
			t.Errorf("it looks again after %s", next)
		}
		quick := left(t, dir, "quick")
		h.mu.Lock()
		h.things = append(h.things, pod("quick", lease.Identity{Lease: quick}))
		h.mu.Unlock()
		w.sweep(t.Context())
		if files, _ := lease.Files(dir); !slices.Equal(files, []string{slow}) || !slices.Equal(told, []string{"quick"}) {
			t.Errorf("beside it: told %q, leases %q", told, files)
		}
		if sweptThisBoot(dir, lease.Here().Boot) {
			t.Error("everything counts as gone")
		}
		close(h.released)
		w.took(t.Context(), <-w.ended)
		w.sweeps.Wait()
		if files, _ := lease.Files(dir); len(files) > 0 || !slices.Equal(told, []string{"quick", "slow"}) {
			t.Errorf("after it: told %q, leases %q", told, files)
		}
	})
}

// What a sweep writes itself must not wake it again.
// What a sweep does to a lease wakes no watch: one that can be opened and not
// removed would keep it awake for ever.
func TestAClearedLeaseTellsOfNoDeath(t *testing.T) {
	dir := t.TempDir()
	path := left(t, dir, "p")
	seen, err := watchDeaths(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	if err := lease.Clear(path); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil { // which ends the watch, and comes behind what was before it
		t.Fatal(err)
	}
	if _, ok := <-seen.C; ok {
		t.Error("a death was seen")
	}
}

// A directory that cannot be read is told, and what has another evidence is judged
// by that.
func TestASweepGoesOnWithoutTheLeases(t *testing.T) {
	file := filepath.Join(t.TempDir(), "leases")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	gone := self(t, file+"/p.lease")
	gone.PID = 1 << 22
	h := &host{things: []engine.Thing{pod("p", gone), pod("q", self(t, file+"/q.lease")), pod("r", lease.Identity{Lease: file + "/r.lease"})}}
	r := h.sweep(t, file, Options{})
	if len(r.Orphans) != 1 || r.Alive != 1 || len(r.LeftAlone) != 1 || r.Err() != nil {
		t.Errorf("%+v", r)
	}
}

func TestOnlyALeaseTellsOfADeath(t *testing.T) {
	for name, death := range map[string]bool{"ex.lease": true, "local.shop.lease": true, sweptFile: false, "engine-1f.json": false, ".lease": false} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "leases")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			seen, err := watchDeaths(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer seen.Close()
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			if death {
				<-seen.C
			}
			if err := os.RemoveAll(dir); err != nil { // which ends the watch, and comes behind what was before it
				t.Fatal(err)
			}
			if _, ok := <-seen.C; ok {
				t.Error("another death was seen")
			}
		})
	}
}

func TestWithoutABootIDNothingIsMarked(t *testing.T) {
	dir := t.TempDir()
	if markSwept(dir, ""); sweptThisBoot(dir, "") {
		t.Error("it is marked")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestAWatchLooksAgainWhenAKeptPodsTimeIsOver(t *testing.T) {
	now := time.Now()
	r := Report{Kept: []Row{{KeptUntil: now.Add(time.Hour)}, {KeptUntil: now.Add(time.Minute)}}}
	if got := (Watch{}).due(r, now); got != time.Minute+time.Millisecond {
		t.Errorf("after %s", got)
	}
	if got := (Watch{}).due(Report{}, now); got != anyway {
		t.Errorf("without one after %s", got)
	}
}

// `docker commit` of a pod's container, and `docker run` of the image: a container
// with all labels of a pod that is gone.
func TestWhatHasItsLabelsFromItsImageIsLeftAlone(t *testing.T) {
	const absent = 1 << 22
	dir := swept(t, t.TempDir())
	gone := self(t, left(t, dir, "gone"))
	gone.PID = absent
	later := gone
	later.PID++
	from := func(c engine.Thing, name, image string) engine.Thing {
		c.ID, c.Name, c.Image = "id-"+name, name, image
		return c
	}
	made := pod("gone", gone)
	things := []engine.Thing{
		from(made, "web", "sha256:plain"),
		from(made, "by-hand", "sha256:committed"),
		from(made, "again", "sha256:committed"),
		from(made, "forced", "sha256:removed"),
		from(pod("later", later), "later-web", "sha256:committed"),
	}
	network := made
	network.Kind = engine.KindNetwork
	h := &host{things: append(things, network), images: map[string]map[string]string{
		"sha256:plain": nil, "sha256:committed": made.Labels,
	}}
	for _, dry := range []bool{true, false, false} {
		h.calls = nil
		r := h.sweep(t, dir, Options{DryRun: dry})
		var alone []string
		for _, row := range r.LeftAlone {
			alone = append(alone, row.Pod+" "+row.Task+" "+strings.Join(row.Containers, " ")+": "+row.Reason)
		}
		slices.Sort(alone)
		if d := cmp.Diff([]string{
			"gone task-gone again: container again has its labels from image committed, which was made of a pod's container",
			"gone task-gone by-hand: container by-hand has its labels from image committed, which was made of a pod's container",
			"gone task-gone forced: the image of container forced is gone, which would tell whether the labels are its own; if they are, remove it with docker rm -f",
		}, alone); d != "" {
			t.Errorf("left alone:\n%s", d)
		}
		for image := range h.images {
			if n := strings.Count(strings.Join(h.calls, "\n"), "image "+image); n > 1 {
				t.Errorf("%s was asked for %d times", image, n)
			}
		}
		if dry && len(r.Orphans) != 2 {
			t.Errorf("would remove %+v", r.Orphans)
		}
	}
	if len(h.things) != 3 {
		t.Errorf("left: %+v", h.things)
	}
	if _, err := os.Stat(gone.Lease); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lease of a dead executor, which a container names that is left alone: %v", err)
	}
	h.calls = nil
	h.things = append(h.things, pod("alive", held(t, dir, "alive")))
	h.things[3].Image = "sha256:plain"
	h.sweep(t, dir, Options{})
	if slices.Contains(h.calls, "image sha256:plain") {
		t.Errorf("the image of a living pod was asked for: %v", h.calls)
	}
}
