package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The targets that are not ratios.
const (
	reactionTarget  = 20 * time.Millisecond
	subscribeTarget = 40 * time.Millisecond
	sizeTarget      = 36_000_000
	residentTarget  = 16_000_000
)

// report collects what was measured.
type report struct {
	machine   string
	rows      []row
	reactions []reaction
	counts    []count
	rest      rest // an executor's
	watch     rest // of dce reap --watch
	size      int64
	parts     []part
}

// reaction is one time that is compared with nothing.
type reaction struct {
	title  string
	took   time.Duration
	target time.Duration
}

// count is a number that should stay small.
type count struct {
	title      string
	got, limit int
}

// row is one comparison. An empty title belongs to the row before; a limit of
// zero is no target.
type row struct {
	title, other string
	ours, theirs time.Duration
	ratio, limit float64
}

func (r *report) add(title string, ours []time.Duration, other string, theirs []time.Duration, limit float64) {
	r.rows = append(r.rows, row{title, other, median(ours), median(theirs), ratio(ours, theirs), limit})
}

func (r *report) markdown() string {
	var b strings.Builder
	b.WriteString(`# Benchmarks

Written by ` + "`make bench`" + `: do not edit by hand.

`)
	fmt.Fprintf(&b, "Measured on %s.\n\n", r.machine)
	b.WriteString(`Everything in one row was run in turn in one session, the first round not
counted. Times are medians; the ratio is the median of the ratios of
neighbouring runs, which is what can be compared with another machine.

| what | dce | compared with | | ratio | target | |
|---|---|---|---|---|---|---|
`)
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.2f | %s |\n",
			row.title, ms(row.ours), row.other, ms(row.theirs), row.ratio, row.verdict())
	}
	for _, e := range r.reactions {
		fmt.Fprintf(&b, "| %s | %.1f ms | | | | %s |\n",
			e.title, float64(e.took)/1e6, e.verdict())
	}
	for _, c := range r.counts {
		fmt.Fprintf(&b, "| %s | %d | | | | %s |\n", c.title, c.got, verdict(c.got <= c.limit, strconv.Itoa(c.limit)))
	}
	b.WriteString(r.rest.rows("an executor at rest, its pod running"))
	b.WriteString(r.watch.rows(fmt.Sprintf("`dce reap --watch` at rest, on a host with %d pods", sweptPods)))
	if r.size > 0 {
		fmt.Fprintf(&b, "| binary, stripped, linux/amd64 | %.1f MB | | | | %s |\n", float64(r.size)/1e6, verdict(r.size < sizeTarget, "36 MB"))
	}
	b.WriteString(r.partsTable())
	b.WriteString(howMeasured)
	return b.String()
}

// rows are what a process at rest uses; none where that was not measured.
func (u rest) rows(title string) string {
	if !u.measured {
		return ""
	}
	return fmt.Sprintf("| %s: memory | %.1f MB | | | | %s |\n| the same, processor in a minute without events | %d ticks | | | | %s |\n",
		title, float64(u.resident)/1e6, verdict(u.resident < residentTarget, "16 MB"), u.ticks, verdict(u.ticks == 0, "0"))
}

func (e reaction) verdict() string {
	if e.target == 0 {
		return "– | "
	}
	return verdict(e.took <= e.target, fmt.Sprintf("%d ms", e.target.Milliseconds()))
}

func (r row) verdict() string {
	if r.limit == 0 {
		return "– | "
	}
	return verdict(r.ratio <= r.limit, fmt.Sprintf("%.2f", r.limit))
}

func verdict(met bool, target string) string {
	if met {
		return target + " | met"
	}
	return target + " | **missed**"
}

// partsTable lists the modules with a tenth of a megabyte and more.
func (r *report) partsTable() string {
	if len(r.parts) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`
## What the binary consists of

Machine code by the module that it comes from, as the symbols of an unstripped
build tell. The rest of the file is tables for all of them (types, line numbers,
strings), which grow with the code.

| module | MB of code |
|---|---|
`)
	rest := int64(0)
	for _, p := range r.parts {
		if p.size < 100_000 {
			rest += p.size
			continue
		}
		fmt.Fprintf(&b, "| %s | %.1f |\n", p.name, float64(p.size)/1e6)
	}
	fmt.Fprintf(&b, "| all others | %.1f |\n", float64(rest)/1e6)
	return b.String()
}

const howMeasured = `
## How it was measured

- ` + "`docker compose`" + ` is the CLI built from the same compose module and with the
  same flags as dce.
- *render*: services with a port, environment, a volume, a healthcheck and a
  dependency each; output thrown away. Every service of a pod gets the numbers
  of all its ports in its environment, so 300 services with a port each make
  90000 lines of it, which docker compose does not write; the row with a port
  for every tenth service shows the rest of the work.
- *pods*: services that wait for SIGTERM, from an image that is there. dce
  starts from the source files and returns when its monitor reports the pod
  running; docker compose and the raw calls start from the file that dce
  rendered, so all of them make the same containers on the same network. The
  raw calls create and start infra, then everything else at once; they are the
  floor.
- *reaction*: ` + "`docker kill`" + ` of one container. When the pod began to stop
  is in its timeline, dce-events.jsonl; when the next container was told is the
  engine's event, which comes when its runtime has delivered the signal: most of
  that time the engine cleans up behind the container that has ended.
- *under an agent*: dce's own stand-in for a Mesos agent starts a new executor
  for each task. Received and sent are the times of the executor's own updates:
  it sends TASK_STARTING as soon as it has the task. The raw stops leave the
  containers to be removed afterwards, as dce does after its last update.
- *devcluster*: /proc/PID/stat of the cluster and of all processes below it once
  every app is healthy, divided by the number of apps. Each app fetches dce and
  runs an executor of its own.
- *diff, deploy*: the app is deployed to dce's own Marathon, which has room for
  none of its instances. A server before it takes the time from the arrival of
  each request until its answer is written; that is the cluster's own time. The
  files are half text and half noise, mounted from the project: with them, dce
  reads, checks and packs 5 MB more in every run, and finds the same digest.
- *a host with 200 pods*: a container each, created and not started, and a lease
  each that a living process holds. The calls are counted by a proxy before the
  engine, in a run of their own.
- *at rest*: /proc/PID/stat of an executor whose pod has run for ten seconds, or
  of a watch that has begun ten seconds ago, and again a minute later.
`
