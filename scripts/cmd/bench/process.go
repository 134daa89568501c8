package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a process uses.
type usage struct {
	resident int64 // bytes
	ticks    int64 // of 10 ms of a processor, since its start
}

// rest is what a process uses that has nothing to do.
type rest struct {
	resident, ticks int64
	measured        bool
}

// usageOf reads /proc/PID/stat: utime, stime and rss.
func usageOf(pid int) (usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("looking at a process: %w", err)
	}
	_, rest, ok := strings.Cut(string(text), ") ") // the name before may hold anything
	fields := strings.Fields(rest)
	if !ok || len(fields) < 22 {
		return usage{}, fmt.Errorf("reading /proc/%d/stat: %q", pid, text)
	}
	var n [3]int64
	for i, field := range []int{11, 12, 21} {
		if n[i], err = strconv.ParseInt(fields[field], 10, 64); err != nil {
			return usage{}, fmt.Errorf("reading /proc/%d/stat: %w", pid, err)
		}
	}
	return usage{resident: n[2] * int64(os.Getpagesize()), ticks: n[0] + n[1]}, nil
}

// executorPID is the process that the facts of a task in a sandbox name.
func executorPID(sandbox string) (int, error) {
	text, err := os.ReadFile(filepath.Join(sandbox, "dce-task.json"))
	if err != nil {
		return 0, fmt.Errorf("finding the executor's process: %w", err)
	}
	var facts struct {
		Task struct {
			PID int `json:"pid"`
		} `json:"task"`
	}
	if err := json.Unmarshal(text, &facts); err != nil {
		return 0, fmt.Errorf("finding the executor's process: %w", err)
	}
	return facts.Task.PID, nil
}

// subscribe measures how long it takes from the start of an executor until an
// agent has its SUBSCRIBE.
func (b *bench) subscribe(ctx context.Context, r *report) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening as an agent: %w", err)
	}
	calls := make(chan time.Time)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		select {
		case calls <- time.Now():
		default: // another try
		}
		<-q.Context().Done() // as long as its caller lives
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // until it is closed
	}()
	defer func() {
		server.Close()
		<-served
	}()
	var taken []time.Duration
	for range b.rounds {
		d, err := b.subscribeOnce(ctx, listener.Addr().String(), calls)
		if err != nil {
			return err
		}
		taken = append(taken, d)
	}
	r.reactions = append(r.reactions, reaction{"an executor is started until its SUBSCRIBE is sent", median(taken), subscribeTarget})
	return nil
}

func (b *bench) subscribeOnce(ctx context.Context, address string, calls <-chan time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.dce, "executor")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "MESOS_FRAMEWORK_ID=" + frameworkID, "MESOS_EXECUTOR_ID=bench", "MESOS_SLAVE_ID=bench-S0",
		"MESOS_SLAVE_PID=slave(1)@" + address, "MESOS_AGENT_ENDPOINT=" + address, "MESOS_DIRECTORY=" + b.dir, "MESOS_SANDBOX=" + b.dir,
		"MESOS_CHECKPOINT=0", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=5secs",
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting an executor: %w", err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	}()
	select {
	case at := <-calls:
		return at.Sub(began), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for a SUBSCRIBE: %w\n%s", ctx.Err(), stderr.String())
	}
}
