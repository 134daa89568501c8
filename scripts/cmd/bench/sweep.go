package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"dce/internal/lease"
	"dce/internal/render"
)

const (
	// sweptPods is how many living pods a host has whose sweep is measured.
	sweptPods = 200
	// sweepTarget is for all of them together.
	sweepTarget = 60 * time.Millisecond
)

// host is a host with many living pods: a container each, and a lease each that
// this process holds. What the engine is asked is counted by a server before it,
// in a run that is not measured.
type host struct {
	*bench

	leases string
	held   []*lease.Lease
	server *http.Server

	mu    sync.Mutex
	calls []string
}

// sweep measures what a sweep costs a host on which nothing is to be done, and
// what `dce reap --watch` does there.
func (b *bench) sweep(ctx context.Context, r *report) (err error) {
	h := &host{bench: b, leases: filepath.Join(b.dir, "leases")}
	defer func() { err = errors.Join(err, h.end(context.WithoutCancel(ctx))) }()
	if err := h.serve(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "a host with %d pods\n", sweptPods)
	if err := h.populate(ctx); err != nil {
		return err
	}
	// The first sweep of a boot looks at everything, and leaves this behind. Ours
	// are of one framework, so that no pod of anybody else is swept here.
	if err := os.WriteFile(filepath.Join(h.leases, "swept"), []byte(lease.Here().Boot), 0o600); err != nil {
		return fmt.Errorf("noting a sweep: %w", err)
	}
	var taken []time.Duration
	for range b.rounds {
		began := time.Now()
		if err := h.reap(ctx, h.engine.DaemonHost()); err != nil {
			return err
		}
		taken = append(taken, time.Since(began))
	}
	if err := h.reap(ctx, "unix://"+h.socket()); err != nil {
		return err
	}
	lists, others := h.counted()
	r.reactions = append(r.reactions, reaction{
		fmt.Sprintf("`dce reap` on a host with %d living pods and no orphan, whole process", sweptPods), median(taken), sweepTarget,
	})
	r.counts = append(r.counts, count{"the same: lists and looks that the engine is asked for (beside: " + others + ")", lists, 1})
	return h.watch(ctx, r)
}

// serve answers at a socket what the engine answers, and notes what was asked.
func (h *host) serve(ctx context.Context) error {
	socket, ok := strings.CutPrefix(h.engine.DaemonHost(), "unix://")
	if !ok {
		return fmt.Errorf("measuring a sweep: the engine at %s is not this machine's", h.engine.DaemonHost())
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", h.socket())
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "docker"})
	var d net.Dialer
	proxy.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) }}
	h.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.calls = append(h.calls, r.URL.Path)
		h.mu.Unlock()
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = h.server.Serve(l) }() // until it is closed
	return nil
}

func (h *host) socket() string { return filepath.Join(h.dir, "engine.sock") }

// populate makes the pods, with the notes that executors leave. Their containers
// are created and not started: a sweep judges by leases, and the engine's list is
// as long.
func (h *host) populate(ctx context.Context) error {
	making, ctx := errgroup.WithContext(ctx)
	making.SetLimit(8)
	for n := range sweptPods {
		l, err := lease.Take(h.leases, fmt.Sprintf("bench-sweep-%d", n))
		if err != nil {
			return fmt.Errorf("taking a lease: %w", err)
		}
		h.held = append(h.held, l)
		id, err := lease.Here().Self(l.Path())
		if err != nil {
			return fmt.Errorf("naming this process: %w", err)
		}
		note := lease.Note{Executor: fmt.Sprintf("sweep.%d", n), Framework: sweepFramework, Holder: &id}
		if err := l.Write([]lease.Note{note}); err != nil {
			return fmt.Errorf("noting the holder: %w", err)
		}
		labels := render.TaskLabels(render.Task{
			ID: fmt.Sprintf("sweep.%d", n), ExecutorID: fmt.Sprintf("sweep.%d", n), FrameworkID: sweepFramework, Front: render.FrontMesos,
			PodID: fmt.Sprintf("bench-sweep-%d", n), Lease: id.Lease, BootID: id.BootID, PID: id.PID, StartTime: id.Start,
		})
		making.Go(func() error {
			_, err := h.engine.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &container.Config{Image: image, Labels: labels}})
			return err
		})
	}
	if err := making.Wait(); err != nil {
		return fmt.Errorf("making a pod: %w", err)
	}
	return nil
}

// sweepFramework is on all that populate makes.
const sweepFramework = "dce-bench-sweep"

// command is dce reap on the host, with the engine at an address.
func (h *host) command(ctx context.Context, engine string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, h.dce, append([]string{"reap", "--framework-id", sweepFramework}, args...)...)
	cmd.Env = append(h.environ, "DOCKER_HOST="+engine, "DCE_LEASE_DIR="+h.leases)
	return cmd
}

// reap sweeps once, and must find nothing to do.
func (h *host) reap(ctx context.Context, engine string) error {
	out, err := h.command(ctx, engine).CombinedOutput()
	if err != nil {
		return fmt.Errorf("sweeping: %w\n%s", err, out)
	}
	if want := fmt.Sprintf("%d pods have a living executor", sweptPods); !bytes.Contains(out, []byte(want)) {
		return fmt.Errorf("a sweep says %q instead of %q", out, want)
	}
	return nil
}

// counted are the lists of the last sweep, and the names of its other calls.
func (h *host) counted() (lists int, others string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for _, path := range h.calls {
		parts := strings.Split(strings.Trim(path, "/"), "/")
		name := strings.Join(parts[min(len(parts)-1, 1):], "/") // without the version
		switch {
		case strings.HasSuffix(path, "/json"), strings.HasSuffix(path, "/networks"), strings.HasSuffix(path, "/volumes"):
			lists++
		default:
			names = append(names, name)
		}
	}
	return lists, strings.Join(names, ", ")
}

// watch measures dce reap --watch, which has swept once.
func (h *host) watch(ctx context.Context, r *report) error {
	cmd := h.command(ctx, h.engine.DaemonHost(), "--watch")
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting dce reap --watch: %w", err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	fmt.Fprintln(os.Stderr, "dce reap --watch at rest: a minute")
	used, err := restOf(ctx, cmd.Process.Pid)
	if err != nil {
		return err
	}
	r.watch = used
	return nil
}

func (h *host) end(ctx context.Context) error {
	for _, l := range h.held {
		_ = l.Release() // the directory goes with the others
	}
	if h.server != nil {
		_ = h.server.Close()
	}
	return h.discard(ctx, render.LabelFramework+"="+sweepFramework)
}

// discard removes the containers with a label.
func (b *bench) discard(ctx context.Context, label string) error {
	left, err := b.engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", label)})
	if err != nil {
		return fmt.Errorf("finding what is left: %w", err)
	}
	for _, c := range left.Items {
		if _, err := b.engine.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true}); err != nil {
			return fmt.Errorf("removing a container: %w", err)
		}
	}
	return nil
}
