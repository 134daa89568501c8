package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dce/internal/enginetest"
)

// Chaos: pods are launched one after the other, and at a random moment of each
// something dies. After each the world must be as if the pod had never been, its
// updates must make sense, and the neighbour must not have noticed. A seed makes
// the same plan of faults again (DCE_CHAOS_SEED); DCE_CHAOS asks for the long form,
// DCE_CHAOS_FAULTS for another number of them, DCE_CHAOS_PAGE for the figures in a
// page of documentation.

const (
	shortFaults = 46
	longFaults  = 520
)

// chaos is one run.
type chaos struct {
	*testing.T

	seed   uint64
	faults int

	mu         sync.Mutex
	injected   map[string]int
	leaks      int
	wrongKills int
	refusals   int // of pods, by engines that nobody harmed at the time
	panics     int // of engines, at their start
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	c := &chaos{T: t, faults: shortFaults, seed: 20, injected: map[string]int{}}
	if os.Getenv("DCE_CHAOS") != "" {
		c.faults, c.seed = longFaults, uint64(time.Now().UnixNano())
	}
	if n, err := strconv.Atoi(os.Getenv("DCE_CHAOS_FAULTS")); err == nil {
		c.faults = n
	}
	if n, err := strconv.ParseUint(os.Getenv("DCE_CHAOS_SEED"), 10, 64); err == nil {
		c.seed = n
	}
	return c
}

func TestNothingIsLeftWhateverDies(t *testing.T) {
	enginetest.Require(t)
	c := newChaos(t)
	t.Logf("%d faults, DCE_CHAOS_SEED=%d", c.faults, c.seed)
	began := time.Now()
	var worlds []*world
	var running sync.WaitGroup
	for n, k := range kinds() {
		w := c.newWorld(k)
		d := &deck{faults: k.faults, seed: c.seed + uint64(n), left: max(1, c.faults*k.share/100)}
		for n := range k.lanes {
			l := w.lane(n, d)
			running.Go(l.run)
		}
		worlds = append(worlds, w)
	}
	running.Wait()
	for _, w := range worlds {
		w.end()
		c.panics += w.engine.Panics
	}
	c.report(time.Since(began))
}

// kind is a kind of world: an engine and what goes wrong around it.
type kind struct {
	name   string
	engine []string // its arguments
	faults []fault
	// grace is that of a pod that does not listen: an engine without live-restore
	// gives it to each container before it answers again (20.10.24).
	grace string
	lanes int
	share int // of all faults, in percent
	// neighbour says that a pod lives through everything: not where a dead engine
	// takes its pods along.
	neighbour bool
	// boot says that executors and sweeps are told a boot id that can change.
	boot string
}

func kinds() []kind {
	return []kind{
		{name: "live", engine: []string{"--live-restore"}, faults: chaosFaults(), grace: "1h", lanes: 3, share: 80, neighbour: true},
		{name: "plain", engine: []string{"--shutdown-timeout=3"}, faults: engineFaults(), grace: "2s", lanes: 1, share: 20, boot: "boot-1"},
	}
}

// deck deals the faults of a kind, each as often as it is in it: what comes as
// which, with what, is the seed's to say, to which lane is not.
type deck struct {
	faults []fault
	seed   uint64

	mu    sync.Mutex
	dealt int
	left  int
	cards []int
}

// deal gives the next fault and what is random about it; false when there is no
// other.
func (d *deck) deal() (fault, *rand.Rand, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		return fault{}, nil, false
	}
	r := rand.New(rand.NewPCG(d.seed, uint64(d.dealt)))
	if len(d.cards) == 0 {
		d.cards = r.Perm(len(d.faults))
	}
	f := d.faults[d.cards[0]]
	d.cards, d.dealt, d.left = d.cards[1:], d.dealt+1, d.left-1
	return f, r, true
}

func (c *chaos) inject(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.injected[what]++
}

// leaked fails the run for something that is left of a pod.
func (c *chaos) leaked(format string, args ...any) {
	c.Helper()
	c.mu.Lock()
	c.leaks++
	c.mu.Unlock()
	c.Errorf("a leak: "+format, args...)
}

// killed fails the run for something alive that was touched.
func (c *chaos) killed(format string, args ...any) {
	c.Helper()
	c.mu.Lock()
	c.wrongKills++
	c.mu.Unlock()
	c.Errorf("a wrong kill: "+format, args...)
}

// refused notes that an engine did not bring a pod up. Engines that are killed all
// the time do that once in a while; more than that is a defect of ours.
func (c *chaos) refused(format string, args ...any) {
	c.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals++
	c.Logf("not brought up: "+format, args...)
	if most := 1 + c.faults/100; c.refusals > most {
		c.Errorf("engines have refused more than %d pods", most)
	}
}

func (c *chaos) count() int {
	sum := 0
	for _, n := range c.injected {
		sum += n
	}
	return sum
}

// report tells the figures, and writes them where they are asked for.
func (c *chaos) report(took time.Duration) {
	c.Helper()
	figures := c.figures(took)
	c.Log("\n" + figures)
	page := os.Getenv("DCE_CHAOS_PAGE")
	if page == "" || c.Failed() || c.faults < longFaults {
		return
	}
	text, err := os.ReadFile(page)
	if err != nil {
		c.Fatal(err)
	}
	written, ok := between(string(text), figures)
	if !ok {
		c.Fatalf("%s has no place for figures", page)
	}
	if err := os.WriteFile(page, []byte(written), 0o600); err != nil {
		c.Fatal(err)
	}
}

func (c *chaos) figures(took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Seed %d, %d faults in %s: %d leaks, %d wrong kills.\n\n| fault | times | |\n|---|---|---|\n",
		c.seed, c.count(), took.Round(time.Second), c.leaks, c.wrongKills)
	words := map[string]string{}
	for _, k := range kinds() {
		for _, f := range k.faults {
			words[f.name] = f.words
		}
	}
	for _, name := range slices.Sorted(maps.Keys(words)) {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", name, c.injected[name], words[name])
	}
	if c.refusals > 0 {
		fmt.Fprintf(&b, "\nEngines did not bring %d pods up at which nothing was broken at the time.\n", c.refusals)
	}
	if c.panics > 0 {
		fmt.Fprintf(&b, "\nEngines panicked at their start %d times, over a network that they had been killed\nwhile making (moby issue 45057), and were given a new store of networks.\n", c.panics)
	}
	return b.String()
}

// The marks between which a page has the figures of the last run.
const (
	figuresBegin = "<!-- written by make chaos -->\n"
	figuresEnd   = "<!-- until here -->\n"
)

// between puts text between the marks of a page.
func between(page, text string) (string, bool) {
	before, rest, ok := strings.Cut(page, figuresBegin)
	_, after, ok2 := strings.Cut(rest, figuresEnd)
	return before + figuresBegin + "\n" + text + "\n" + figuresEnd + after, ok && ok2
}
