package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// fresh is a connection of its own for each call.
func (e *Engine) fresh() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: e.dial}
}

// reused are connections that calls share, as those of the engine's own client
// (v0.5.1): a new one takes an engine behind ssh a second.
func (e *Engine) reused() *http.Transport {
	e.reusing.Do(func() {
		e.reusable = &http.Transport{MaxIdleConns: 6, IdleConnTimeout: 30 * time.Second, DialContext: e.dial}
	})
	return e.reusable
}

// get asks the engine, and returns what it answers.
func (e *Engine) get(ctx context.Context, by *http.Transport, path string) (io.ReadCloser, error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+e.prefix()+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking the engine: %w", err)
	}
	res, err := by.RoundTrip(ask)
	if err != nil {
		return nil, fmt.Errorf("asking the engine: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		return nil, refusal(res)
	}
	return res.Body, nil
}

// prefix is that of all paths, of an engine behind another server.
func (e *Engine) prefix() string {
	at, err := client.ParseHostURL(e.api.DaemonHost())
	if err != nil {
		return ""
	}
	return at.Path
}

func (e *Engine) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := e.api.Dialer()(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to connect to the docker API: %w", err)
	}
	return conn, nil
}

// refusal is what the engine says in place of an answer.
func refusal(res *http.Response) error {
	words := res.Status
	var said struct{ Message string }
	if json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said) == nil && said.Message != "" {
		words = said.Message
	}
	if res.StatusCode == http.StatusNotFound {
		return errdefs.ErrNotFound.WithMessage(words)
	}
	return errors.New(words)
}
