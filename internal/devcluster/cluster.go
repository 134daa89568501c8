//go:build unix

package devcluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/devcluster/marathon"
	"dce/internal/devcluster/scheduler"
)

// Options say how a cluster runs. Dir is required.
type Options struct {
	Dir   string   // sandboxes are made below it; they stay when the cluster ends
	Addrs []string // of Marathon, one for each that there shall be; nil means one on 127.0.0.1 and a free port

	CgroupsRoot string // cgroup v1 that executors are put below; "" means none, as does a machine that permits none

	CPUs, Mem, Disk float64 // what the agent offers; 0 means four times the processors, 16384 MB, 100000 MB
	Ports           [2]int  // first and last; zero means 31000 to 32000
	Hostname        string  // of the agent; "" means 127.0.0.1
	User            string  // that executors run as; "" means root, or for who is not root, oneself

	Credentials string // user:password that Marathon asks for; "" means none
	Token       string // that it also takes, as DC/OS: Authorization: token=<Token>

	Role    string // of Marathon, --mesos_role, which apps without a role get; "" means *
	Secrets string // directory of the secrets that apps may use, a file for each source; "" means the feature is off

	LaunchTimeout time.Duration     // Marathon's task_launch_timeout; 0 means 300 s
	ShutdownGrace time.Duration     // the agent's, for executors; 0 means 5 s
	Environment   map[string]string // added to every executor's environment
	Agent         agent.Faults
	Marathon      marathon.Faults
	Log           *slog.Logger // nil discards
}

func (o Options) withDefaults() Options {
	if o.CPUs == 0 {
		o.CPUs = float64(4 * runtime.NumCPU())
	}
	if o.Mem == 0 {
		o.Mem = 16384
	}
	if o.Disk == 0 {
		o.Disk = 100_000
	}
	if o.Ports == [2]int{} {
		o.Ports = [2]int{31000, 32000}
	}
	if o.User == "" && os.Geteuid() != 0 {
		if self, err := user.Current(); err == nil {
			o.User = self.Username
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}

	return o
}

// Cluster is a running cluster.
type Cluster struct {
	opts     Options
	agent    *agent.Agent
	master   *master
	marathon *marathon.Server
}

// Start starts a cluster: all of it answers when Start returns. It lives until Close, whatever becomes of ctx.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	opts = opts.withDefaults()
	if opts.Dir == "" {
		return nil, errors.New("starting the cluster: Options.Dir is empty")
	}
	c := &Cluster{opts: opts}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close(context.WithoutCancel(ctx)))
	}

	return c, nil
}

func (c *Cluster) start(ctx context.Context) (err error) {
	o := c.opts
	if err := o.checkSecrets(); err != nil {
		return err
	}
	c.agent, err = agent.Start(ctx, agent.Options{
		WorkDir: filepath.Join(o.Dir, "agent"), Hostname: o.Hostname, CgroupsRoot: o.CgroupsRoot, Resources: o.resources(),
		ShutdownGrace: o.ShutdownGrace, ExecutorEnvironment: o.Environment, Secret: o.secret(), Faults: o.Agent, Log: o.Log,
	})
	if err != nil {
		return err
	}
	if c.master, err = startMaster(ctx, c.agent); err != nil {
		return err
	}
	c.marathon, err = marathon.Start(ctx, marathon.Options{
		Addrs: o.Addrs, Agent: c.agent, MesosURL: c.master.url(), PortFree: portFree,
		Offer: scheduler.Agent{CPUs: o.CPUs, Mem: o.Mem, Disk: o.Disk, Ports: o.Ports},
		User:  o.User, Credentials: o.Credentials, Token: o.Token, LaunchTimeout: o.LaunchTimeout, Secrets: o.Secrets != "", Role: o.Role, Faults: o.Marathon, Log: o.Log,
	})
	if err == nil {
		c.master.frameworkID = c.marathon.FrameworkID()
	}

	return err
}

func (o Options) resources() []mesos.Resource {
	var list []mesos.Resource
	for _, r := range []struct {
		name  string
		value float64
	}{{"cpus", o.CPUs}, {"mem", o.Mem}, {"disk", o.Disk}} {
		list = append(list, mesos.Resource{Name: r.name, Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: r.value}})
	}
	ports := []mesos.Value_Range{{Begin: uint64(o.Ports[0]), End: uint64(o.Ports[1])}} //nolint:gosec // ports

	return append(list, mesos.Resource{Name: "ports", Type: mesos.RANGES.Enum(), Ranges: &mesos.Value_Ranges{Range: ports}})
}

// portFree says that nobody listens on a port of this machine.
func portFree(port int) bool {
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port)) //nolint:noctx // does not wait
	if err != nil {
		return false
	}

	return l.Close() == nil
}

// URL is where Marathon's API is.
func (c *Cluster) URL() string { return c.marathon.URL() }

// URLs are where it is of each Marathon, if there are several.
func (c *Cluster) URLs() []string { return c.marathon.URLs() }

// MesosURL is where the master is.
func (c *Cluster) MesosURL() string { return c.master.url() }

// Marathon is the Marathon of the cluster, to have it misbehave.
func (c *Cluster) Marathon() *marathon.Server { return c.marathon }

// Agent is the agent of the cluster, to have it misbehave.
func (c *Cluster) Agent() *agent.Agent { return c.agent }

// Drain ends all tasks and waits until they are gone, or until ctx ends.
func (c *Cluster) Drain(ctx context.Context) error { return c.marathon.Drain(ctx) }

// Close ends the cluster and all executors that still run. Their sandboxes stay.
func (c *Cluster) Close(ctx context.Context) error {
	if c.marathon != nil {
		c.marathon.Close()
	}
	if c.master != nil {
		c.master.close()
	}
	if c.agent == nil {
		return nil
	}
	err := c.agent.Stop(ctx)
	if c.opts.CgroupsRoot != "" {
		err = errors.Join(err, removeCgroups(c.opts.CgroupsRoot))
	}

	return err
}

// cgroups is the cgroup that executors are below; "" where they have none.
func (c *Cluster) cgroups() string {
	if c.agent.Launcher() != agent.LinuxLauncher {
		return ""
	}

	return c.opts.CgroupsRoot
}

// removeCgroups removes the cgroup that the containers' were in; the agent has removed those.
func removeCgroups(root string) error {
	var errs []error
	dirs, _ := filepath.Glob(filepath.Join("/sys/fs/cgroup", "*", root)) // the pattern is fine
	for _, dir := range dirs {
		err := os.Remove(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EBUSY) { // another cluster is in it
			errs = append(errs, fmt.Errorf("removing the cluster's cgroup: %w", err))
		}
	}

	return errors.Join(errs...)
}
