package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// clusterTarget is dce's own processor time for each app of the hundred.
	clusterTarget = 150 * time.Millisecond
	// clusterPatience bounds the wait until all apps are healthy.
	clusterPatience = 5 * time.Minute
	// tick is the unit of processor time in /proc: USER_HZ is 100 everywhere.
	tick = 10 * time.Millisecond
	// clusterProject is a pod that runs when it is healthy.
	clusterProject = "services:\n  web:\n    image: " + image + "\n    healthcheck: {test: [CMD, /wait, healthy], interval: 5s}\n"
)

// cluster measures what it costs to deploy apps of one container each to the
// devcluster, until all are healthy: the processor time of the cluster and of
// all that it has started. The engine is not among these.
func (b *bench) cluster(ctx context.Context, r *report) (err error) {
	dir := filepath.Join(b.dir, "cluster")
	if err := writeProject(dir, clusterProject); err != nil {
		return err
	}
	run := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, b.dce, append([]string{"devcluster"}, args...)...)
		cmd.Env, cmd.Stderr = b.environ, os.Stderr
		return cmd.Output()
	}
	if _, err := run("start", "-q", "--addr", "127.0.0.1:0", "--cpus", strconv.Itoa(b.apps), "--mem", "1TiB"); err != nil {
		return fmt.Errorf("starting the devcluster: %w", err)
	}
	defer func() {
		_, stopping := run("stop", "-q")
		err = errors.Join(err, stopping)
	}()
	out, err := run("status", "-o", "json")
	if err != nil {
		return fmt.Errorf("looking at the devcluster: %w", err)
	}
	var status struct {
		Cluster struct {
			URL string
			PID int
		}
	}
	if err := json.Unmarshal(out, &status); err != nil {
		return fmt.Errorf("looking at the devcluster: %w", err)
	}
	for n := range b.apps {
		if err := b.deploy(ctx, status.Cluster.URL, n, filepath.Join(dir, "compose.yaml")); err != nil {
			return err
		}
	}
	if err := b.healthy(ctx, status.Cluster.URL); err != nil {
		return err
	}
	used, err := processorTime(status.Cluster.PID)
	if err != nil {
		return err
	}
	r.reactions = append(r.reactions, reaction{
		fmt.Sprintf("devcluster: an app of one container deployed and healthy, one of %d: processor time", b.apps),
		used / time.Duration(b.apps), clusterTarget,
	})
	return nil
}

// deploy posts an app as a real one would be: the binary is fetched.
func (b *bench) deploy(ctx context.Context, url string, n int, compose string) error {
	body, err := json.Marshal(map[string]any{
		"id": fmt.Sprintf("/bench/a%d", n), "executor": "./" + filepath.Base(b.dce), "cmd": "executor", "cpus": 0.1, "mem": 64,
		"labels": map[string]string{"fileName": filepath.Base(compose)}, "portDefinitions": []any{},
		"fetch": []any{map[string]any{"uri": b.dce, "executable": true, "extract": false, "cache": true}, map[string]any{"uri": compose}},
	})
	if err != nil {
		return fmt.Errorf("writing an app: %w", err)
	}
	return answered(ctx, http.MethodPost, url+"/v2/apps", body, nil)
}

func answered(ctx context.Context, method, url string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the devcluster: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking the devcluster: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("asking the devcluster: %s", response.Status)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("asking the devcluster: %w", err)
	}
	return nil
}

// healthy waits until no deployment is under way.
func (b *bench) healthy(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, clusterPatience)
	defer cancel()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		var running []any
		if err := answered(ctx, http.MethodGet, url+"/v2/deployments", nil, &running); err != nil {
			return err
		}
		if len(running) == 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d deployments: %w", len(running), ctx.Err())
		}
	}
}

// member is what /proc tells of a process: its parent, and its processor time
// with that of the children that have ended.
type member struct {
	parent int
	used   time.Duration
}

// processorTime is what a process and all below it have used.
func processorTime(pid int) (time.Duration, error) {
	all := map[int]member{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is fine
	for _, file := range files {
		text, err := os.ReadFile(file)
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if u, ok := parseMember(string(text)); err == nil && ok {
			all[id] = u
		}
	}
	if _, lives := all[pid]; !lives {
		return 0, fmt.Errorf("process %d is gone", pid)
	}
	var sum time.Duration
	for id, u := range all {
		if below(all, id, pid) {
			sum += u.used
		}
	}
	return sum, nil
}

// below says that a process is another one, or was started by it or by one that
// it has started.
func below(all map[int]member, id, top int) bool {
	for range 100 { // a table that is read while it changes may have circles
		if id == top {
			return true
		}
		u, known := all[id]
		if !known {
			return false
		}
		id = u.parent
	}
	return false
}

// parseMember reads /proc/PID/stat: after the name in brackets, the parent is
// field 4, and the times are fields 14 to 17.
func parseMember(stat string) (member, bool) {
	_, rest, ok := strings.Cut(stat[max(0, strings.LastIndexByte(stat, ')')):], ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 15 {
		return member{}, false
	}
	var u member
	var err error
	if u.parent, err = strconv.Atoi(fields[1]); err != nil {
		return member{}, false
	}
	for _, field := range fields[11:15] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return member{}, false
		}
		u.used += time.Duration(ticks) * tick
	}
	return u, true
}
