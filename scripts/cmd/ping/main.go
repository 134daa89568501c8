// Command ping exits 0 when a Docker engine answers, for scripts on machines
// without the docker client. It imports the standard library only, so that it
// is built in a moment on a machine that has built nothing yet.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := ping(ctx, os.Getenv("DOCKER_HOST")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ping asks the engine at host, which is written as DOCKER_HOST is.
func ping(ctx context.Context, host string) error {
	network, address := address(host)
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/_ping", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking %s: %w", address, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", address, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: %s", address, response.Status)
	}
	return nil
}

func address(host string) (network, address string) {
	if host == "" {
		return "unix", "/var/run/docker.sock"
	}
	scheme, rest, _ := strings.Cut(host, "://")
	return scheme, rest
}
