package main

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
)

// cache is what the shop needs of its cache.
type cache interface {
	Do(ctx context.Context, args ...string) (string, error)
}

// shop answers customers and the people who run it.
type shop struct {
	stage string
	// token opens the admin page; empty closes it for everyone.
	token string
	cache cache
	log   io.Writer
}

// front is what customers see.
func (s shop) front() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.welcome)
	mux.HandleFunc("GET /products/{id}", s.product)
	mux.HandleFunc("GET /health", s.health)
	return mux
}

// admin is on a port of its own, which need not be published everywhere.
func (s shop) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /flush", s.flush)
	return mux
}

func (s shop) welcome(w http.ResponseWriter, r *http.Request) {
	visit, err := s.cache.Do(r.Context(), "INCR", "visits")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	schema, err := s.cache.Do(r.Context(), "GET", "schema")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.say(w, r, fmt.Sprintf("welcome to the %s shop, visitor %s (schema %s)", s.stage, visit, schema))
}

func (s shop) product(w http.ResponseWriter, r *http.Request) {
	name, err := s.cache.Do(r.Context(), "GET", "product:"+r.PathValue("id"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.say(w, r, name)
}

// health does not write to the access log: it would be most of it.
func (s shop) health(w http.ResponseWriter, r *http.Request) {
	if _, err := s.cache.Do(r.Context(), "PING"); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (s shop) flush(w http.ResponseWriter, r *http.Request) {
	given := r.Header.Get("X-Shop-Token")
	if s.token == "" || subtle.ConstantTimeCompare([]byte(given), []byte(s.token)) != 1 {
		http.Error(w, "the token is wrong", http.StatusForbidden)
		return
	}
	if _, err := s.cache.Do(r.Context(), "FLUSHALL"); err != nil {
		s.fail(w, r, err)
		return
	}
	s.say(w, r, "flushed")
}

func (s shop) say(w http.ResponseWriter, r *http.Request, text string) {
	fmt.Fprintf(s.log, "%s %s 200\n", r.Method, r.URL.Path)
	fmt.Fprintln(w, text)
}

func (s shop) fail(w http.ResponseWriter, r *http.Request, err error) {
	fmt.Fprintf(s.log, "%s %s 503 %v\n", r.Method, r.URL.Path, err)
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}
