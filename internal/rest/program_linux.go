package rest

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// dropProgram gives back the pages of this program's own file. It is best
// effort: a process that keeps them works as well.
func dropProgram() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, m := range clean(bytes.NewReader(maps), self) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED)
	}
}

// mapping is a range of addresses.
type mapping struct{ start, end uintptr }

// clean are the mappings of a file that hold nothing but what is in the file,
// as /proc/PID/smaps lists them: read-only, and without an anonymous page. The
// latter tells constants of a position-independent program, which were written
// to before they became read-only, and would be lost.
func clean(smaps io.Reader, file string) []mapping {
	var found []mapping
	var at mapping
	candidate := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if m, ok := header(fields); ok {
			at = m
			candidate = strings.Join(fields[5:], " ") == file && !strings.Contains(fields[1], "w")
			continue
		}
		if candidate && len(fields) > 1 && fields[0] == "Anonymous:" && fields[1] == "0" {
			found = append(found, at)
		}
	}
	return found
}

// header reads "00400000-01446000 r-xp 00000000 fe:00 10332767  /usr/bin/dce".
func header(fields []string) (mapping, bool) {
	if len(fields) < 5 {
		return mapping{}, false
	}
	from, to, ok := strings.Cut(fields[0], "-")
	if !ok {
		return mapping{}, false
	}
	start, err1 := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	if err1 != nil || err2 != nil {
		return mapping{}, false
	}
	return mapping{uintptr(start), uintptr(end)}, true
}
