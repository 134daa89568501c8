// Command web is the shop's front: it answers over HTTP with what the cache
// holds, and writes an access log for the shipper.
//
//	web          serves the shop on :8080 and its admin page on :9090
//	web health   exits 0 when the shop answers, for the healthcheck
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"dce/examples/shop/internal/resp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == "health" {
		return health(ctx, "http://127.0.0.1:8080/health")
	}
	access, err := os.OpenFile(filepath.Join(os.Getenv("SHOP_LOGS"), "access.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("opening the access log: %w", err)
	}
	defer access.Close()
	s := shop{
		stage: os.Getenv("SHOP_STAGE"),
		token: os.Getenv("SHOP_TOKEN"),
		cache: resp.Client{Address: os.Getenv("SHOP_CACHE")},
		log:   access,
	}
	fmt.Printf("the %s shop is open on :8080, admin on :9090\n", s.stage)
	return serve(ctx, &http.Server{Addr: ":8080", Handler: s.front()}, &http.Server{Addr: ":9090", Handler: s.admin()})
}

// serve runs the servers until one fails or ctx ends, then stops them all.
func serve(ctx context.Context, servers ...*http.Server) error {
	failed := make(chan error, len(servers))
	for _, s := range servers {
		s.ReadHeaderTimeout = 5 * time.Second
		go func() { failed <- s.ListenAndServe() }()
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(drain))
	}
	return err
}

func health(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for health: %s", response.Status)
	}
	return nil
}
