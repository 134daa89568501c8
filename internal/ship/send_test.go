package ship

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dce/internal/credential"
	"dce/internal/diag"
)

// store is an artifact server.
type store struct {
	mu    sync.Mutex
	files map[string]string
	calls []string
	auth  string
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	if r.Header.Get("Authorization") != s.auth {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch text, ok := s.files[r.URL.Path]; {
	case r.Method == http.MethodPut:
		data, _ := io.ReadAll(r.Body) // a broken upload is cut off
		s.files[r.URL.Path] = string(data)
		w.WriteHeader(http.StatusCreated)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}
}

func secret(t *testing.T, value string) credential.Secret {
	t.Helper()
	s, err := credential.Source{Lookupenv: func(string) (string, bool) { return value, true }}.Resolve(t.Context(), "env:X", "x", diag.Pos{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestABundleIsUploadedOnce(t *testing.T) {
	s := &store{files: map[string]string{}, auth: "Basic bWU6cHc="}
	server := httptest.NewServer(s)
	defer server.Close()
	u := Upload{URL: server.URL + "/b/shop-1.dce", Data: []byte("bundle")}
	auth := Auth{Basic: secret(t, "me:pw")}
	for _, want := range []bool{true, false} {
		if sent, err := Send(t.Context(), u, auth, nil); err != nil || sent != want {
			t.Fatalf("sent %t, %v; want %t", sent, err, want)
		}
	}
	if got := strings.Join(s.calls, ", "); got != "HEAD /b/shop-1.dce, PUT /b/shop-1.dce, HEAD /b/shop-1.dce" {
		t.Error(got)
	}
	if s.files["/b/shop-1.dce"] != "bundle" {
		t.Errorf("the server has %q", s.files)
	}
	s.files["/b/shop-1.dce"] = "cut" // by an upload that broke off
	if sent, err := Send(t.Context(), u, auth, nil); err != nil || !sent {
		t.Errorf("what was cut off is taken for whole: %t, %v", sent, err)
	}
	_, err := Send(t.Context(), u, Auth{Token: secret(t, "t0ken-value")}, nil)
	if err == nil || !strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "t0ken-value") {
		t.Errorf("with another credential: %v", err)
	}
}

// A server may send an upload on. It is one only as long as it is a PUT with its
// body, and the credentials are for the server that was named.
func TestAnUploadThatIsSentOn(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		to     string // another server, "/else" of this one
		auth   string // what arrives there
		err    string
	}{
		"to a login page":           {http.StatusFound, "/login", "", "302 Found, to http://HOST/login: a file is not put there"},
		"to a page for good":        {http.StatusMovedPermanently, "/login", "", "301 Moved Permanently, to"},
		"to a page about it":        {http.StatusSeeOther, "/login", "", "303 See Other, to"},
		"to another path":           {http.StatusTemporaryRedirect, "/else", "Basic bWU6cHc=", ""},
		"to another path, for good": {http.StatusPermanentRedirect, "/else", "Basic bWU6cHc=", ""},
		"to another host":           {http.StatusTemporaryRedirect, "http://localhost:PORT/else", "", ""},
		"in a circle":               {http.StatusTemporaryRedirect, "/b/shop-1.dce", "", "sent on 10 times"},
		"nowhere":                   {http.StatusTemporaryRedirect, "", "", "307"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &store{files: map[string]string{}, auth: test.auth}
			mux := http.NewServeMux()
			mux.HandleFunc("GET /login", func(http.ResponseWriter, *http.Request) {})
			mux.Handle("/else", s)
			var server *httptest.Server
			mux.HandleFunc("/b/", func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
				if test.to != "" {
					w.Header().Set("Location", strings.ReplaceAll(test.to, "PORT", port))
				}
				w.WriteHeader(test.status)
			})
			server = httptest.NewServer(mux)
			defer server.Close()
			sent, err := Send(t.Context(), Upload{URL: server.URL + "/b/shop-1.dce", Data: []byte("bundle")}, Auth{Basic: secret(t, "me:pw")}, nil)
			if test.err != "" {
				want := strings.ReplaceAll(test.err, "HOST", server.Listener.Addr().String())
				if sent || err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("sent %t, %v; want %q", sent, err, want)
				}
				return
			}
			if err != nil || !sent || s.files["/else"] != "bundle" {
				t.Errorf("sent %t, %v; the server has %q", sent, err, s.files)
			}
		})
	}
}
