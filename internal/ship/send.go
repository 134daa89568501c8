package ship

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dce/internal/credential"
)

// Auth is what an artifact server wants to see; at most one is set.
type Auth struct {
	Basic credential.Secret // user:password
	Token credential.Secret // after `Authorization: Bearer`
}

// sendTime bounds an upload; a bundle has 64 MiB at most.
const sendTime = 5 * time.Minute

// Send puts a file to where it is to be fetched from, and reports whether it had
// to: its name is made of its content, so what has this name and length is this
// file.
func Send(ctx context.Context, u Upload, auth Auth, trust *tls.Config) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = trust
	client := &http.Client{Transport: transport, CheckRedirect: follow}
	defer client.CloseIdleConnections()
	there, err := request(ctx, client, http.MethodHead, u, auth)
	if err != nil || (there.status == http.StatusOK && there.length == int64(len(u.Data))) {
		return false, err
	}
	taken, err := request(ctx, client, http.MethodPut, u, auth)
	if err == nil {
		err = taken.refused(u)
	}
	return err == nil, err
}

// answer is what a server says to a request.
type answer struct {
	status int
	length int64
	to     *url.URL // where it sends a request on to; nil: nowhere
}

// refused is why an answer to an upload is none of success.
func (a answer) refused(u Upload) error {
	if a.status >= 200 && a.status <= 299 {
		return nil
	}
	text := fmt.Sprintf("PUT %s: %d %s", u.URL, a.status, http.StatusText(a.status))
	if a.to != nil {
		return fmt.Errorf("%s, to %s://%s%s: a file is not put there, as where one must log in", text, a.to.Scheme, a.to.Host, a.to.Path)
	}
	return errors.New(text)
}

// redirectLimit is net/http's own.
const redirectLimit = 10

// follow goes on to where a server sends a request, as long as it stays the same
// request: an upload that has become a GET ends at some page, whose 200 is not
// that of a file that was put there. Credentials are shown to no other host, and
// to none without TLS where there was some.
func follow(next *http.Request, before []*http.Request) error {
	first := before[0]
	switch {
	case next.Method != first.Method:
		return http.ErrUseLastResponse
	case len(before) >= redirectLimit:
		return fmt.Errorf("sent on %d times", redirectLimit)
	case next.URL.Hostname() != first.URL.Hostname() || next.URL.Scheme != first.URL.Scheme && next.URL.Scheme != "https":
		next.Header.Del("Authorization")
	}
	return nil
}

func request(ctx context.Context, client *http.Client, method string, u Upload, auth Auth) (answer, error) {
	var body io.Reader
	if method == http.MethodPut {
		body = bytes.NewReader(u.Data)
	}
	r, err := http.NewRequestWithContext(ctx, method, u.URL, body)
	if err != nil {
		return answer{}, fmt.Errorf("making the request: %w", err)
	}
	if user, password, ok := strings.Cut(auth.Basic.Reveal(), ":"); ok {
		r.SetBasicAuth(user, password)
	}
	if t := auth.Token.Reveal(); t != "" {
		r.Header.Set("Authorization", "Bearer "+t)
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, fmt.Errorf("uploading: %w", err)
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	a := answer{status: response.StatusCode, length: response.ContentLength}
	a.to, _ = response.Location() // an error says that there is none
	return a, err
}
