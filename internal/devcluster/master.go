//go:build unix

package devcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"dce/internal/devcluster/agent"
)

// master is as much of a Mesos master as somebody needs who looks for the agent of a task: /slaves and /state.
type master struct {
	agent       *agent.Agent
	frameworkID string // set before anybody asks
	listener    net.Listener
	http        *http.Server
	done        chan struct{}
	started     time.Time
}

func startMaster(ctx context.Context, a *agent.Agent) (*master, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the master: %w", err)
	}
	m := &master{agent: a, listener: l, done: make(chan struct{}), started: time.Now()}
	m.http = &http.Server{Handler: http.HandlerFunc(m.serve), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(m.done)
		_ = m.http.Serve(l) // ends by close only
	}()

	return m, nil
}

func (m *master) url() string { return "http://" + m.listener.Addr().String() }

func (m *master) close() {
	_ = m.http.Close() // what it cannot close is closed already
	<-m.done
}

func (m *master) serve(w http.ResponseWriter, r *http.Request) {
	var body any
	switch strings.TrimPrefix(strings.TrimSuffix(r.URL.Path, ".json"), "/master") {
	case "/slaves":
		body = map[string]any{"slaves": []any{m.slave()}, "recovered_slaves": []any{}}
	case "/state":
		body = m.state()
	case "/version":
		body = map[string]any{"version": "1.12.0"}
	case "/health":
		w.WriteHeader(http.StatusOK)

		return
	default:
		http.Error(w, "404 Not Found.", http.StatusNotFound)

		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the peer is gone or reads it
}

func (m *master) slave() map[string]any {
	_, port, _ := net.SplitHostPort(m.agent.Endpoint())

	return map[string]any{
		"id": m.agent.ID(), "hostname": m.agent.Hostname(), "port": json.Number(port), "pid": m.agent.PID(), "active": true,
		"version": "1.12.0", "registered_time": float64(m.started.UnixMicro()) / 1e6, "attributes": map[string]any{},
	}
}

func (m *master) state() map[string]any {
	host := m.listener.Addr().String()

	return map[string]any{
		"version": "1.12.0", "pid": "master@" + host, "leader": "master@" + host, "hostname": "127.0.0.1", "cluster": "dce devcluster",
		"start_time": float64(m.started.UnixMicro()) / 1e6, "activated_slaves": 1, "deactivated_slaves": 0,
		"slaves": []any{m.slave()}, "completed_frameworks": []any{},
		"frameworks": []any{map[string]any{"id": m.frameworkID, "name": "marathon", "active": true}},
	}
}
