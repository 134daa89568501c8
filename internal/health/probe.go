package health

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// TCP is healthy when a connection opens. A port published by Docker opens
// also while nothing listens behind it (docker-proxy accepts, then drops), so
// the connection must also stay open for a moment.
func TCP(host string, port uint16) Probe {
	address := net.JoinHostPort(host, strconv.Itoa(int(port)))
	return func(ctx context.Context) error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("connecting to %s: %w", address, err)
		}
		defer conn.Close()
		return stays(conn, address)
	}
}

// linger is how long a connection is watched: docker-proxy drops one that
// leads nowhere within a few milliseconds (Engine 20.10).
const linger = 100 * time.Millisecond

func stays(conn net.Conn, address string) error {
	if err := conn.SetReadDeadline(time.Now().Add(linger)); err != nil {
		return fmt.Errorf("watching %s: %w", address, err)
	}
	_, err := conn.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return fmt.Errorf("%s accepted the connection and dropped it: nothing listens behind it", address)
}

// maxBody bounds what is read of an answer; only its status matters.
const maxBody = 64 << 10

// HTTP is healthy when a GET is answered with a status of 200 to 399, as Mesos
// has it. A redirect is an answer, it is not followed; a certificate is not
// checked, since the check goes to this host by its address.
func HTTP(url string) Probe {
	ask := Ask(url)
	return func(ctx context.Context) error {
		status, err := ask(ctx)
		if err != nil {
			return err
		}
		if status < 200 || status >= 400 {
			return fmt.Errorf("%s answered %d %s", url, status, http.StatusText(status))
		}
		return nil
	}
}

// Ask finds out with which status a GET is answered, whatever it is, in the way
// of HTTP.
func Ask(url string) func(ctx context.Context) (status int, err error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see the doc comment
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return 0, fmt.Errorf("asking %s: %w", url, err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return 0, fmt.Errorf("asking %w", err)
		}
		defer resp.Body.Close()
		_, _ = io.CopyN(io.Discard, resp.Body, maxBody)
		return resp.StatusCode, nil
	}
}
