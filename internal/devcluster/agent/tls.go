package agent

import (
	"bufio"
	"crypto/tls"
	"net"
	"sync"
)

// eitherListener serves TLS and plain connections on one port, as an agent with LIBPROCESS_SSL_SUPPORT_DOWNGRADE=1.
type eitherListener struct {
	net.Listener

	config *tls.Config
}

// Accept gives a connection that finds out what it is when it is first read.
func (l eitherListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}

	return &eitherConn{Conn: conn, config: l.config}, nil
}

type eitherConn struct {
	net.Conn

	config *tls.Config
	once   sync.Once
	spoken net.Conn
}

// Read reads what the peer says, whichever way it says it.
func (c *eitherConn) Read(b []byte) (int, error) { return c.speak().Read(b) }

// Write answers in the way the peer speaks.
func (c *eitherConn) Write(b []byte) (int, error) { return c.speak().Write(b) }

// speak looks at the first byte: a TLS connection begins with a handshake record.
func (c *eitherConn) speak() net.Conn {
	const handshake = 0x16
	c.once.Do(func() {
		r := bufio.NewReader(c.Conn)
		c.spoken = &bufferedConn{Conn: c.Conn, r: r}
		if first, err := r.Peek(1); err == nil && first[0] == handshake {
			c.spoken = tls.Server(c.spoken, c.config)
		}
	})

	return c.spoken
}

// bufferedConn is a connection of which something was read ahead.
type bufferedConn struct {
	net.Conn

	r *bufio.Reader
}

// Read reads what was read ahead first.
func (c *bufferedConn) Read(b []byte) (int, error) { return c.r.Read(b) }
