//go:build unix

package devcluster

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"dce/internal/devcluster/marathon"
)

// raw asks without following redirects. The body of the answer is the caller's to close.
func (s *stage) raw(ctx context.Context, method, address, body string, header ...string) (*http.Response, error) {
	s.Helper()
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	return client.Do(request)
}

func TestRequestsGoWrongAsAskedFor(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusNoContent, http.MethodPut, "/_devcluster/faults", `{"requests":[
		{"path":"^/v2/info","status":503,"html":true,"times":1},
		{"path":"^/v2/leader","status":307,"location":"http://elsewhere.example/v2/leader"},
		{"path":"^/v2/queue","drop":true,"skip":1,"times":1},
		{"method":"POST","path":"^/v2/apps","lose_answer":true,"times":1},
		{"method":"POST","path":"^/v2/apps","lose_answer":true,"status":502,"html":true,"message":"Connection to leader refused."},
		{"path":"^/ping","delay":"20ms"}]}`)
	if text := s.want(http.StatusServiceUnavailable, http.MethodGet, "/v2/info", ""); !strings.HasPrefix(text, "<html>") {
		t.Errorf("a refusal as a page is %s", text)
	}
	s.want(http.StatusOK, http.MethodGet, "/v2/info", "") // once only
	response, err := s.raw(t.Context(), http.MethodGet, s.cluster.URL()+"/v2/leader", "")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusTemporaryRedirect || response.Header.Get("Location") != "http://elsewhere.example/v2/leader" {
		t.Errorf("redirected with %d to %q", response.StatusCode, response.Header.Get("Location"))
	}

	s.want(http.StatusOK, http.MethodGet, "/v2/queue", "")
	for address, method := range map[string]string{"/v2/queue": http.MethodGet, "/v2/apps": http.MethodPost} {
		response, err := s.raw(t.Context(), method, s.cluster.URL()+address, app("/web", "run"))
		if err == nil {
			response.Body.Close()
			t.Errorf("%s was answered with %s, want a closed connection", address, response.Status)
		}
	}
	s.want(http.StatusOK, http.MethodGet, "/v2/apps/web", "") // it was done although nobody was told
	if text := s.want(http.StatusBadGateway, http.MethodPost, "/v2/apps", app("/api", "run")); !strings.Contains(text, "Connection to leader refused.") {
		t.Errorf("the refusal of what was done is %s", text)
	}
	s.want(http.StatusOK, http.MethodGet, "/v2/apps/api", "")
	before := time.Now()
	s.want(http.StatusOK, http.MethodGet, "/ping", "")
	if took := time.Since(before); took < 20*time.Millisecond {
		t.Errorf("a delayed answer took %s", took)
	}

	var faults marathon.Faults
	s.get("/_devcluster/faults", &faults)
	if len(faults.Requests) != 6 {
		t.Errorf("faults %+v", faults)
	}
	s.want(http.StatusNoContent, http.MethodDelete, "/_devcluster/faults", "")
	s.want(http.StatusOK, http.MethodGet, "/v2/leader", "")
	s.want(http.StatusBadRequest, http.MethodPut, "/_devcluster/faults", `{"reqests":[]}`)
	s.want(http.StatusBadRequest, http.MethodPut, "/_devcluster/faults", `{"requests":[{"path":"("}]}`)
	s.want(http.StatusNotFound, http.MethodGet, "/_devcluster/nothing", "")
}

func TestOffersAreStarved(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Marathon: marathon.Faults{Starve: "InsufficientMemory"}})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "run"))
	var queue struct {
		Queue []struct {
			Count   int
			Summary struct {
				ProcessedOffersCount    int
				UnusedOffersCount       int
				RejectSummaryLastOffers []struct {
					Reason              string
					Declined, Processed int
				}
				RejectSummaryLaunchAttempt []struct {
					Reason              string
					Declined, Processed int
				}
			} `json:"processedOffersSummary"`
			LastUnusedOffers []struct{ Reason []string }
		}
	}
	s.get("/v2/queue?embed=lastUnusedOffers", &queue)
	if len(queue.Queue) != 1 || queue.Queue[0].Count != 1 || queue.Queue[0].Summary.UnusedOffersCount < 1 || len(queue.Queue[0].LastUnusedOffers) != 1 {
		t.Fatalf("queue %+v", queue)
	}
	for _, step := range queue.Queue[0].Summary.RejectSummaryLastOffers {
		if declined := step.Reason == "InsufficientMemory"; declined != (step.Declined == 1) {
			t.Errorf("a step of the funnel is %+v", step)
		}
	}
	if reason := queue.Queue[0].LastUnusedOffers[0].Reason; len(reason) != 1 || reason[0] != "InsufficientMemory" {
		t.Errorf("the last offer was unused for %v", reason)
	}
	s.want(http.StatusNoContent, http.MethodDelete, "/_devcluster/faults", "")
	s.settled()
}

func TestTheLeaderMoves(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Addrs: []string{"127.0.0.1:0", "127.0.0.1:0"}})
	first, second := s.cluster.URLs()[0], s.cluster.URLs()[1]

	follow := func(address string) (status int, location, leader string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		response, err := s.raw(ctx, http.MethodGet, address+"/v2/events", "", "Accept", "text/event-stream")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()

		return response.StatusCode, response.Header.Get("Location"), response.Header.Get("X-Marathon-Leader")
	}
	if status, location, leader := follow(second); status != http.StatusFound || location != first+"/v2/events" || leader != first {
		t.Errorf("events of who does not lead: %d to %q, leader %q", status, location, leader)
	}
	s.want(http.StatusNoContent, http.MethodPost, "/_devcluster/leader", "")
	if status, _, leader := follow(second); status != http.StatusOK || leader != second {
		t.Errorf("events of the new leader: %d, leader %q", status, leader)
	}
	s.want(http.StatusOK, http.MethodGet, "/v2/apps", "") // passed on by the old one

	if err := s.cluster.Marathon().SetFaults(marathon.Faults{NoLeader: true}); err != nil {
		t.Fatal(err)
	}
	if text := s.want(http.StatusBadGateway, http.MethodGet, "/v2/apps", ""); text != "Could not determine the current leader" {
		t.Errorf("without a leader: %s", text)
	}
	s.want(http.StatusNotFound, http.MethodGet, "/v2/leader", "")
	s.want(http.StatusOK, http.MethodGet, "/ping", "")
	if err := s.cluster.Marathon().SetFaults(marathon.Faults{}); err != nil {
		t.Fatal(err)
	}
}

// events follows the event stream and gives each event's type; "end" when the stream breaks off.
func (s *stage) events(query string) <-chan string {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	response, err := s.raw(ctx, http.MethodGet, s.cluster.URL()+"/v2/events"+query, "", "Accept", "text/event-stream") //nolint:bodyclose // by the goroutine below
	if err != nil {
		cancel()
		s.Fatal(err)
	}
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		s.Errorf("content type %q", got)
	}
	out, done := make(chan string, 1000), make(chan struct{})
	go func() {
		defer close(done)
		defer close(out)
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var e struct{ EventType, Timestamp string }
			if err := json.Unmarshal([]byte(data), &e); err != nil || e.Timestamp == "" {
				s.Errorf("an event is %s, %v", data, err)
			}
			out <- e.EventType
		}
	}()
	s.Cleanup(func() { cancel(); <-done })

	return out
}

// next is the next event of a stream; "end" if it broke off.
func (s *stage) next(events <-chan string) string {
	s.Helper()
	select {
	case kind, ok := <-events:
		if !ok {
			return "end"
		}

		return kind
	case <-time.After(time.Minute):
		s.Fatal("no event within a minute")

		return ""
	}
}

func TestEventsAreToldFilteredLostAndCutOff(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusMethodNotAllowed, http.MethodGet, "/v2/events", "")
	all, some := s.events(""), s.events("?event_type=deployment_success&event_type=app_terminated_event")
	for _, stream := range []<-chan string{all, some} {
		if got := s.next(stream); got != "event_stream_attached" {
			t.Errorf("the first event is %s", got)
		}
	}
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "run"))
	counts := map[string]int{}
	for kind := ""; kind != "deployment_success"; counts[kind]++ {
		kind = s.next(all)
	}
	for kind, want := range map[string]int{
		"group_change_success": 1, "deployment_info": 2, "deployment_step_success": 2, "deployment_success": 1,
		"status_update_event": 2, "instance_changed_event": 3,
	} {
		if counts[kind] != want {
			t.Errorf("%d events %s, want %d (all: %v)", counts[kind], kind, want, counts)
		}
	}
	if got := s.next(some); got != "deployment_success" {
		t.Errorf("the filtered stream tells of %s", got)
	}

	s.want(http.StatusNoContent, http.MethodPut, "/_devcluster/faults", `{"lose_events":["deployment_success"]}`)
	s.want(http.StatusOK, http.MethodDelete, "/v2/apps/web", "")
	s.settled()
	if got := s.next(some); got != "app_terminated_event" {
		t.Errorf("the filtered stream tells of %s", got)
	}
	s.want(http.StatusNoContent, http.MethodDelete, "/_devcluster/events", "")
	if got := s.next(some); got != "end" {
		t.Errorf("a stream that was cut off tells of %s", got)
	}
}

func TestCredentialsAreAskedFor(t *testing.T) {
	t.Parallel()
	c, err := Start(t.Context(), Options{Dir: t.TempDir(), Credentials: "ann:secret", Token: "letmein"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := &stage{t, c}
	for name, test := range map[string]struct {
		header string
		want   int
	}{
		"none":            {"", http.StatusUnauthorized},
		"basic":           {"Basic YW5uOnNlY3JldA==", http.StatusOK},
		"a wrong one":     {"Basic YW5uOndyb25n", http.StatusUnauthorized},
		"a token":         {"token=letmein", http.StatusOK},
		"a wrong token":   {"token=letmeout", http.StatusUnauthorized},
		"the token alone": {"letmein ", http.StatusUnauthorized},
	} {
		response, err := s.raw(t.Context(), http.MethodGet, c.URL()+"/v2/apps", "", "Authorization", test.header)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", name, response.StatusCode, test.want)
		}
		if challenge := response.Header.Get("WWW-Authenticate"); (challenge != "") != (test.want != http.StatusOK) {
			t.Errorf("%s: challenged with %q", name, challenge)
		}
	}
}
