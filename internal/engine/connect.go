package engine

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/flags"
	"github.com/moby/moby/client"
)

// pingTimeout bounds the first call to an engine. One that is starting can
// leave a call hanging for 15 s (Engine 20.10.24), which is no answer either.
const pingTimeout = 20 * time.Second

// Engine is a connection to a Docker engine.
type Engine struct {
	api    client.APIClient
	cli    *command.DockerCli
	err    io.Writer
	log    *slog.Logger
	api144 bool
	ping   client.PingResult
	memory string // a directory, empty for none
	// callTimeout bounds each call: an engine can be deadlocked in some of them
	// and answer the others (20.10.24 in libnetwork, with a hundred pods that end
	// at once: it lists containers, and hangs in info and inspect for good).
	callTimeout time.Duration

	reusing  sync.Once
	reusable *http.Transport
}

// Connect finds the engine, asks it whether it is there and agrees on an API
// version. Its error is a diagnostic that says what is wrong with the engine.
func Connect(ctx context.Context, o Options) (*Engine, error) {
	if o.Err == nil {
		o.Err = io.Discard
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ConfigDir != "" {
		config.SetDir(o.ConfigDir)
	}
	opts := flags.NewClientOptions()
	if o.Host != "" {
		opts.Hosts = []string{o.Host}
	}
	api, err := command.NewAPIClientFromFlags(opts, config.LoadDefaultConfigFile(o.Err))
	if err != nil {
		return nil, classify(fmt.Errorf("finding the Docker engine: %w", err), about{host: o.Host})
	}
	e := &Engine{api: api, err: o.Err, log: o.Log, memory: o.Memory, callTimeout: cmp.Or(o.CallTimeout, defaultCallTimeout)}
	if err := e.greet(ctx); err != nil {
		api.Close()
		return nil, err
	}
	e.cli, err = command.NewDockerCli(command.WithAPIClient(api),
		command.WithInputStream(io.NopCloser(strings.NewReader(""))), command.WithCombinedStreams(o.Err))
	if err != nil {
		return nil, fmt.Errorf("preparing compose: %w", err)
	}
	if err := e.cli.Initialize(opts); err != nil {
		return nil, fmt.Errorf("preparing compose: %w", err)
	}
	takeOverLogrus(o.Log)
	return e, nil
}

// bounded is ctx for one call.
func (e *Engine) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, e.callTimeout)
}

func (e *Engine) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	ping, err := e.api.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	if err != nil {
		return classify(err, about{host: e.api.DaemonHost()})
	}
	e.ping, e.api144 = ping, apiAtLeast(ping.APIVersion, 1, 44)
	return nil
}

func apiAtLeast(version string, major, minor int) bool {
	var a, b int
	if _, err := fmt.Sscanf(version, "%d.%d", &a, &b); err != nil {
		return false
	}
	return a > major || a == major && b >= minor
}

// Close gives the connections back.
func (e *Engine) Close() error {
	e.reused().CloseIdleConnections()
	return e.api.Close()
}

// Host is the engine's address.
func (e *Engine) Host() string { return e.api.DaemonHost() }

// composeCLI is the docker CLI that compose is given: its client is ours, and
// BuildKit is off, since without the buildx plugin only the classic builder is
// there for certain (and DOCKER_BUILDKIT is the environment's, not ours).
type composeCLI struct {
	*command.DockerCli
	api client.APIClient
}

// Client implements command.Cli.
func (c composeCLI) Client() client.APIClient { return c.api }

// BuildKitEnabled implements command.Cli.
func (composeCLI) BuildKitEnabled() (bool, error) { return false, nil }
