package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// shipper ships lines: it writes each to out and counts them.
type shipper struct {
	mu      sync.Mutex
	out     io.Writer
	shipped int
}

func (s *shipper) ship(source, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shipped++
	fmt.Fprintf(s.out, "shipped %s: %s\n", source, line)
}

func (s *shipper) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Fprintf(w, "shop_lines_shipped_total %d\n", s.shipped)
	})
}

// tail ships what is appended to the file, once it exists, until ctx ends. It
// looks every interval: file notifications would not cross every volume.
func (s *shipper) tail(ctx context.Context, path string, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	offset := int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			offset = s.shipFrom(path, offset)
		}
	}
}

// shipFrom ships the whole lines after offset and returns where they end.
func (s *shipper) shipFrom(path string, offset int64) int64 {
	f, err := os.Open(path)
	if err != nil {
		return offset
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return offset
	}
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return offset // half a line waits for its end
		}
		offset += int64(len(line))
		s.ship("access.log", strings.TrimSuffix(line, "\n"))
	}
}

// listen ships every datagram as a line until ctx ends.
func (s *shipper) listen(ctx context.Context, conn net.PacketConn) {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	buffer := make([]byte, 8192)
	for {
		n, _, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		s.ship("syslog", strings.TrimSpace(string(buffer[:n])))
	}
}
