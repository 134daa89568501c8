// Command cache is the shop's cache: a small server that understands the part
// of Redis' protocol which the shop uses.
//
//	cache          serves on :6379
//	cache health   exits 0 when the server answers, for the healthcheck
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"dce/examples/shop/internal/resp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cache:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == "health" {
		_, err := resp.Client{Address: "127.0.0.1:6379"}.Do(ctx, "PING")
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", ":6379")
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	fmt.Println("ready on :6379")
	newServer().serve(ctx, l)
	fmt.Println("stopped")
	return nil
}
