package main

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestShipFromShipsWholeLinesOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	var out strings.Builder
	s := &shipper{out: &out}

	offset := s.shipFrom(path, 0) // before web has written anything
	for _, text := range []string{"GET / 200\nGET /pro", "ducts/1 200\n"} {
		appendTo(t, path, text)
		offset = s.shipFrom(path, offset)
	}

	want := "shipped access.log: GET / 200\nshipped access.log: GET /products/1 200\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTailAndSyslogEndUpInOneStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	lines, out := io.Pipe()
	s := &shipper{out: out}
	done := make(chan struct{}, 2)
	go func() { s.tail(ctx, path, time.Millisecond); done <- struct{}{} }()
	go func() { s.listen(ctx, conn); done <- struct{}{} }()

	appendTo(t, path, "GET / 200\n")
	expect(t, lines, "shipped access.log: GET / 200\n")
	client, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := io.WriteString(client, "<14>hello\n"); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "shipped syslog: <14>hello\n")

	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, nil)
	if w.Body.String() != "shop_lines_shipped_total 2\n" {
		t.Errorf("the count is %q", w.Body)
	}
	stop()
	<-done
	<-done
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}
