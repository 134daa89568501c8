package marathon

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Faults say how a server misbehaves. The zero value is good behaviour. It is JSON at /_devcluster/faults.
type Faults struct {
	Requests []Fault `json:"requests,omitempty"` // the first that fits counts

	LoseEvents []string `json:"lose_events,omitempty"` // types of event that are never sent; "*" stands for all
	Starve     string   `json:"starve,omitempty"`      // the reason for which every offer is refused, InsufficientCpus for one
	NoLeader   bool     `json:"no_leader,omitempty"`   // nobody leads
}

// Fault is what goes wrong with some requests.
type Fault struct {
	Method string `json:"method,omitempty"` // "" means every one; several are joined by |
	Path   string `json:"path,omitempty"`   // a regular expression that the path must match somewhere
	Times  int    `json:"times,omitempty"`  // how many requests; 0 means all
	Skip   int    `json:"skip,omitempty"`   // how many requests are let pass before

	Delay      Duration `json:"delay,omitempty"`       // before anything is done
	Status     int      `json:"status,omitempty"`      // refuse with it, nothing being done
	HTML       bool     `json:"html,omitempty"`        // the refusal is a page, else JSON
	Message    string   `json:"message,omitempty"`     // what the refusal says, else the name of its status
	Location   string   `json:"location,omitempty"`    // of a refusal by 302 or 307
	Drop       bool     `json:"drop,omitempty"`        // close the connection, nothing being done
	LoseAnswer bool     `json:"lose_answer,omitempty"` // do it, then close the connection, or refuse with the status
}

// Duration is a time span that JSON writes as 1m30s.
type Duration time.Duration

// Duration is the time span itself.
func (d Duration) Duration() time.Duration { return time.Duration(d) }

// MarshalText writes a time span.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a time span.
func (d *Duration) UnmarshalText(text []byte) error {
	span, err := time.ParseDuration(string(text))
	*d = Duration(span)

	return err
}

// controlPath is where the cluster is told to misbehave. It needs no credentials: it is on this machine only.
const controlPath = "/_devcluster/"

// faultState is how a server misbehaves now.
type faultState struct {
	mu     sync.Mutex
	faults Faults
	paths  []*regexp.Regexp // of each request fault
	seen   []int            // requests that fitted, of each
	leads  int              // index of the node that leads
}

// SetFaults has the server misbehave from now on.
func (s *Server) SetFaults(f Faults) error {
	if err := s.setFaults(f); err != nil {
		return err
	}
	if f.NoLeader {
		s.events.drop()
	}

	return s.do(func(now time.Time) error { s.scheduler.Starve(now, f.Starve); return nil })
}

func (s *Server) setFaults(f Faults) error {
	var paths []*regexp.Regexp
	for _, fault := range f.Requests {
		path, err := regexp.Compile(fault.Path)
		if err != nil {
			return fmt.Errorf("reading the path of a fault: %w", err)
		}
		paths = append(paths, path)
	}
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.faults, s.state.paths, s.state.seen = f, paths, make([]int, len(paths))

	return nil
}

// fault is what goes wrong with a request.
func (s *Server) fault(r *http.Request) (Fault, bool) {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	for n, f := range s.state.faults.Requests {
		if f.Method != "" && !slices.Contains(strings.Split(f.Method, "|"), r.Method) || !s.state.paths[n].MatchString(r.URL.Path) {
			continue
		}
		s.state.seen[n]++
		if nth := s.state.seen[n] - f.Skip; nth > 0 && (f.Times == 0 || nth <= f.Times) {
			return f, true
		}
	}

	return Fault{}, false
}

// spoils answers a request in the bad way that was asked for, if that is instead of doing it.
func (f Fault) spoils(w http.ResponseWriter) bool {
	if f.LoseAnswer || !f.Drop && f.Status == 0 {
		return false
	}
	f.refuse(w)

	return true
}

// refuse answers in the bad way, or not at all.
func (f Fault) refuse(w http.ResponseWriter) {
	message := cmp.Or(f.Message, http.StatusText(f.Status))
	switch {
	case f.Drop, f.Status == 0:
		panic(http.ErrAbortHandler)
	case f.Location != "":
		w.Header().Set("Location", f.Location)
		reply{status: f.Status}.write(w)
	case f.HTML:
		w.Header().Set("Content-Type", "text/html;charset=utf-8")
		reply{status: f.Status, text: page(fmt.Sprint(f.Status), message)}.write(w)
	default:
		reply{status: f.Status, body: map[string]any{"message": message}}.write(w)
	}
}

func (s *Server) losesEvent(kind string) bool {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()

	return slices.Contains(s.state.faults.LoseEvents, kind) || slices.Contains(s.state.faults.LoseEvents, "*")
}

// leader is the node that leads, nil if none does.
func (s *Server) leader() *node {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	if s.state.faults.NoLeader {
		return nil
	}

	return s.nodes[s.state.leads]
}

// moveLeader makes the next node the leader. Event streams end, as they do when a leader steps down.
func (s *Server) moveLeader() {
	s.state.mu.Lock()
	s.state.leads = (s.state.leads + 1) % len(s.nodes)
	s.state.mu.Unlock()
	s.events.drop()
}

// MoveLeader makes the next Marathon of the cluster the leader; event streams end.
func (s *Server) MoveLeader() { s.moveLeader() }

// DropEvents cuts every event stream off.
func (s *Server) DropEvents() { s.events.drop() }

// control serves what tells a cluster to misbehave.
func (s *Server) control(w http.ResponseWriter, r *http.Request, path string) {
	switch what := strings.TrimPrefix(path, controlPath); {
	case what == "faults" && r.Method == http.MethodGet:
		s.state.mu.Lock()
		faults := s.state.faults
		s.state.mu.Unlock()
		ok(faults).write(w)
	case what == "faults" && r.Method == http.MethodPut:
		s.putFaults(w, r)
	case what == "faults" && r.Method == http.MethodDelete:
		_ = s.SetFaults(Faults{}) // nothing in it can be wrong
		reply{status: http.StatusNoContent}.write(w)
	case what == "leader" && r.Method == http.MethodPost:
		s.moveLeader()
		reply{status: http.StatusNoContent}.write(w)
	case what == "events" && r.Method == http.MethodDelete:
		s.events.drop()
		reply{status: http.StatusNoContent}.write(w)
	default:
		reply{status: http.StatusNotFound, body: map[string]any{"message": "PUT or DELETE faults, POST leader, DELETE events"}}.write(w)
	}
}

func (s *Server) putFaults(w http.ResponseWriter, r *http.Request) {
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	decoder.DisallowUnknownFields()
	var f Faults
	err := decoder.Decode(&f)
	if err == nil {
		err = s.SetFaults(f)
	}
	if err != nil {
		message400(err.Error()).write(w)

		return
	}
	reply{status: http.StatusNoContent}.write(w)
}
