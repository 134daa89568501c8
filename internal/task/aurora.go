package task

import (
	"encoding/binary"
	"errors"
	"math"
)

// assignedTask is what dce needs of Aurora's AssignedTask, which Aurora puts
// into TaskInfo.data in Thrift's TBinary form (api.thrift: AssignedTask 4 is
// the TaskConfig, whose 7 is isService; 5 is assignedPorts).
type assignedTask struct {
	isService bool
	ports     map[string]uint16
}

// readAssignedTask reports false for data that is anything else: a framework
// may put there what it likes.
func readAssignedTask(data []byte) (assignedTask, bool) {
	r := thrift{data: data}
	var a assignedTask
	hasTask := false
	r.fields(0, func(id int16, kind byte) bool {
		switch {
		case id == 4 && kind == thriftStruct:
			hasTask = true
			r.fields(1, func(id int16, kind byte) bool {
				if id != 7 || kind != thriftBool {
					return false
				}
				a.isService = r.byte() == 1
				return true
			})
			return true
		case id == 5 && kind == thriftMap:
			a.ports = r.ports()
			return true
		}
		return false
	})
	return a, hasTask && r.err == nil && len(r.data) == 0
}

// The types of TBinary.
const (
	thriftStop   = 0
	thriftBool   = 2
	thriftByte   = 3
	thriftDouble = 4
	thriftI16    = 6
	thriftI32    = 8
	thriftI64    = 10
	thriftString = 11
	thriftStruct = 12
	thriftMap    = 13
	thriftSet    = 14
	thriftList   = 15
)

// maxThriftDepth bounds nesting: AssignedTask has five levels.
const maxThriftDepth = 16

var errThrift = errors.New("not TBinary")

// thrift reads TBinary from bytes; after a first error it reads zeros.
type thrift struct {
	data []byte
	err  error
}

func (r *thrift) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.data)) {
		r.err = errThrift
	}
	if r.err != nil {
		return make([]byte, 8)
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *thrift) byte() byte { return r.take(1)[0] }

func (r *thrift) i32() int { return int(int32(binary.BigEndian.Uint32(r.take(4)))) } //nolint:gosec // the sign is wanted

func (r *thrift) string() string {
	n := r.i32()
	if r.err != nil {
		return ""
	}
	return string(r.take(n))
}

// fields calls read for each field of a struct; where it did not read the
// value, fields skips it.
func (r *thrift) fields(depth int, read func(id int16, kind byte) bool) {
	for r.err == nil {
		kind := r.byte()
		if r.err != nil || kind == thriftStop {
			return
		}
		id := int16(binary.BigEndian.Uint16(r.take(2))) //nolint:gosec // the sign is wanted
		if r.err == nil && !read(id, kind) {
			r.skip(kind, depth+1)
		}
	}
}

func (r *thrift) skip(kind byte, depth int) {
	if depth > maxThriftDepth {
		r.err = errThrift
		return
	}
	switch kind {
	case thriftBool, thriftByte:
		r.take(1)
	case thriftI16:
		r.take(2)
	case thriftI32:
		r.take(4)
	case thriftI64, thriftDouble:
		r.take(8)
	case thriftString:
		r.string()
	case thriftStruct:
		r.fields(depth, func(int16, byte) bool { return false })
	case thriftMap:
		key, value := r.byte(), r.byte()
		r.repeat(func() { r.skip(key, depth+1); r.skip(value, depth+1) })
	case thriftSet, thriftList:
		elem := r.byte()
		r.repeat(func() { r.skip(elem, depth+1) })
	default:
		r.err = errThrift
	}
}

// repeat reads a count and that many things, each of at least a byte.
func (r *thrift) repeat(read func()) {
	n := r.i32()
	if n < 0 || n > len(r.data) {
		r.err = errThrift
	}
	for i := 0; i < n && r.err == nil; i++ {
		read()
	}
}

func (r *thrift) ports() map[string]uint16 {
	key, value := r.byte(), r.byte()
	ports := map[string]uint16{}
	if empty := r.err == nil && len(r.data) >= 4 && binary.BigEndian.Uint32(r.data) == 0; !empty && (key != thriftString || value != thriftI32) {
		r.err = errThrift
	}
	r.repeat(func() {
		name, number := r.string(), r.i32()
		if number > 0 && number <= math.MaxUint16 {
			ports[name] = uint16(number)
		}
	})
	return ports
}
