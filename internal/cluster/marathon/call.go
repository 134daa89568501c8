package marathon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"dce/internal/wait"
)

// call is one request as it is meant, whichever master it goes to.
type call struct {
	method string
	path   string // from /v2 on
	query  url.Values
	body   []byte
}

// reads says that a request changes nothing, however often it is sent.
func (k call) reads() bool { return k.method == http.MethodGet || k.query.Get("dryRun") == "true" }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	from   *url.URL
}

// LostError says that a request that changes something was sent, and that no
// answer tells whether it was done: it must be looked up, not repeated.
type LostError struct {
	Method, Path string
	Cause        error
}

// Error says what is not known.
func (e *LostError) Error() string {
	return fmt.Sprintf("the answer to %s %s was lost: %v", e.Method, e.Path, e.Cause)
}

// Unwrap is why.
func (e *LostError) Unwrap() error { return e.Cause }

// UnreachableError says that no master answered.
type UnreachableError struct{ Causes []error }

// Error names what each master came to.
func (e *UnreachableError) Error() string { return errors.Join(e.Causes...).Error() }

// Unwrap are the causes, one a master.
func (e *UnreachableError) Unwrap() []error { return e.Causes }

func dialer() func(context.Context, string, string) (net.Conn, error) {
	return (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext
}

// get asks, and asks again where that may help.
func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	a, err := c.do(ctx, call{method: http.MethodGet, path: path, query: query})
	if err != nil {
		return err
	}
	return a.decode(into)
}

// change sends something that changes the cluster. It is sent again only where
// it is certain that nothing was done; otherwise the error is a *LostError.
func (c *Client) change(ctx context.Context, k call, body, into any) error {
	if body != nil {
		var err error
		if k.body, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
	}
	a, err := c.do(ctx, k)
	if err != nil || into == nil {
		return err
	}
	return a.decode(into)
}

// do sends a request to the masters in turn until one answers.
func (c *Client) do(ctx context.Context, k call) (answer, error) {
	pause := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, RandomizationFactor: .5, Multiplier: 2, MaxInterval: 2 * time.Second}
	began := time.Now()
	for round := 1; ; round++ {
		a, err := c.round(ctx, k)
		if err == nil {
			return a, a.failure(k)
		}
		if !again(err, round, time.Since(began), c.options.Patience) {
			return answer{}, err
		}
		if !wait.For(ctx, pause.NextBackOff()) {
			return answer{}, errors.Join(context.Cause(ctx), err)
		}
	}
}

// again decides whether to ask all masters once more. Nobody there is a matter
// of seconds where it is a restart, and mostly a wrong URL; no leader is a
// matter of an election.
func again(err error, round int, since, patience time.Duration) bool {
	if _, lost := errors.AsType[*LostError](err); lost {
		return false
	}
	if _, refused := errors.AsType[*Error](err); refused {
		return since < patience
	}
	if _, nobody := errors.AsType[*UnreachableError](err); nobody {
		return round < 3
	}
	return false
}

// round asks each master once.
func (c *Client) round(ctx context.Context, k call) (answer, error) {
	var causes []error
	first := int(c.first.Load())
	for i := range c.urls {
		n := (first + i) % len(c.urls)
		a, err := c.send(ctx, c.urls[n], k)
		switch {
		case err == nil && !a.elsewhere():
			c.first.Store(int32(n)) //nolint:gosec // an index into a short list
			return a, nil
		case err == nil:
			causes = append(causes, a.failure(k))
		case ctx.Err() != nil || !harmless(k, err):
			return answer{}, interruptedOr(ctx, k, err)
		default:
			causes = append(causes, err)
		}
	}
	return answer{}, verdict(causes)
}

// verdict is the error of a round in which no master answered: that of one that
// is there counts more than those of the others.
func verdict(causes []error) error {
	for _, err := range causes {
		if e, ok := errors.AsType[*Error](err); ok {
			return e
		}
	}
	return &UnreachableError{Causes: causes}
}

func interruptedOr(ctx context.Context, k call, err error) error {
	if k.reads() && ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", k.method, k.path, context.Cause(ctx))
	}
	if k.reads() {
		return err
	}
	return &LostError{Method: k.method, Path: k.path, Cause: err}
}

// harmless says that a request whose answer did not come may be sent again: it
// only reads, or it never left.
func harmless(k call, err error) bool {
	if k.reads() {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// elsewhere says that this master did nothing and another one, or the same a
// little later, may: it has no leader, or too much to do. "Connection to leader
// refused." is not among it: it is also said of a leader that took the request
// and died (AsyncUrlConnectionRequestForwarder.scala:172).
func (a answer) elsewhere() bool {
	if a.status == http.StatusBadGateway {
		return strings.Contains(string(a.body), "Could not determine the current leader")
	}
	return a.status == http.StatusServiceUnavailable && strings.Contains(string(a.body), "Too many concurrent requests")
}

// send sends a request to one master, and on to another where that one says so.
func (c *Client) send(ctx context.Context, base *url.URL, k call) (answer, error) {
	target := base.JoinPath(k.path)
	target.RawQuery = k.query.Encode()
	for range redirectLimit {
		a, err := c.once(ctx, target, k)
		if err != nil {
			return answer{}, err
		}
		next := a.redirect(target)
		if next == nil {
			return a.orBusy(k)
		}
		target = next
	}
	return answer{}, fmt.Errorf("%s was sent on %d times, last to %s", k.path, redirectLimit, target.Redacted())
}

// orBusy turns what a proxy or a busy Marathon answers into a lost answer: for
// a read, to be asked again; for a write, to be looked up.
func (a answer) orBusy(k call) (answer, error) {
	busy := a.status == http.StatusBadGateway || a.status == http.StatusServiceUnavailable || a.status == http.StatusGatewayTimeout
	if (!busy && !a.broken(k)) || a.elsewhere() {
		return a, nil
	}
	return answer{}, a.failure(k)
}

// broken says that a change failed without a word of Marathon's own: so answers
// a standby whose leader closed the connection instead of answering.
func (a answer) broken(k call) bool {
	return !k.reads() && a.status == http.StatusInternalServerError && !json.Valid(a.body)
}

// once sends a request to one address and reads the answer.
func (c *Client) once(ctx context.Context, target *url.URL, k call) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, k.method, target.String(), bytes.NewReader(k.body))
	if err != nil {
		return answer{}, fmt.Errorf("making the request: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	if k.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	c.authorise(r)
	c.requests.Add(1)
	response, err := c.http.Do(r)
	if err != nil {
		return answer{}, fmt.Errorf("asking marathon: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer of %s: %w", target.Redacted(), err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: body, from: target}, nil
}

// redirect is where a master sends a request on to, nil for nowhere. Method
// and body go with it for every code: Marathon answers 302 to writes too.
func (a answer) redirect(from *url.URL) *url.URL {
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	to, err := from.Parse(a.header.Get("Location"))
	if err != nil || to.Host == "" || (to.Scheme != "http" && to.Scheme != "https") || a.header.Get("Location") == "" {
		return nil
	}
	return to
}

func (a answer) decode(into any) error {
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return &StrangeError{URL: a.from.Redacted(), Status: a.status, Body: a.body, Cause: err}
	}
	return nil
}
