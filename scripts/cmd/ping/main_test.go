package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
)

func TestPing(t *testing.T) {
	status := http.StatusOK
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_ping" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
	})
	socket := filepath.Join(t.TempDir(), "d.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener = listener
	server.Start()
	defer server.Close()

	if err := ping(t.Context(), "unix://"+socket); err != nil {
		t.Errorf("an engine that answers: %v", err)
	}
	status = http.StatusInternalServerError
	if err := ping(t.Context(), "unix://"+socket); err == nil {
		t.Error("an engine that answers 500 counts as one that works")
	}
	if err := ping(t.Context(), "unix://"+socket+".none"); err == nil {
		t.Error("no engine counts as one that answers")
	}
}

func TestAddress(t *testing.T) {
	for host, want := range map[string][2]string{
		"":                       {"unix", "/var/run/docker.sock"},
		"unix:///run/other.sock": {"unix", "/run/other.sock"},
		"tcp://192.0.2.1:2375":   {"tcp", "192.0.2.1:2375"},
	} {
		network, address := address(host)
		if got := [2]string{network, address}; got != want {
			t.Errorf("address(%q) = %v, want %v", host, got, want)
		}
	}
}
