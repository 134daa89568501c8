package marathon

import (
	"crypto/subtle"
	"io"
	"net/http"
	"slices"
	"strings"

	"dce/internal/wait"
)

const maxBody = 16 << 20 // of a request; ZooKeeper bounds a real app at 1 MB

// call is a request as the handlers see it.
type call struct {
	r    *http.Request
	body []byte
}

func (c call) flag(name string, otherwise bool) bool {
	switch c.r.URL.Query().Get(name) {
	case "true":
		return true
	case "false":
		return false
	}

	return otherwise
}

// serve answers a request to one Marathon of the cluster.
func (s *Server) serve(n *node, w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if strings.HasPrefix(path, controlPath) {
		s.control(w, r, path)

		return
	}
	fault, misbehaves := s.fault(r)
	if !wait.For(r.Context(), fault.Delay.Duration()) {
		return
	}
	if misbehaves && fault.spoils(w) {
		return
	}
	if !s.introduce(n, w, r, path) || !s.authorized(w, r) {
		return
	}
	if path == "/v2/events" {
		s.stream(w, r)

		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		reply{status: http.StatusRequestEntityTooLarge, text: "Request Entity Too Large"}.write(w)

		return
	}
	answer := s.route(call{r, body}, path)
	if fault.LoseAnswer {
		fault.refuse(w) // done, and nobody is told

		return
	}
	answer.write(w)
}

// introduce names the leader. What is not the leader passes requests on, but for the event stream.
func (s *Server) introduce(n *node, w http.ResponseWriter, r *http.Request, path string) bool {
	leader := s.leader()
	if leader == nil {
		if path == "/ping" || path == "/v2/leader" {
			return true
		}
		reply{status: http.StatusBadGateway, text: "Could not determine the current leader"}.write(w)

		return false
	}
	w.Header().Set("X-Marathon-Leader", leader.url())
	if n == leader {
		return true
	}
	w.Header().Set("X-Marathon-Via", "1.1 "+n.host())
	if path == "/v2/events" {
		http.Redirect(w, r, leader.url()+r.URL.RequestURI(), http.StatusFound)

		return false
	}

	return true
}

// authorized checks the credentials of a request, /ping aside.
func (s *Server) authorized(w http.ResponseWriter, r *http.Request) bool {
	if s.opts.Credentials == "" && s.opts.Token == "" || r.URL.Path == "/ping" {
		return true
	}
	user, password, _ := r.BasicAuth()
	token, isToken := strings.CutPrefix(r.Header.Get("Authorization"), "token=")
	if s.opts.Credentials != "" && same(user+":"+password, s.opts.Credentials) || isToken && s.opts.Token != "" && same(token, s.opts.Token) {
		return true
	}
	if s.opts.Credentials != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="Mesosphere"`)
	}
	reply{status: http.StatusUnauthorized, body: map[string]any{"message": "Invalid username or password."}}.write(w)

	return false
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// route finds the handler of a path.
func (s *Server) route(c call, path string) reply {
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	top, rest, _ := strings.Cut(strings.TrimPrefix(path, "/v2/"), "/")
	switch {
	case path == "/ping":
		return reply{status: http.StatusOK, text: "pong"}
	case !strings.HasPrefix(path, "/v2/"):
		return notRouted()
	}
	switch top {
	case "apps":
		return s.routeApps(c, method, strings.Trim(rest, "/"))
	case "groups":
		return s.routeGroups(c, method, strings.Trim(rest, "/"))
	case "deployments":
		return s.routeDeployments(c, method, rest)
	case "tasks":
		return s.routeTasks(c, method, rest)
	case "queue":
		return s.routeQueue(c, method, strings.Trim(rest, "/"))
	case "info", "leader":
		return s.routeInfo(method, top, rest)
	case "pods":
		if method == http.MethodGet && rest == "" {
			return ok([]string{})
		}
	}

	return notRouted()
}

// wrongMethod is what the web framework of Marathon says.
func wrongMethod() reply {
	return reply{status: http.StatusMethodNotAllowed, body: map[string]any{"message": "Method Not Allowed"}}
}

// embeds are the things that a request wants to see, as embed=app.tasks or embed=apps.tasks.
func (c call) embeds(always ...string) []string {
	wanted := always
	for _, value := range c.r.URL.Query()["embed"] {
		if _, what, ok := strings.Cut(value, "."); ok {
			wanted = append(wanted, what)
		}
	}
	if slices.Contains(wanted, "failures") {
		wanted = append(wanted, "lastTaskFailure", "tasks")
	}

	return wanted
}
