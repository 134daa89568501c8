package ship

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
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
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	status, length, err := request(ctx, client, http.MethodHead, u, auth)
	if err != nil || (status == http.StatusOK && length == int64(len(u.Data))) {
		return false, err
	}
	status, _, err = request(ctx, client, http.MethodPut, u, auth)
	if err == nil && (status < 200 || status > 299) {
		err = fmt.Errorf("PUT %s: %d %s", u.URL, status, http.StatusText(status))
	}
	return err == nil, err
}

// request gives the status of an answer, and the length that it tells of.
func request(ctx context.Context, client *http.Client, method string, u Upload, auth Auth) (status int, length int64, err error) {
	var body io.Reader
	if method == http.MethodPut {
		body = bytes.NewReader(u.Data)
	}
	r, err := http.NewRequestWithContext(ctx, method, u.URL, body)
	if err != nil {
		return 0, 0, fmt.Errorf("making the request: %w", err)
	}
	if user, password, ok := strings.Cut(auth.Basic.Reveal(), ":"); ok {
		r.SetBasicAuth(user, password)
	}
	if t := auth.Token.Reveal(); t != "" {
		r.Header.Set("Authorization", "Bearer "+t)
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, 0, fmt.Errorf("uploading: %w", err)
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, response.ContentLength, err
}
