package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"dce/internal/wait"
)

// slaveID is the libprocess id of an agent, the first part of the paths that libmesos uses.
const slaveID = "slave(1)"

const executorAPI = "/api/v1/executor"

// server is one listening address and its open connections.
type server struct {
	http *http.Server
	done chan struct{}
}

// listen opens the addresses and begins to answer as the phase says. A port once chosen is kept over restarts.
func (a *Agent) listen(ctx context.Context, p phase) error {
	var config net.ListenConfig
	tcp, err := a.listenTCP(ctx, config)
	if err != nil {
		return err
	}
	var unix net.Listener
	if path := a.opts.DomainSocket; path != "" {
		if unix, err = listenUnix(ctx, config, path); err != nil {
			tcp.Close()

			return err
		}
	}

	if a.opts.TLS != nil {
		tcp = eitherListener{tcp, a.opts.TLS}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if bound, ok := tcp.Addr().(*net.TCPAddr); ok {
		a.ip, a.port = reachable(bound.IP), bound.Port
	}
	a.phase = p
	a.servers = []*server{a.serve(tcp, a.handleTCP)}
	if unix != nil {
		a.servers = append(a.servers, a.serve(unix, a.handleUnix))
	}

	return nil
}

// listenTCP opens the configured address, or the one of before. A free port is looked for below those that the kernel
// gives to connections: while the agent is down an executor that tries to connect would else meet itself or another.
// The one of before may be taken for a moment: a process that is just being started has the old socket until it executes
// its program (seen on a machine with a load of 15).
func (a *Agent) listenTCP(ctx context.Context, config net.ListenConfig) (net.Listener, error) {
	host, port, err := net.SplitHostPort(a.opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("reading the agent's address: %w", err)
	}
	free := port == "0" && a.port == 0
	if a.port != 0 {
		port = strconv.Itoa(a.port)
	}
	for try := 0; ; try++ {
		if free {
			const first, last = 10000, 30999                     // 31000 and up are offered to tasks
			port = strconv.Itoa(first + rand.IntN(last-first+1)) //nolint:gosec // any port will do
		}
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err == nil {
			return l, nil
		}
		again := free || a.port != 0 && errors.Is(err, syscall.EADDRINUSE)
		if !again || try > 100 || ctx.Err() != nil {
			return nil, fmt.Errorf("listening on %s: %w", net.JoinHostPort(host, port), err)
		}
		if !free {
			<-time.After(10 * time.Millisecond)
		}
	}
}

// reachable is the address to tell executors, which run on this machine, for an agent that listens on all of them.
func reachable(ip net.IP) string {
	if ip.IsUnspecified() {
		return "127.0.0.1"
	}

	return ip.String()
}

func listenUnix(ctx context.Context, config net.ListenConfig, path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing an old domain socket: %w", err)
	}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o666); err != nil { // as recorded: executors of any user use it
		l.Close()

		return nil, fmt.Errorf("opening the domain socket to executors: %w", err)
	}

	return l, nil
}

func (a *Agent) serve(l net.Listener, h http.HandlerFunc) *server {
	s := &server{
		http: &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: nil},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // ends by Close only
	}()

	return s
}

// closeServers closes addresses and connections at once, as the end of a process does.
func (a *Agent) closeServers() {
	a.mu.Lock()
	servers := a.servers
	a.servers, a.phase = nil, phaseDown
	for _, e := range a.executors() {
		e.disconnect(false)
	}
	a.mu.Unlock()
	for _, s := range servers {
		_ = s.http.Close() // what it cannot close is closed already
		<-s.done
	}
}

// handleUnix serves the domain socket: only what is below the agent's own id.
func (a *Agent) handleUnix(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/"+slaveID+"/") {
		respond(w, answer{http.StatusForbidden, "403 Forbidden."})

		return
	}
	a.handleTCP(w, r)
}

func (a *Agent) handleTCP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	p := a.phase
	a.mu.Unlock()
	if p < phaseRecovering {
		notFound(w)

		return
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/"+slaveID); path {
	case executorAPI:
		a.handleCall(w, r, p)
	case "/state", "/state.json":
		a.handleState(w, r)
	case "/health":
		w.WriteHeader(http.StatusOK)
	default:
		a.handleFiles(w, r, path)
	}
}

func notFound(w http.ResponseWriter) { respond(w, answer{http.StatusNotFound, "404 Not Found."}) }

func respond(w http.ResponseWriter, answered answer) {
	if answered.text != "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(answered.status)
	_, _ = io.WriteString(w, answered.text) // the peer is gone or reads it
}

// handleCall serves one call of the executor API.
func (a *Agent) handleCall(w http.ResponseWriter, r *http.Request, p phase) {
	who, ok := a.authenticated(w, r)
	if !ok {
		return
	}
	if p == phaseRecovering {
		respond(w, answer{http.StatusServiceUnavailable, "Agent has not finished recovery"})

		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		respond(w, answer{http.StatusMethodNotAllowed, fmt.Sprintf("405 Method Not Allowed. Expecting one of { 'POST' }, but received '%s'.", r.Method)})

		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall))
	if err != nil {
		respond(w, answer{http.StatusBadRequest, "Failed to read the body"})

		return
	}
	call, refusal := parseCall(r.Header.Get("Content-Type"), body)
	if refusal == nil {
		refusal = a.authorize(who, call)
	}
	if refusal != nil {
		respond(w, *refusal)

		return
	}
	a.answerCall(w, r, call)
}

func (a *Agent) authenticated(w http.ResponseWriter, r *http.Request) (claims, bool) {
	if a.opts.JWTSecret == nil {
		return claims{}, true
	}
	who, challenge := authenticate(a.opts.JWTSecret, r)
	if challenge != "" {
		w.Header()["WWW-Authenticate"] = []string{challenge} // spelt as by Mesos
		respond(w, answer{http.StatusUnauthorized, "401 Unauthorized."})

		return who, false
	}

	return who, true
}

func (a *Agent) authorize(who claims, call *executor.Call) *answer {
	if a.opts.JWTSecret == nil {
		return nil
	}
	if err := who.matches(call.FrameworkID.Value, call.ExecutorID.Value); err != nil {
		return &answer{http.StatusForbidden, err.Error()}
	}

	return nil
}

// answerCall handles a valid call with the faults that were asked for.
func (a *Agent) answerCall(w http.ResponseWriter, r *http.Request, call *executor.Call) {
	f := a.callFault(call)
	if !wait.For(r.Context(), f.Delay) || f.Drop {
		panic(http.ErrAbortHandler)
	}
	if f.Status != 0 {
		respond(w, answer{f.Status, http.StatusText(f.Status)})

		return
	}

	mediaType := acceptable(r.Header.Get("Accept"))
	if call.Type == executor.Call_SUBSCRIBE && mediaType == "" {
		respond(w, answer{http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'"})

		return
	}
	s, answered := a.handle(call)
	if !wait.For(r.Context(), f.AnswerDelay) || f.LoseAnswer {
		panic(http.ErrAbortHandler)
	}
	if s == nil {
		respond(w, answered)

		return
	}
	a.stream(w, r, s, mediaType)
}

func (a *Agent) stream(w http.ResponseWriter, r *http.Request, s *stream, mediaType string) {
	defer a.streamEnded(s)
	w.Header().Set("Content-Type", mediaType)
	writer := eventWriter{w: w, encode: encoder(mediaType), fault: a.eventFault}
	if !writer.run(r.Context(), s) {
		panic(http.ErrAbortHandler)
	}
}

// streamEnded forgets a stream whose connection is gone; the executor may subscribe again at any time.
func (a *Agent) streamEnded(s *stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.end(false)
	for _, e := range a.executors() {
		if e.stream == s {
			e.stream = nil
		}
	}
}

// handle does what a call asks for. A SUBSCRIBE that is granted gives a stream, everything else an answer.
func (a *Agent) handle(call *executor.Call) (*stream, answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.frameworks[call.FrameworkID.Value]
	if f == nil {
		return nil, answer{http.StatusBadRequest, "Framework cannot be found"}
	}
	e := f.executors[call.ExecutorID.Value]
	if e == nil {
		return nil, answer{http.StatusBadRequest, "Executor cannot be found"}
	}
	if e.state == registering && call.Type != executor.Call_SUBSCRIBE && call.Type != executor.Call_HEARTBEAT {
		return nil, answer{http.StatusForbidden, "Executor is not subscribed"}
	}

	switch call.Type {
	case executor.Call_SUBSCRIBE:
		return a.subscribe(e, call.Subscribe), answer{}
	case executor.Call_UPDATE:
		a.handleUpdate(e, call.Update.Status)
	case executor.Call_MESSAGE:
		a.publish(Event{FrameworkID: f.id(), Message: &Message{ExecutorID: e.id(), Data: call.Message.Data}})
	case executor.Call_HEARTBEAT:
	default:
		return nil, answer{http.StatusNotImplemented, "501 Not Implemented."}
	}

	return nil, answer{status: http.StatusAccepted}
}
