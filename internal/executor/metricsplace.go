package executor

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2/maybe"

	"dce/internal/diag"
	"dce/internal/lease"
	"dce/internal/project"
)

// metered begins to show what the executor is at, where that is asked for: in a
// file, as node_exporter's textfile collector reads them, or at an address. The
// function returned ends it. A pod runs without metrics rather than not at all,
// so what is wrong with the place is only said.
func (x *executor) metered(ctx context.Context) (end func()) {
	to := cmp.Or(x.operator.Metrics, x.o.Metrics)
	if to == "" {
		return func() {}
	}
	file, inFile := x.metricsFile(to)
	x.meter = newMeter(file)
	closed := func() {}
	if !inFile {
		l, err := listenForMetrics(ctx, to, x.operator.Metrics != "")
		if err != nil {
			x.meter = nil
			x.o.Log.Warn("the metrics are not shown", slog.String("reason", words(err)))
			return func() {}
		}
		x.o.Log.Info("the metrics are shown", slog.String("address", l.Addr().String()))
		closed = x.serveMetrics(l)
	}
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() { defer close(over); x.meter.run(ctx, x.session.Pending, x.o.Log) }()
	return func() {
		cancel()
		<-over
		closed()
		if inFile { // who reads it would take it for a living executor's
			_ = os.Remove(file)
		}
	}
}

// metricsFile is the file that textfile:PATH names. A directory, which is there
// or whose name ends in a slash, holds one for each executor.
func (x *executor) metricsFile(to string) (path string, ok bool) {
	path, ok = strings.CutPrefix(to, project.MetricsFile)
	info, err := os.Stat(path)
	if ok && (strings.HasSuffix(path, "/") || err == nil && info.IsDir()) {
		x.forgetDead(path)
		path = filepath.Join(path, "dce-"+x.container+".prom")
	}
	return path, ok
}

// writtenBy begins the first line of a file of metrics, which says by which
// process it is written: to Prometheus that is a comment.
const writtenBy = "# written by "

// author is the first line of this process's file.
func author() string {
	id, err := lease.Here().Self("")
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s%s %d %s\n", writtenBy, id.BootID, id.PID, id.Start)
}

// forgetDead removes the files of executors that were killed: whoever reads them
// would take them for living ones'.
func (x *executor) forgetDead(dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "dce-*.prom")) // the pattern is good
	for _, file := range files {
		if !dead(file) {
			continue
		}
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			x.o.Log.Warn("removing the metrics of an executor that is gone", slog.Any("err", err))
		}
	}
}

// dead reports whether the process that writes a file of metrics is provably
// gone.
func dead(file string) bool {
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n')
	var id lease.Identity
	_, err = fmt.Sscanf(line, writtenBy+"%s %d %s\n", &id.BootID, &id.PID, &id.Start)
	return err == nil && lease.Here().Judge(id).State == lease.Gone
}

// listenForMetrics listens at an address. Whoever reaches it reads, so a job may
// name one that only this machine reaches; the operator may name any.
func listenForMetrics(ctx context.Context, address string, operators bool) (net.Listener, error) {
	if err := project.MetricsAddress(address); err != nil {
		return nil, diag.Fail(noMetrics(address, err))
	}
	if !operators && !onlyHere(address) {
		return nil, diag.Fail(noMetrics(address, errExposed))
	}
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, diag.Fail(noMetrics(address, err))
	}
	return l, nil
}

var errExposed = errors.New("others than this machine would reach it, and that is the operator's to allow")

// onlyHere reports whether only this machine reaches an address.
func onlyHere(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// serveMetrics answers whoever asks at /metrics, until it is closed.
func (x *executor) serveMetrics(l net.Listener) (closed func()) {
	const patience = 10 * time.Second
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", x.meter)
	s := &http.Server{Handler: mux, ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14}
	x.work.Go(func() { _ = s.Serve(l) }) // it ends by Close
	return func() { _ = s.Close() }
}

// ServeHTTP implements http.Handler.
func (m *meter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if text := m.text.Load(); text != nil {
		_, _ = w.Write([]byte(*text)) // whoever asked has gone
	}
}

// writeShared writes a file that others than its owner read.
func writeShared(path, text string) error {
	if err := maybe.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}

func noMetrics(address string, err error) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE629", Severity: diag.Warning, Summary: "cannot show metrics at " + address, Detail: err.Error(),
		Hint: "name an address of this machine that is free, such as 127.0.0.1:9199, or a file: --metrics textfile:PATH", Cause: err,
	}
}
