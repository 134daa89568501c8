// Package resp speaks enough of RESP, the protocol of Redis, for the shop's
// cache and its clients: commands are arrays of bulk strings, replies are
// simple strings, errors, integers, bulk strings and nil.
package resp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The limits of one command, so that a client cannot make the server allocate
// without end.
const (
	maxArgs  = 64
	maxBytes = 1 << 16
)

// ErrNil is the reply for a key that is not there.
var ErrNil = errors.New("nil reply")

// WriteCommand sends a command.
func WriteCommand(w io.Writer, args ...string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		b.WriteString(Bulk(arg))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ReadCommand reads a command.
func ReadCommand(r *bufio.Reader) ([]string, error) {
	n, err := readLength(r, '*', maxArgs)
	if err != nil {
		return nil, err
	}
	args := make([]string, n)
	for i := range args {
		if args[i], err = readBulk(r); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// Simple is a status reply, such as OK.
func Simple(s string) string { return "+" + s + "\r\n" }

// Error is a reply that the client returns as an error.
func Error(s string) string { return "-ERR " + s + "\r\n" }

// Integer is a number as a reply.
func Integer(n int64) string { return ":" + strconv.FormatInt(n, 10) + "\r\n" }

// Bulk is a string of any bytes as a reply.
func Bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

// Nil is the reply for a key that is not there.
func Nil() string { return "$-1\r\n" }

// ReadReply reads a reply of any kind as text. An error reply is returned as
// an error, the reply for a missing key as ErrNil.
func ReadReply(r *bufio.Reader) (string, error) {
	kind, err := r.Peek(1)
	if err != nil {
		return "", fmt.Errorf("reading a reply: %w", err)
	}
	if kind[0] == '$' {
		return readBulk(r)
	}
	line, err := readLine(r)
	if err != nil {
		return "", err
	}
	switch kind[0] {
	case '+', ':':
		return line[1:], nil
	case '-':
		return "", errors.New(strings.TrimPrefix(line[1:], "ERR "))
	default:
		return "", fmt.Errorf("reading a reply: unexpected %q", line)
	}
}

func readBulk(r *bufio.Reader) (string, error) {
	n, err := readLength(r, '$', maxBytes)
	if err != nil {
		return "", err
	}
	if n < 0 {
		return "", ErrNil
	}
	data := make([]byte, n+len("\r\n"))
	if _, err := io.ReadFull(r, data); err != nil {
		return "", fmt.Errorf("reading a string of %d bytes: %w", n, err)
	}
	return string(data[:n]), nil
}

// readLength reads the line that says how much follows: -1 (bulk strings only)
// to limit.
func readLength(r *bufio.Reader, kind byte, limit int) (int, error) {
	line, err := readLine(r)
	if err != nil {
		return 0, err
	}
	if line == "" || line[0] != kind {
		return 0, fmt.Errorf("reading a length: %q does not start with %q", line, kind)
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil || n > limit || n < -1 || (n < 0 && kind == '*') {
		return 0, fmt.Errorf("reading a length: %q is not a number up to %d", line[1:], limit)
	}
	return n, nil
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return "", fmt.Errorf("reading a line: %w", err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}
