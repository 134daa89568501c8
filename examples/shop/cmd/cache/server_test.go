package main

import (
	"context"
	"net"
	"strings"
	"testing"

	"dce/examples/shop/internal/resp"
)

func TestCommands(t *testing.T) {
	for name, test := range map[string]struct {
		commands []string
		want     string
	}{
		"a ping is answered":              {[]string{"ping"}, resp.Simple("PONG")},
		"what was set can be got":         {[]string{"SET a 1", "GET a"}, resp.Bulk("1")},
		"a key that was never set is nil": {[]string{"GET a"}, resp.Nil()},
		"counting starts at one":          {[]string{"INCR n"}, resp.Integer(1)},
		"counting goes on":                {[]string{"SET n 41", "INCR n"}, resp.Integer(42)},
		"flushing forgets":                {[]string{"SET a 1", "FLUSHALL", "GET a"}, resp.Nil()},
		"text cannot be counted":          {[]string{"SET a x", "INCR a"}, resp.Error("value is not a number")},
		"an unknown command is an error": {
			[]string{"EVAL x"}, resp.Error(`unknown command or wrong number of arguments: "EVAL"`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer()
			got := ""
			for _, command := range test.commands {
				got = s.do(strings.Fields(command))
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestServerAnswersAClientAndStops(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		newServer().serve(ctx, l)
		close(done)
	}()

	client := resp.Client{Address: l.Addr().String()}
	if _, err := client.Do(t.Context(), "SET", "greeting", "hello"); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Do(t.Context(), "GET", "greeting"); err != nil || got != "hello" {
		t.Errorf("got %q, %v", got, err)
	}

	idle, err := net.Dial("tcp", l.Addr().String()) // must not keep the server from stopping
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	stop()
	<-done
}
