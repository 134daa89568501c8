package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/examples/shop/internal/resp"
)

func TestMigrateWritesTheSchemaLast(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	commands := make(chan string, 10)
	go acceptAll(l, commands)

	var out strings.Builder
	if err := migrate(t.Context(), resp.Client{Address: l.Addr().String()}, &out); err != nil {
		t.Fatal(err)
	}
	l.Close()

	var got []string
	for command := range commands {
		got = append(got, command)
	}
	want := []string{"SET product:1 teapot", "SET product:2 kettle", "SET product:3 cosy", "SET schema 3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if out.String() != "schema 3, 3 products\n" {
		t.Errorf("it says %q", out.String())
	}
}

func TestMigrateFailsWithoutACache(t *testing.T) {
	err := migrate(t.Context(), resp.Client{Address: "127.0.0.1:1"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "writing product 1") {
		t.Errorf("got %v", err)
	}
}

// acceptAll says OK to one command a connection and passes it on.
func acceptAll(l net.Listener, commands chan<- string) {
	defer close(commands)
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		args, _ := resp.ReadCommand(bufio.NewReader(conn))
		commands <- strings.Join(args, " ")
		_, _ = io.WriteString(conn, resp.Simple("OK"))
		conn.Close()
	}
}
