package mesos

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxRecord is the longest event that is read: the limit that libprotobuf sets
// to a message, and with it Mesos.
const maxRecord = 64 << 20

var (
	errRecordLength = errors.New("a record does not begin with its length")
	errRecordSize   = errors.New("a record is longer than allowed")
)

// records reads a RecordIO stream: each record is its length in decimal, a
// newline, and that many bytes. Where HTTP chunks begin and end does not matter.
type records struct {
	in    *bufio.Reader
	limit int
}

func newRecords(in io.Reader, limit int) *records {
	return &records{in: bufio.NewReader(in), limit: limit}
}

// next returns the next record that is not empty. The end of the stream is
// io.EOF between two records and io.ErrUnexpectedEOF within one.
func (r *records) next() ([]byte, error) {
	for {
		n, err := r.length()
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return r.body(n)
		}
	}
}

// length reads "123\n". A length of more than 10 digits is beyond every limit.
func (r *records) length() (int, error) {
	var digits []byte
	for {
		c, err := r.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && len(digits) > 0:
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		case c == '\n':
			return r.parse(digits)
		case c < '0' || c > '9' || len(digits) == 10:
			return 0, errRecordLength
		}
		digits = append(digits, c)
	}
}

func (r *records) parse(digits []byte) (int, error) {
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0, errRecordLength
	}
	if n > int64(r.limit) {
		return 0, fmt.Errorf("%w: %d bytes, at most %d", errRecordSize, n, r.limit)
	}
	return int(n), nil
}

// body reads n bytes. The buffer grows as they arrive, so that a length alone
// takes no memory.
func (r *records) body(n int) ([]byte, error) {
	var b bytes.Buffer
	_, err := io.CopyN(&b, r.in, int64(n))
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	return b.Bytes(), err
}
