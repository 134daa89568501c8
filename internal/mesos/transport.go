package mesos

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

const (
	mediaType   = "application/x-protobuf"
	apiPath     = "/api/v1/executor"
	dialTimeout = 5 * time.Second
	// callTimeout bounds every call but SUBSCRIBE. An agent answers in
	// milliseconds.
	callTimeout = 10 * time.Second
	// maxAnswer is how much of an error's text is read.
	maxAnswer = 1 << 10
)

// Dialer opens a connection; the network is "tcp" or "unix".
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// transport posts calls to the agent's executor API.
type transport struct {
	client *http.Client
	url    string
	token  Secret
	agent  string
}

// newTransport takes the path with the agent's process id, as libmesos does: it
// is the only one that the domain socket serves (mesos-wire: domain-socket).
func newTransport(env Environment, userAgent string, dial Dialer) (*transport, error) {
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	scheme, host := "http", env.Address
	t := &http.Transport{
		DialContext:         dial,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 1,
		IdleConnTimeout:     time.Minute,
		Protocols:           new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	switch {
	case env.DomainSocket != "":
		host = "localhost"
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, "unix", env.DomainSocket)
		}
	case env.TLS.Enabled:
		scheme = "https"
		secure, err := env.TLS.dialer(env.Address, dial)
		if err != nil {
			return nil, badTLS(err)
		}
		t.DialTLSContext = secure
	}
	return &transport{
		client: &http.Client{Transport: t, CheckRedirect: stay},
		url:    scheme + "://" + host + "/" + env.AgentProcess + apiPath,
		token:  env.token,
		agent:  userAgent,
	}, nil
}

// stay follows no redirect: the token is for this agent only.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// subscribe opens the stream of events. It ends with ctx.
func (t *transport) subscribe(ctx context.Context, call *executor.Call) (io.ReadCloser, error) {
	answer, err := t.post(ctx, call)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, refusal(answer, t.token)
	}
	if got := answer.Header.Get("Content-Type"); got != mediaType {
		answer.Body.Close()
		return nil, &answerError{Status: answer.StatusCode, Text: fmt.Sprintf("events of type %q instead of %s", got, mediaType)}
	}
	return answer.Body, nil
}

// send posts any other call.
func (t *transport) send(ctx context.Context, call *executor.Call) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := t.post(ctx, call)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusAccepted {
		return refusal(answer, t.token)
	}
	return answer.Body.Close()
}

func (t *transport) post(ctx context.Context, call *executor.Call) (*http.Response, error) {
	body, err := call.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", call.Type, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request for %s: %w", call.Type, err)
	}
	request.Header.Set("Content-Type", mediaType)
	request.Header.Set("Accept", mediaType)
	request.Header.Set("User-Agent", t.agent)
	if !t.token.IsZero() {
		request.Header.Set("Authorization", "Bearer "+t.token.reveal())
	}
	answer, err := t.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", call.Type, err)
	}
	return answer, nil
}

func (t *transport) close() { t.client.CloseIdleConnections() }

// answerError is an answer that is not the expected one.
type answerError struct {
	Status int
	Text   string
}

func (e *answerError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the agent answered %d %s: %s", e.Status, http.StatusText(e.Status), e.Text))
}

// passing reports whether the same call may be answered differently later. An
// agent that starts refuses connections, then answers 404, then 503
// (reference/mesos.md section 3).
func (e *answerError) passing() bool {
	switch e.Status {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	default:
		return e.Status >= 500
	}
}

// final reports whether subscribing again would be refused again.
func final(err error) bool {
	if a, ok := errors.AsType[*answerError](err); ok {
		return !a.passing()
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return untrusted
}

// rejected reports whether the agent will never take this call. 401 and 403
// are no such answer: an agent that has restarted gives 403 until the executor
// has subscribed again.
func rejected(err error) bool {
	a, ok := errors.AsType[*answerError](err)
	return ok && !a.passing() && a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden
}

// refusal reads the text of an error. The description of a 401 can hold bytes
// of the token that was offered (mesos-wire: auth), from "near" on: these stay out.
func refusal(answer *http.Response, token Secret) error {
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	why := string(text)
	if challenge := answer.Header.Get("WWW-Authenticate"); challenge != "" {
		challenge, _, _ = strings.Cut(challenge, " near:")
		why += " " + challenge
	}
	if !token.IsZero() {
		why = strings.ReplaceAll(why, token.reveal(), hidden)
	}
	return &answerError{Status: answer.StatusCode, Text: strings.TrimSpace(strings.Map(printable, why))}
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}
