package engine

import (
	"bytes"
	"io"
)

// mostOfText is how many characters are kept of any text of an answer: as many as
// the longest that means something has (see mostOfOrder).
const mostOfText = 64 << 10

// shorten passes JSON on with no more than most characters of each text in it: of
// a label of 4 MB a decoder has all in its buffer, twice while that grows, and
// again in the value that it gives.
type shorten struct {
	from io.Reader
	most int
	// inside says that a text has begun, of which kept characters were passed on.
	inside bool
	kept   int
	// escape is how many bytes of an escape sequence are still to come, and dropped
	// that this one is not passed on. None is cut in two, and each counts as one:
	// what it stands for is no shorter, so that no text that was cut is short enough
	// to be taken for a whole.
	escape  int
	dropped bool
}

// Read implements io.Reader.
func (s *shorten) Read(p []byte) (int, error) {
	for {
		n, err := s.from.Read(p)
		if kept := s.cut(p[:n]); kept > 0 || err != nil {
			return kept, err //nolint:wrapcheck // the reader's own, io.EOF too
		}
	}
}

// cut keeps of p what is passed on.
func (s *shorten) cut(p []byte) int {
	n := 0
	for rest := p; len(rest) > 0; {
		plain := s.plain(rest)
		n += copy(p[n:], rest[:s.room(plain)])
		if rest = rest[plain:]; len(rest) == 0 {
			break
		}
		if s.passes(rest[0]) {
			p[n] = rest[0]
			n++
		}
		rest = rest[1:]
	}
	return n
}

// plain is how many bytes come before one that begins or ends something.
func (s *shorten) plain(p []byte) int {
	if s.escape > 0 {
		return 0
	}
	if i := bytes.IndexAny(p, `"\`); i >= 0 {
		return i
	}
	return len(p)
}

// room is how many of n bytes are passed on.
func (s *shorten) room(n int) int {
	if s.inside {
		n = min(n, s.most-s.kept)
		s.kept += n
	}
	return n
}

func (s *shorten) passes(c byte) bool {
	switch {
	case s.escape > 0:
		s.escape--
		if c == 'u' { // no digit: it is the first, of \u00e9
			s.escape = len("00e9")
		}
		return !s.dropped
	case c == '"':
		s.inside, s.kept = !s.inside, 0
		return true
	}
	s.escape = 1
	s.dropped = s.room(1) == 0
	return !s.dropped
}
