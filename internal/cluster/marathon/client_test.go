package marathon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dce/internal/cluster"
	"dce/internal/diag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers by a script and remembers what it was asked.
type server struct {
	*httptest.Server

	mu    sync.Mutex
	asked []string
}

func serve(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.asked, ", ")
}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Patience == 0 {
		o.Patience = 50 * time.Millisecond
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

// drop breaks the connection after the request was read.
func drop(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

func TestErrorsAreReadWhateverTheirForm(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   Error
	}{
		"a message":         {404, `{"message":"App '/x' does not exist"}`, Error{Message: "App '/x' does not exist"}},
		"details as a text": {400, `{"message":"Invalid JSON","details":"Unexpected end"}`, Error{Message: "Invalid JSON", Details: []Detail{{"/", []string{"Unexpected end"}}}}},
		"details as a list": {
			422, `{"message":"Object is not valid","details":[{"path":"/id","errors":["bad","worse"]},{"path":"/","errors":"alone"},"plain"]}`,
			Error{Message: "Object is not valid", Details: []Detail{{"/id", []string{"bad", "worse"}}, {"/", []string{"alone"}}, {"/", []string{"plain"}}}},
		},
		"a lock":          {409, `{"message":"App is locked","deployments":[{"id":"d1"},{"id":"d2"}]}`, Error{Message: "App is locked", Deployments: []string{"d1", "d2"}}},
		"nothing":         {500, ``, Error{}},
		"a page of Jetty": {500, "<html><head><title>Error</title></head>\n<body><h2>HTTP ERROR 500</h2><script>x()</script> Too <b>many</b></body></html>", Error{Message: "HTTP ERROR 500 Too many"}},
		"no object":       {500, `[1]`, Error{Message: "[1]"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, test.status, test.body) })
			_, err := client(t, Options{URLs: []string{s.URL}}).Versions(t.Context(), "/x")
			got, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			test.want.Status, test.want.Method, test.want.Path, test.want.From = test.status, "GET", "/v2/apps/x/versions", s.URL+"/v2/apps/x/versions"
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheNextMasterIsAskedWhenOneIsGone(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	here := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `{"versions":["v1"]}`) })
	c := client(t, Options{URLs: []string{gone.URL, here.URL}})
	for range 2 {
		if got, err := c.Versions(t.Context(), "/x"); err != nil || len(got) != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
	}
	if n := c.Requests(); n != 3 { // the second time, the one that is there comes first
		t.Errorf("%d requests", n)
	}
	changed, err := client(t, Options{URLs: []string{gone.URL, here.URL}}).Put(t.Context(), "/x", map[string]any{}, false)
	if err != nil {
		t.Errorf("got %v, %v: a request that never left is no lost one", changed, err)
	}
}

func TestNobodyThere(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := client(t, Options{URLs: []string{gone.URL}})
	_, err := c.Info(t.Context())
	if _, ok := errors.AsType[*UnreachableError](err); !ok {
		t.Errorf("got %v", err)
	}
	if list, _ := diag.Of(Problem(gone.URL, err)); len(list) != 1 || list[0].Code != "DCE750" {
		t.Errorf("got %v", list)
	}
}

func TestAMasterWithoutALeaderIsAskedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		write  bool
	}{
		"no leader, reading":       {502, "Could not determine the current leader", false},
		"no leader, writing":       {502, "Could not determine the current leader", true},
		"too much to do, writing":  {503, "<html><body>Too many concurrent requests! Allowed: 500.</body></html>", true},
		"a proxy's page, reading":  {503, "<html><body>Service Unavailable</body></html>", false},
		"a timeout, reading":       {504, "", false},
		"the leader gone, reading": {502, leaderRefused, false},
		"an empty answer, reading": {503, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if n++; n < 3 {
					reply(w, test.status, test.body)
					return
				}
				reply(w, 200, `{"version":"v2","deploymentId":"d2"}`)
			})
			c := client(t, Options{URLs: []string{s.URL}, Patience: time.Minute})
			var err error
			if test.write {
				_, err = c.Put(t.Context(), "/x", map[string]any{"id": "/x"}, false)
			} else {
				_, err = c.Info(t.Context())
			}
			if err != nil || n != 3 {
				t.Errorf("got %v after %d requests", err, n)
			}
		})
	}
}

func TestAWriteIsNotSentAgainWhenItMayHaveBeenDone(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"the connection broke": drop,
		"a proxy gave up":      func(w http.ResponseWriter, _ *http.Request) { reply(w, 504, "") },
		"a proxy's page":       func(w http.ResponseWriter, _ *http.Request) { reply(w, 502, "<html>Bad Gateway</html>") },
		"the leader is gone":   func(w http.ResponseWriter, _ *http.Request) { reply(w, 502, leaderRefused) },
		"the leader broke off": func(w http.ResponseWriter, _ *http.Request) { reply(w, 500, "<html>Server Error</html>") },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answer)
			_, err := client(t, Options{URLs: []string{s.URL}}).Create(t.Context(), map[string]any{"id": "/x"})
			if _, ok := errors.AsType[*LostError](err); !ok {
				t.Errorf("got %v", err)
			}
			if got := s.requests(); got != "POST /v2/apps" {
				t.Errorf("asked %s", got)
			}
		})
	}
}

// leaderRefused is what a standby says whose leader cannot be reached, or took
// the request and died.
const leaderRefused = "<html><body>Connection to leader refused.</body></html>"

func TestAPlanIsAskedAgain(t *testing.T) {
	n := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			reply(w, 200, `{"id":"/","apps":[],"groups":[]}`)
			return
		}
		if n++; n < 3 {
			reply(w, 502, leaderRefused)
			return
		}
		reply(w, 200, `{"steps":[]}`)
	})
	_, err := client(t, Options{URLs: []string{s.URL}, Patience: time.Minute}).DryRun(t.Context(), "/x", json.RawMessage(`{"id":"/x"}`))
	if err != nil || n != 3 {
		t.Errorf("got %v after %d plans", err, n)
	}
}

func TestARedirectKeepsMethodAndBody(t *testing.T) {
	for _, code := range []int{301, 302, 307, 308} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			var got string
			leader := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				user, _, _ := r.BasicAuth()
				got = fmt.Sprintf("%s %s %s %s", r.Method, r.URL, body, user)
				reply(w, 200, `{"version":"v2","deploymentId":"d2"}`)
			})
			other := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", leader.URL+r.URL.RequestURI())
				w.WriteHeader(code)
			})
			c := client(t, Options{URLs: []string{other.URL}, User: "me", Password: "x"})
			changed, err := c.Put(t.Context(), "/x", map[string]string{"id": "/x"}, true)
			if err != nil || changed != (Changed{"v2", "d2"}) {
				t.Errorf("got %v, %v", changed, err)
			}
			if want := `PUT /v2/apps/x?force=true&partialUpdate=false {"id":"/x"} me`; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestRedirectsWithoutEnd(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
	if _, err := client(t, Options{URLs: []string{s.URL}}).Info(t.Context()); err == nil || !strings.Contains(err.Error(), "sent on 5 times") {
		t.Errorf("got %v", err)
	}
}

func TestCredentialsGoToTheMastersOnly(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		asked   string
		want    string
	}{
		"basic":               {Options{User: "me", Password: "pw"}, "http://m1.example:8080/v2/info", "Basic bWU6cHc="},
		"token":               {Options{Token: "t0k"}, "http://m1.example:8080/v2/info", "token=t0k"},
		"another port":        {Options{Token: "t0k"}, "http://m2.example:9999/v2/info", "token=t0k"},
		"a stranger":          {Options{Token: "t0k"}, "http://evil.example/v2/info", ""},
		"https to http":       {Options{Token: "t0k"}, "http://m3.example/v2/info", ""},
		"http to https":       {Options{Token: "t0k"}, "https://m1.example/v2/info", "token=t0k"},
		"none":                {Options{}, "http://m1.example:8080/v2/info", ""},
		"a name that ends so": {Options{Token: "t0k"}, "http://evilm1.example/v2/info", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.URLs = []string{"http://m1.example:8080", "http://m2.example:8080", "https://m3.example"}
			c := client(t, test.options)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.asked, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.authorise(r)
			if got := r.Header.Get("Authorization"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestURLs(t *testing.T) {
	for _, url := range []string{"", "marathon", "marathon:8080", "ftp://x", "http://", "http://a b"} {
		if _, err := New(Options{URLs: []string{url}}); err == nil {
			t.Errorf("%q is taken", url)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no URL is taken")
	}
}

func TestWhatIsNoMarathon(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html><body>Welcome to nginx</body></html>")
	})
	_, err := client(t, Options{URLs: []string{s.URL}}).App(t.Context(), "/x")
	list, _ := diag.Of(Problem(s.URL, err))
	if len(list) != 1 || list[0].Code != "DCE752" || !strings.Contains(list[0].Detail, "Welcome to nginx") {
		t.Errorf("got %v", list)
	}
}

// app is a Marathon with one app, whose writes go wrong as told.
type app struct {
	version    int
	definition map[string]any
	// writes are what becomes of each write: "done", "lost" (done, and the
	// connection breaks), "forwarded" (done, and the leader gone), "unreached" (not
	// done, the leader gone), "slow" (no answer, done after the next look), "late"
	// (no answer, done when the next one comes), "locked" (refused), or "dropped"
	// (not done).
	writes []string
	// role is what it gives to an app without one.
	role string
	// pending is what is not done yet, after so many looks, or before a write.
	pending map[string]any
	looks   int
	// before is done before a write; may be nil.
	before func(a *app)
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/v2/deployments":
		reply(w, 200, fmt.Sprintf(`[{"id":"d%d","version":"v%d","affectedApps":["/x"]},{"id":"other","version":"v0","affectedApps":["/y"]}]`, a.version, a.version))
	case r.Method == http.MethodGet:
		a.read(w)
	default:
		a.write(w, r)
	}
}

func (a *app) read(w http.ResponseWriter) {
	if len(a.definition) == 0 {
		reply(w, 404, `{"message":"App '/x' does not exist"}`)
	} else {
		a.definition["version"] = fmt.Sprintf("v%d", a.version)
		if a.role != "" {
			a.definition["role"] = a.role
		}
		body, _ := json.Marshal(map[string]any{"app": a.definition})
		reply(w, 200, string(body))
	}
	if a.looks--; a.looks == 0 {
		a.do(a.pending)
	}
}

func (a *app) do(definition map[string]any) {
	a.version++
	a.definition, a.pending = definition, nil
}

func (a *app) write(w http.ResponseWriter, r *http.Request) {
	if a.before != nil {
		a.before(a)
	}
	what := "done"
	if len(a.writes) > 0 {
		what, a.writes = a.writes[0], a.writes[1:]
	}
	definition := map[string]any{}
	_ = json.NewDecoder(r.Body).Decode(&definition)
	if a.pending != nil {
		a.do(a.pending)
		what = "locked"
	}
	switch what {
	case "done", "lost", "forwarded":
		a.do(definition)
	case "slow", "late":
		a.pending = definition
		a.looks = map[string]int{"slow": 1}[what]
	}
	a.answer(w, r, what)
}

func (a *app) answer(w http.ResponseWriter, r *http.Request, what string) {
	switch {
	case what == "done":
		reply(w, 201, fmt.Sprintf(`{"version":"v%d","deployments":[{"id":"d%d"}]}`, a.version, a.version))
	case what == "forwarded" || what == "unreached":
		reply(w, 502, leaderRefused)
	case what == "slow" || what == "late":
		reply(w, 504, "")
	case what == "locked" && r.Method == http.MethodPost:
		reply(w, 409, `{"message":"An app with id [/x] already exists."}`)
	case what == "locked":
		reply(w, 409, fmt.Sprintf(`{"message":"App is locked by one or more deployments.","deployments":[{"id":"d%d"}]}`, a.version))
	default:
		drop(w, r)
	}
}

func releaseOf(t *testing.T, text string, instances int) cluster.Release {
	t.Helper()
	r, err := ReadRelease(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Instances = instances
	return *r
}

func TestAChangeWhoseAnswerIsLostIsLookedUp(t *testing.T) {
	for name, test := range map[string]struct {
		app    app
		over   string
		want   string // deployment and version, or the code of the problem
		writes int
	}{
		"the answer came":                          {app{version: 1, definition: old()}, "v1", "d2 v2", 1},
		"done, the answer lost":                    {app{version: 1, definition: old(), writes: []string{"lost"}}, "v1", "d2 v2", 1},
		"done, with a role of Marathon's":          {app{version: 1, definition: old(), role: "prod", writes: []string{"lost"}}, "v1", "d2 v2", 1},
		"done, the leader gone":                    {app{version: 1, definition: old(), writes: []string{"forwarded"}}, "v1", "d2 v2", 1},
		"a new app, the leader gone":               {app{writes: []string{"forwarded"}}, "", "d1 v1", 1},
		"not done, the leader gone":                {app{version: 1, definition: old(), writes: []string{"unreached"}}, "v1", "d2 v2", 2},
		"not done, then done":                      {app{version: 1, definition: old(), writes: []string{"dropped", "done"}}, "v1", "d2 v2", 2},
		"never done":                               {app{version: 1, definition: old(), writes: []string{"dropped", "dropped", "dropped"}}, "v1", "DCE757", 3},
		"a new app, the answer lost":               {app{writes: []string{"lost"}}, "", "d1 v1", 1},
		"a new app, not done, then done":           {app{writes: []string{"dropped", "done"}}, "", "d1 v1", 2},
		"done after the first look":                {app{version: 1, definition: old(), writes: []string{"slow"}}, "v1", "d2 v2", 1},
		"done when the second is sent":             {app{version: 1, definition: old(), writes: []string{"late"}}, "v1", "d2 v2", 2},
		"a new app, done when the second is sent":  {app{writes: []string{"late"}}, "", "d1 v1", 2},
		"not done, then locked by somebody":        {app{version: 1, definition: old(), writes: []string{"dropped", "locked"}}, "v1", "DCE754", 2},
		"somebody else was there before":           {app{version: 2, definition: old()}, "v1", "DCE755", 0},
		"somebody else has created it":             {app{version: 1, definition: old()}, "", "DCE755", 0},
		"somebody has removed it":                  {app{}, "v1", "DCE755", 0},
		"somebody else is quicker, and it is lost": {app{version: 1, definition: old(), writes: []string{"dropped"}, before: func(a *app) { a.version = 7 }}, "v1", "DCE755", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.app.ServeHTTP)
			scheduler := &Scheduler{Client: client(t, Options{URLs: []string{s.URL}}), ID: "/x"}
			d, err := scheduler.Apply(t.Context(), releaseOf(t, `{"id":"/x","cmd":"new"}`, 2), cluster.ApplyOptions{Over: test.over})
			got := d.ID + " " + d.Version
			if list, ok := diag.Of(err); ok {
				got = string(list[0].Code)
			}
			if got != test.want {
				t.Errorf("got %s (%v), want %s", got, err, test.want)
			}
			if n := strings.Count(s.requests(), "PUT") + strings.Count(s.requests(), "POST"); n != test.writes {
				t.Errorf("%d writes: %s", n, s.requests())
			}
		})
	}
}

func TestARemovalWhoseAnswerIsLostIsLookedUp(t *testing.T) {
	for name, test := range map[string]struct {
		writes []string
		want   string // deployment and version, or the code of the problem
		sent   int
	}{
		"the answer came":             {[]string{"done"}, "d2 v2", 1},
		"done, the answer lost":       {[]string{"lost"}, "d2 v2", 1},
		"not done, then done":         {[]string{"unreached", "done"}, "d2 v2", 2},
		"done when the next is sent":  {[]string{"late"}, "d2 v2", 2},
		"locked by somebody":          {[]string{"locked"}, "DCE754", 1},
		"never done, and never known": {[]string{"dropped", "dropped", "dropped"}, "DCE757", 3},
	} {
		t.Run(name, func(t *testing.T) {
			a := app{version: 1, definition: old(), writes: test.writes}
			s := serve(t, a.ServeHTTP)
			scheduler := &Scheduler{Client: client(t, Options{URLs: []string{s.URL}}), ID: "/x"}
			d, err := scheduler.Destroy(t.Context(), false)
			got := d.ID + " " + d.Version
			if list, ok := diag.Of(err); ok {
				got = string(list[0].Code)
			}
			if got != test.want {
				t.Errorf("got %s (%v), want %s", got, err, test.want)
			}
			if n := strings.Count(s.requests(), "DELETE"); n != test.sent {
				t.Errorf("%d writes: %s", n, s.requests())
			}
		})
	}
}

func TestWhatBecameOfARemovalIsNotKnown(t *testing.T) {
	s := serve(t, drop)
	scheduler := &Scheduler{Client: client(t, Options{URLs: []string{s.URL}}), ID: "/x"}
	_, err := scheduler.Destroy(t.Context(), false)
	list, _ := diag.Of(err)
	if len(list) != 1 || list[0].Code != "DCE757" || !strings.Contains(list[0].Summary, "not known") || strings.Contains(list[0].Detail, "nothing was changed") {
		t.Errorf("got %v: %s", list, list[0].Detail)
	}
}

// Marathon forgets an app as soon as its removal begins.
func TestAnAppThatIsRemovedIsSeenByItsDeployment(t *testing.T) {
	a := app{version: 2}
	s := serve(t, a.ServeHTTP)
	scheduler := &Scheduler{Client: client(t, Options{URLs: []string{s.URL}}), ID: "/x"}
	o, err := scheduler.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cluster.Observation{Deployments: []string{"d2"}}, o); diff != "" {
		t.Error(diff)
	}
}

func old() map[string]any { return map[string]any{"id": "/x", "cmd": "old"} }

func TestALockSaysWhose(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet:
			reply(w, 409, `{"message":"App is locked by one or more deployments.","deployments":[{"id":"d9"}]}`)
		case r.URL.Path == "/v2/deployments":
			reply(w, 200, `[{"id":"d9","version":"2026-11-22T10:00:00Z","affectedApps":["/x"],"currentActions":[{"action":"RestartApplication","app":"/x"}]}]`)
		default:
			reply(w, 200, `{"app":{"id":"/x","version":"v1","labels":{"dce.deployer":"ann@desk","dce.message":"1.9"}}}`)
		}
	})
	scheduler := &Scheduler{Client: client(t, Options{URLs: []string{s.URL}}), ID: "/x"}
	_, err := scheduler.Apply(t.Context(), releaseOf(t, `{"id":"/x"}`, 1), cluster.ApplyOptions{Over: "v1"})
	list, _ := diag.Of(err)
	want := `Deployment d9 of /x goes on since 2026-11-22T10:00:00Z, now to replace the instances of /x; ann@desk deployed the current version ("1.9").`
	if len(list) != 1 || list[0].Code != "DCE754" || list[0].Detail != want || !errors.Is(err, cluster.ErrLocked) {
		t.Errorf("got %v", list)
	}
}

func TestAnInterruptedRequestEnds(t *testing.T) {
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := client(t, Options{URLs: []string{s.URL}}).Info(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
