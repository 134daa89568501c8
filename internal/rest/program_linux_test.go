package rest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyWhatTheFileHoldsIsGivenBack(t *testing.T) {
	smaps := `00400000-01446000 r-xp 00000000 fe:00 1032 /usr/bin/dce
Size:              16664 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
01446000-0247e000 r--p 01046000 fe:00 1032 /usr/bin/dce
Anonymous:             0 kB
0247e000-0258e000 rw-p 0207e000 fe:00 1032 /usr/bin/dce
Anonymous:             0 kB
02600000-02700000 r--p 03000000 fe:00 1032 /usr/bin/dce
Anonymous:             4 kB
02700000-02800000 r--p 03000000 fe:00 1033 /usr/bin/dce (deleted)
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f0000002000-7f0000003000 r-xp 00000000 fe:00 77 /lib/other.so
Anonymous:             0 kB
7ffd1787c000-7ffd1789d000 rw-p 00000000 00:00 0 [stack]
Anonymous:            16 kB
`
	want := []mapping{{0x400000, 0x1446000}, {0x1446000, 0x247e000}}
	if diff := cmp.Diff(want, clean(strings.NewReader(smaps), "/usr/bin/dce"), cmp.AllowUnexported(mapping{})); diff != "" {
		t.Error(diff)
	}
}
