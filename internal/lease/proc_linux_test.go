package lease

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestParsingTheStatOfAProcess(t *testing.T) {
	const rest = " 1 2 3 4 5 4194560 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"
	cases := map[string]struct {
		stat  string
		want  process
		ended bool
		fails bool
	}{
		"plain":                              {stat: "12 (cat) S" + rest, want: process{"S", 4194560, "4711"}},
		"a name with spaces and parentheses": {stat: "12 (a) Z 1 (b) S" + rest, want: process{"S", 4194560, "4711"}},
		"a zombie":                           {stat: "12 (cat) Z" + rest, want: process{"Z", 4194560, "4711"}, ended: true},
		"not yet a zombie, without its files": {
			stat: "12 (cat) R 1 2 3 4 5 4194564 7 8 9 10 11 12 13 14 15 16 17 18 4711 20",
			want: process{"R", 4194564, "4711"}, ended: true,
		},
		"cut short":          {stat: "12 (cat) S 1 2", fails: true},
		"flags of no number": {stat: "12 (cat) S 1 2 3 4 5 x 7 8 9 10 11 12 13 14 15 16 17 18 4711 20", fails: true},
		"not a stat at all":  {stat: "12 cat", fails: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat([]byte(c.stat))
			if got != c.want || got.ended() != c.ended || (err != nil) != c.fails {
				t.Errorf("got %+v %v", got, err)
			}
		})
	}
}

// look at a process from somewhere else: this test's binary, run by sh with its
// arguments in "$@".
func judgedFrom(t *testing.T, place string, id Identity) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("other namespaces and users take root")
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-ec", place, "sh", os.Args[0], "-test.run", "^TestJudgeForAnother$", "-test.v")
	cmd.Env = append(os.Environ(), "JUDGE="+id.BootID+" "+strconv.Itoa(id.PID)+" "+id.Start)
	out, err := cmd.CombinedOutput()
	_, rest, found := strings.Cut(string(out), "verdict: ")
	if !found {
		t.Skipf("this kernel or this machine has no such place: %v\n%s", err, out)
	}
	verdict, _, _ := strings.Cut(rest, "\n")
	return verdict
}

func TestJudgeForAnother(t *testing.T) {
	var id Identity
	if n, _ := fmt.Sscan(os.Getenv("JUDGE"), &id.BootID, &id.PID, &id.Start); n != 3 {
		t.Skip("run by other tests")
	}
	t.Log("verdict: " + Here().Judge(id).State)
}

// A process that somebody cannot see, or sees in another light, is not gone.
func TestALivingProcessIsNeverGone(t *testing.T) {
	self, err := Here().Self("")
	if err != nil {
		t.Fatal(err)
	}
	const nobody = `exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"`
	for name, test := range map[string]struct {
		place string
		want  State
	}{
		"the same user":                          {`exec "$@"`, Alive},
		"another user":                           {nobody, Alive},
		"another user with hidepid=1":            {"mount -t proc -o hidepid=1 proc /proc; " + nobody, Unknown},
		"another user with hidepid=2":            {"mount -t proc -o hidepid=2 proc /proc; " + nobody, Unknown},
		"another namespace of pids":              {`exec unshare --pid --fork --mount-proc "$@"`, Unknown},
		"another one, without its /proc":         {`exec unshare --pid --fork "$@"`, Unknown},
		"another namespace of time, and offsets": {`exec unshare --time --fork --boottime 100000 "$@"`, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := judgedFrom(t, test.place, self); got != string(test.want) {
				t.Errorf("it is %s, want %s", got, test.want)
			}
		})
	}
}

func TestAHiddenProcessIsNotAbsent(t *testing.T) {
	if _, err := Here().startOf(os.Getpid()); err != nil {
		t.Error(err)
	}
	if _, err := Here().startOf(1 << 22); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
