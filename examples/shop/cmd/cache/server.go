package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"dce/examples/shop/internal/resp"
)

// server keeps keys in memory for as long as it runs.
type server struct {
	mu   sync.Mutex
	keys map[string]string
}

func newServer() *server { return &server{keys: map[string]string{}} }

// serve answers connections until ctx ends, and returns when all are closed.
func (s *server) serve(ctx context.Context, l net.Listener) {
	var conns sync.WaitGroup
	defer conns.Wait()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conns.Go(func() { s.answer(ctx, conn) })
	}
}

func (s *server) answer(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	r := bufio.NewReader(conn)
	for {
		args, err := resp.ReadCommand(r)
		if err != nil {
			return
		}
		if _, err := io.WriteString(conn, s.do(args)); err != nil {
			return
		}
	}
}

// do carries out one command and returns the reply as it goes over the wire.
func (s *server) do(args []string) string {
	if len(args) == 0 {
		return resp.Error("empty command")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch command := strings.ToUpper(args[0]); {
	case command == "PING" && len(args) == 1:
		return resp.Simple("PONG")
	case command == "GET" && len(args) == 2:
		return s.get(args[1])
	case command == "SET" && len(args) == 3:
		s.keys[args[1]] = args[2]
		return resp.Simple("OK")
	case command == "INCR" && len(args) == 2:
		return s.increment(args[1])
	case command == "FLUSHALL" && len(args) == 1:
		clear(s.keys)
		return resp.Simple("OK")
	default:
		return resp.Error("unknown command or wrong number of arguments: " + strconv.Quote(args[0]))
	}
}

func (s *server) get(key string) string {
	value, ok := s.keys[key]
	if !ok {
		return resp.Nil()
	}
	return resp.Bulk(value)
}

func (s *server) increment(key string) string {
	n, err := strconv.ParseInt("0"+s.keys[key], 10, 64)
	if err != nil {
		return resp.Error("value is not a number")
	}
	s.keys[key] = strconv.FormatInt(n+1, 10)
	return resp.Integer(n + 1)
}
