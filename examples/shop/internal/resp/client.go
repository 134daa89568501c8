package resp

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"
)

// Client asks a cache. It connects anew for every question, so it needs no
// state, survives restarts of the cache and may be used by many at once.
type Client struct {
	Address string
}

// Do sends one command and returns its reply.
func (c Client) Do(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return "", fmt.Errorf("connecting to the cache: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", fmt.Errorf("limiting the time of %s: %w", args[0], err)
		}
	}
	if err := WriteCommand(conn, args...); err != nil {
		return "", fmt.Errorf("sending %s: %w", args[0], err)
	}
	reply, err := ReadReply(bufio.NewReader(conn))
	if err != nil {
		return "", fmt.Errorf("asking the cache for %s: %w", args[0], err)
	}
	return reply, nil
}
