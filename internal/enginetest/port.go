package enginetest

import (
	"fmt"
	"net"
	"testing"
)

// FreePort finds a TCP port of 127.0.0.1 that nothing uses. Another may take it
// before it is used: rare, and then the test says which port it was.
func FreePort(tb testing.TB) uint16 {
	tb.Helper()
	l := Listen(tb, 0)
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// Listen takes a TCP port of 127.0.0.1 and fails the test where it is taken.
func Listen(tb testing.TB, port uint16) net.Listener {
	tb.Helper()
	var c net.ListenConfig
	l, err := c.Listen(tb.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		tb.Fatalf("taking a port: %v", err)
	}
	return l
}
