// Command shipper is the shop's sidecar: it reads the access log that web
// writes to their shared volume, takes syslog lines over UDP, and ships both,
// which for this example means to print them.
//
//	shipper          tails $SHOP_LOGS/access.log, listens on udp :5514, serves its count on :9100 and :9101
//	shipper health   exits 0 when the shipper answers, for the healthcheck
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "shipper:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == "health" {
		return health(ctx)
	}
	var lc net.ListenConfig
	syslog, err := lc.ListenPacket(ctx, "udp", ":5514")
	if err != nil {
		return fmt.Errorf("listening for syslog: %w", err)
	}
	s := &shipper{out: os.Stdout}
	failed := make(chan error, 2)
	for _, address := range []string{":9100", ":9101"} {
		server := &http.Server{Addr: address, Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
		go func() { failed <- server.ListenAndServe() }()
		defer server.Close()
	}
	go s.tail(ctx, filepath.Join(os.Getenv("SHOP_LOGS"), "access.log"), 100*time.Millisecond)
	go s.listen(ctx, syslog)
	fmt.Println("shipping access.log and udp :5514")
	select {
	case err := <-failed:
		return fmt.Errorf("serving the count: %w", err)
	case <-ctx.Done():
		return nil
	}
}

func health(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:9101/", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for the count: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking for the count: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
