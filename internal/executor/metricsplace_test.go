package executor

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/lease"
)

// A place that cannot be had, or that would show a job's metrics to others, is
// said, and nothing more comes of it.
func TestAWrongPlaceForMetricsIsOnlySaid(t *testing.T) {
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, tt := range map[string]struct{ address, say string }{
		"an address that is taken":       {taken.Addr().String(), "address already in use"},
		"every address of the machine":   {"0.0.0.0:0", "the operator's to allow"},
		"every address, the short way":   {":0", "the operator's to allow"},
		"every address, IPv6":            {"[::]:0", "the operator's to allow"},
		"a name, wherever that leads":    {"agent.example:0", "the operator's to allow"},
		"no port":                        {"127.0.0.1", "neither textfile:PATH nor HOST:PORT"},
		"what is neither":                {"dce.prom", "neither textfile:PATH nor HOST:PORT"},
		"a port that is none":            {"127.0.0.1:70000", "neither textfile:PATH nor HOST:PORT"},
		"an address of another machine":  {"192.0.2.1:0", "the operator's to allow"},
		"a loopback address in disguise": {"127.0.0.1.example:0", "the operator's to allow"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			x := &executor{o: Options{Metrics: tt.address, Log: slog.New(slog.NewTextHandler(&log, nil))}}
			x.metered(t.Context())()
			if x.meter != nil || !strings.Contains(log.String(), tt.say) || !strings.Contains(log.String(), "DCE629") {
				t.Errorf("meter %v, log %s", x.meter, &log)
			}
		})
	}
}

func TestAddressesThatOnlyThisMachineReaches(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "127.9.9.9:0", "localhost:0"} {
		l, err := listenForMetrics(t.Context(), address, false)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		l.Close()
	}
	l, err := listenForMetrics(t.Context(), "0.0.0.0:0", true)
	if err != nil {
		t.Fatalf("the operator's: %v", err)
	}
	l.Close()
}

func TestFilesOfMetrics(t *testing.T) {
	dir := t.TempDir()
	x := &executor{container: "c1"}
	for to, want := range map[string]string{
		"textfile:" + dir + "/a.prom":    dir + "/a.prom",
		"textfile:" + dir:                dir + "/dce-c1.prom",
		"textfile:" + dir + "/later/":    dir + "/later/dce-c1.prom",
		"textfile:dce.prom":              "dce.prom",
		"textfile:" + dir + "/../x.prom": dir + "/../x.prom",
	} {
		if got, ok := x.metricsFile(to); !ok || got != want {
			t.Errorf("%s: got %s, want %s", to, got, want)
		}
	}
	path := filepath.Join(dir, "shared.prom")
	if err := writeShared(path, "text"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info, err)
	}
}

// Of an executor that was killed the next one removes the file; what cannot be
// judged stays.
func TestFilesOfTheDeadAreRemoved(t *testing.T) {
	dir := t.TempDir()
	self, err := lease.Here().Self("")
	if err != nil {
		t.Fatal(err)
	}
	_, namespace, _ := strings.Cut(self.Start, "@")
	for name, by := range map[string]string{
		"living": author(), "dead": fmt.Sprintf("# written by %s %d 1@%s\n", self.BootID, self.PID, namespace), "rebooted": "# written by other 1 x\n",
		"strange": "dce_executor_pods 1\n", "empty": "",
	} {
		if err := writeShared(filepath.Join(dir, "dce-"+name+".prom"), by); err != nil {
			t.Fatal(err)
		}
	}
	x := &executor{container: "next", o: Options{Log: slog.New(slog.DiscardHandler)}}
	x.metricsFile("textfile:" + dir)
	left, err := filepath.Glob(dir + "/*")
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if d := cmp.Diff([]string{"dce-empty.prom", "dce-living.prom", "dce-strange.prom"}, left); d != "" || err != nil {
		t.Errorf("%v -want +got:\n%s", err, d)
	}
}
