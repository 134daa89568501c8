package mesos

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
)

// readAll reads records until the first error.
func readAll(in io.Reader, limit int) (all []string, err error) {
	r := newRecords(in, limit)
	for {
		record, err := r.next()
		if err != nil {
			return all, err
		}
		all = append(all, string(record))
	}
}

func TestRecordsAreReadHoweverTheirBytesArrive(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   []string
		err    error
	}{
		"nothing":                                {"", nil, io.EOF},
		"two records":                            {"2\n\x08\x073\nabc", []string{"\x08\x07", "abc"}, io.EOF},
		"newlines and digits within records":     {"4\n1\n2\n5\n3\n\n\n\n", []string{"1\n2\n", "3\n\n\n\n"}, io.EOF},
		"empty records are passed over":          {"0\n0\n1\na0\n", []string{"a"}, io.EOF},
		"leading zeros":                          {"0000000002\nab", []string{"ab"}, io.EOF},
		"an end within the length":               {"1\na12", []string{"a"}, io.ErrUnexpectedEOF},
		"an end within the body":                 {"1\na4\nabc", []string{"a"}, io.ErrUnexpectedEOF},
		"an end before the body":                 {"4\n", nil, io.ErrUnexpectedEOF},
		"no length":                              {"\nabc", nil, errRecordLength},
		"a negative length":                      {"-1\nabc", nil, errRecordLength},
		"a length with a space":                  {" 3\nabc", nil, errRecordLength},
		"hexadecimal":                            {"0x3\nabc", nil, errRecordLength},
		"a length of 2^64-1":                     {"18446744073709551615\nabc", nil, errRecordLength},
		"a record at the limit":                  {"8\n12345678", []string{"12345678"}, io.EOF},
		"a record above the limit":               {"9\n123456789", nil, errRecordSize},
		"a length that never ends":               {strings.Repeat("1", 100), nil, errRecordLength},
		"an error page instead of a stream":      {"<html>", nil, errRecordLength},
		"a carriage return belongs to no length": {"1\r\na", nil, errRecordLength},
	} {
		t.Run(name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{
				"at once":      strings.NewReader(c.stream),
				"byte by byte": iotest.OneByteReader(strings.NewReader(c.stream)),
				"in halves":    iotest.HalfReader(strings.NewReader(c.stream)),
				"with the end": iotest.DataErrReader(strings.NewReader(c.stream)),
			} {
				got, err := readAll(in, 8)
				if d := cmp.Diff(c.want, got); d != "" || !errors.Is(err, c.err) {
					t.Errorf("%s: %s, error %v, want %v", how, d, err, c.err)
				}
			}
		})
	}
}

func TestALengthAloneTakesNoMemory(t *testing.T) {
	got := testing.AllocsPerRun(10, func() {
		if _, err := readAll(strings.NewReader("67108864\nx"), maxRecord); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
	})
	r := newRecords(strings.NewReader("67108864\nx"), maxRecord)
	if b, _ := r.next(); cap(b) > 1<<20 || got > 50 {
		t.Errorf("%d bytes, %v allocations for a record of one byte", cap(b), got)
	}
}

// FuzzRecords holds that what mesos-go writes is read back, that a stream gives
// the same records byte by byte as at once, and that nothing panics.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("2\n\x08\x07"), []byte("abc"), 3)
	f.Add([]byte("18446744073709551615\n"), []byte{}, 1)
	f.Add([]byte("9223372036854775808\n"), []byte("5\nabcde"), 100)
	f.Add([]byte("0\n0\n"), []byte("\n"), 2)
	f.Add([]byte("4\nab"), []byte("0"), 7)
	f.Fuzz(func(t *testing.T, stream, record []byte, n int) {
		var written bytes.Buffer
		w := recordio.NewWriter(&written)
		var want []string
		for range min(max(n, 0), 5) {
			if err := w.WriteFrame(record); err != nil {
				t.Fatal(err)
			}
			if len(record) > 0 {
				want = append(want, string(record))
			}
		}
		got, err := readAll(iotest.OneByteReader(&written), 1<<20)
		if d := cmp.Diff(want, got); d != "" || !errors.Is(err, io.EOF) {
			t.Errorf("%s, error %v", d, err)
		}
		once, errOnce := readAll(bytes.NewReader(stream), 1<<16)
		bytewise, errBytewise := readAll(iotest.OneByteReader(bytes.NewReader(stream)), 1<<16)
		if d := cmp.Diff(once, bytewise); d != "" || errOnce.Error() != errBytewise.Error() {
			t.Errorf("%s, errors %v and %v", d, errOnce, errBytewise)
		}
	})
}

// hugeField is a field whose length makes mesos-go's generated code panic.
const hugeField = "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"

func TestAFieldLengthThatOverflowsIsAnError(t *testing.T) {
	if _, err := decode([]byte(hugeField)); err == nil {
		t.Error("want an error")
	}
}

// FuzzEvent holds that no record panics: mesos-go's generated code does on some.
func FuzzEvent(f *testing.F) {
	f.Add([]byte{0x08, 0x07})
	f.Add([]byte{0x08, 0x01})
	f.Add([]byte{0x08, 0x63})
	f.Add([]byte("\x08\x05\x32\x06\x0a\x04ping"))
	f.Add([]byte(hugeField))
	f.Fuzz(func(t *testing.T, record []byte) {
		if ev, err := decode(record); (ev == nil) && err == nil {
			t.Error("neither an event nor an error")
		}
	})
}
