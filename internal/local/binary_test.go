//go:build unix

package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"dce/internal/enginetest"
)

// within bounds what a test waits for; tests run beside others on two cores.
const within = 60 * time.Second

// binary builds dce once for all tests of the package.
func binary(t *testing.T) string {
	t.Helper()
	path, err := builder().once()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

type build struct{ once func() (string, error) }

var builder = sync.OnceValue(func() build {
	return build{once: sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "dce-local-")
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, "dce")
		return path, enginetest.BuildDCE(context.Background(), path, "tested")
	})}
})

// place is a directory with a compose file, and a state directory of its own.
type place struct {
	t     *testing.T
	api   *client.Client
	bin   string
	dir   string
	name  string // of the project
	image string
	env   []string
}

// at makes a place whose compose file is the text, with IMAGE and NAME filled in.
func at(t *testing.T, compose string) *place {
	t.Helper()
	t.Parallel()
	return on(t, enginetest.Require(t), compose)
}

// on makes a place that works with an engine, which env leads to.
func on(t *testing.T, api *client.Client, compose string, env ...string) *place {
	t.Helper()
	p := &place{
		t: t, api: api, bin: binary(t), dir: t.TempDir(), image: enginetest.Busybox(t, api),
		name: enginetest.PodID(t, "local"),
	}
	p.env = append(append(os.Environ(), env...),
		"XDG_STATE_HOME="+filepath.Join(p.dir, "state"), "DCE_LEASE_DIR="+filepath.Join(p.dir, "leases"), "COLUMNS=200")
	p.write(compose)
	enginetest.Clean(t, api, p.id())
	t.Cleanup(func() { p.dce("down", "--local", "--timeout", "0", "-v").run() })
	return p
}

func (p *place) id() string { return "local." + p.name }

func (p *place) write(compose string) {
	p.t.Helper()
	compose = "name: NAME\n" + compose
	compose = strings.NewReplacer("IMAGE", p.image, "NAME", p.name).Replace(compose)
	if err := os.WriteFile(filepath.Join(p.dir, "compose.yaml"), []byte(compose), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// call is one run of dce.
type call struct {
	place *place
	cmd   *exec.Cmd
	out   bytes.Buffer
	err   bytes.Buffer
	mu    sync.Mutex
}

// locked is a writer that a test may read beside.
type locked struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (p *place) dce(args ...string) *call {
	c := &call{place: p, cmd: exec.Command(p.bin, args...)}
	c.cmd.Dir, c.cmd.Env = p.dir, p.env
	c.cmd.Stdout, c.cmd.Stderr = locked{&c.mu, &c.out}, locked{&c.mu, &c.err}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

func (c *call) start() *call {
	c.place.t.Helper()
	if err := c.cmd.Start(); err != nil {
		c.place.t.Fatal(err)
	}
	return c
}

func (c *call) run() *call {
	c.place.t.Helper()
	c.start().wait()
	return c
}

func (c *call) wait() {
	c.place.t.Helper()
	hung := time.AfterFunc(within, func() {
		c.place.t.Errorf("%s hangs: %s%s", c.cmd.Args[1:], c.stdout(), c.stderr())
		_ = c.cmd.Process.Signal(syscall.SIGQUIT) // its stack says where
	})
	defer hung.Stop()
	err := c.cmd.Wait()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		c.place.t.Error(err)
	}
}

func (c *call) code() int { return c.cmd.ProcessState.ExitCode() }

func (c *call) stdout() string { c.mu.Lock(); defer c.mu.Unlock(); return c.out.String() }
func (c *call) stderr() string { c.mu.Lock(); defer c.mu.Unlock(); return c.err.String() }

// exits checks the exit code of a call that has ended, and what it said.
func (c *call) exits(code int, says ...string) {
	c.place.t.Helper()
	if c.code() != code {
		c.place.t.Errorf("%s: exit %d, want %d\n%s%s", c.cmd.Args[1:], c.code(), code, c.stdout(), c.stderr())
	}
	for _, s := range says {
		if !strings.Contains(c.stderr()+c.stdout(), s) {
			c.place.t.Errorf("%s does not say %q:\n%s%s", c.cmd.Args[1:], s, c.stdout(), c.stderr())
		}
	}
}

func (c *call) signal(s syscall.Signal) {
	c.place.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.place.t.Fatal(err)
	}
}

// end interrupts a running call and waits for it.
func (c *call) end() {
	c.place.t.Helper()
	c.signal(syscall.SIGINT)
	c.wait()
	c.exits(130)
}

// until waits for a running call to say something.
func (c *call) until(says string) *call {
	c.place.t.Helper()
	enginetest.Eventually(c.place.t, within, says, func() (bool, string) {
		all := c.stdout() + c.stderr()
		return strings.Contains(all, says), all
	})
	return c
}

// row is what the tests read of `dce ls -o json`.
type row struct {
	ID       string   `json:"id"`
	Keeper   string   `json:"keeper"`
	State    string   `json:"state"`
	Reason   string   `json:"reason"`
	Kept     bool     `json:"kept"`
	Services []string `json:"services"`
	Ports    []struct {
		Service       string `json:"service"`
		HostPort      int    `json:"host_port"`
		ContainerPort int    `json:"container_port"`
	} `json:"ports"`
	Containers []struct {
		ID      string `json:"id"`
		Service string `json:"service"`
		State   string `json:"state"`
	} `json:"containers"`
}

// ps is the pod as `dce ps` sees it.
func (p *place) ps(id string) row {
	p.t.Helper()
	c := p.dce("ps", "--local", id, "-o", "json").run()
	c.exits(0)
	var r row
	if err := json.Unmarshal([]byte(c.stdout()), &r); err != nil {
		p.t.Fatalf("%v in %s", err, c.stdout())
	}
	return r
}

// gone waits until nothing of the pod is left on the engine.
func (p *place) gone(id string) {
	p.t.Helper()
	enginetest.Eventually(p.t, within, "nothing of "+id+" is left", func() (bool, string) {
		left := enginetest.Left(context.Background(), p.t, p.api, id)
		return len(left) == 0, fmt.Sprint(left)
	})
}

// monitor is the process that keeps a detached pod.
func (p *place) monitor(id string) int {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, "state", "dce", "pods", id, "dce-task.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	var f struct {
		Task struct {
			PID int `json:"pid"`
		} `json:"task"`
	}
	if err := json.Unmarshal(data, &f); err != nil || f.Task.PID == 0 {
		p.t.Fatalf("no pid in %s: %v", data, err)
	}
	return f.Task.PID
}
