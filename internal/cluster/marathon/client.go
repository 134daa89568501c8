package marathon

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// callTimeout bounds one request. A leader that applies a large group takes
	// seconds; a request that Marathon gives up itself comes back as 503.
	callTimeout = 30 * time.Second
	// dialTimeout bounds the way to one master, so that the next is asked soon.
	dialTimeout = 5 * time.Second
	// bodyLimit bounds an answer. A group of some thousand apps is a few MiB.
	bodyLimit = 64 << 20
	// redirectLimit is how often one request may be sent on to another master.
	redirectLimit = 5
)

// Options say how a Marathon is reached. URLs must not be empty.
type Options struct {
	// URLs are those of all masters, without /v2; any of them answers, and they
	// are tried in order.
	URLs []string
	// User and Password are for basic authentication.
	User, Password string
	// Token is what DC/OS wants after `Authorization: token=`.
	Token string
	// TLS is nil for the system's own certificates.
	TLS *tls.Config
	// Agent names this program and its version to the server's log.
	Agent string
	// Patience is how long a cluster may be without a leader, or answer 502 and
	// 503, before a request fails; zero means 20 s.
	Patience time.Duration
}

// Client speaks with one Marathon. It is safe for several goroutines.
type Client struct {
	options Options
	urls    []*url.URL
	http    *http.Client
	stream  *http.Client // without a bound: an event stream never ends by itself
	follow  *http.Client // for Mesos: it follows redirects by itself
	// first is the master that answered last; the others come after it.
	first atomic.Int32
	// requests counts what was sent.
	requests atomic.Int64
}

// New makes a client; nothing is contacted.
func New(o Options) (*Client, error) {
	if len(o.URLs) == 0 {
		return nil, fmt.Errorf("a marathon needs at least one URL")
	}
	if o.Patience == 0 {
		o.Patience = 20 * time.Second
	}
	c := &Client{options: o}
	for i, text := range o.URLs {
		u, err := url.Parse(strings.TrimRight(text, "/"))
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			// Neither the text nor the cause, which quotes it: a password may be in it.
			return nil, fmt.Errorf("URL %d is none of a marathon: it begins with http:// or https:// and names a host", i+1)
		}
		c.urls = append(c.urls, u)
	}
	transport := transport(o.TLS)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &http.Client{Transport: transport, Timeout: callTimeout, CheckRedirect: stay}
	c.stream = &http.Client{Transport: transport, CheckRedirect: stay}
	c.follow = &http.Client{Transport: transport, Timeout: callTimeout}
	return c, nil
}

func transport(t *tls.Config) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = dialer()
	transport.TLSClientConfig = t
	transport.ResponseHeaderTimeout = callTimeout
	transport.MaxIdleConnsPerHost = 4
	return transport
}

// pause is how long Marathon is left to itself before a change that it has not
// done is sent again: a part of what a cluster may take to answer.
func (c *Client) pause() time.Duration { return c.options.Patience / 10 }

// URL is the first URL as it was given: how people know this Marathon. It is
// shown and logged, so without a password.
func (c *Client) URL() string { return c.urls[0].Redacted() }

// Requests is how many requests were sent so far.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Close gives back the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// known says that a host is one of the masters: only those are shown the
// credentials, whatever a redirect says.
func (c *Client) known(u *url.URL) bool {
	for _, k := range c.urls {
		if k.Hostname() == u.Hostname() && (u.Scheme == k.Scheme || u.Scheme == "https") {
			return true
		}
	}
	return false
}

func (c *Client) authorise(r *http.Request) {
	if c.options.Agent != "" {
		r.Header.Set("User-Agent", c.options.Agent)
	}
	switch {
	case !c.known(r.URL):
	case c.options.Token != "":
		r.Header.Set("Authorization", "token="+c.options.Token)
	case c.options.User != "":
		r.SetBasicAuth(c.options.User, c.options.Password)
	}
}
