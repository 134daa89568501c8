package agent

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Options says how an agent runs; the flags of mesos-agent they stand for are named. WorkDir is required.
type Options struct {
	WorkDir string // --work_dir: sandboxes are made below it

	Addr         string // address to listen on; "" means 127.0.0.1 and a free port
	DomainSocket string // --http_executor_domain_sockets: path of a unix socket beside TCP; "" means none

	AgentID   string           // "" means a new id, <uuid>-S0
	Hostname  string           // --hostname; "" means the IP of Addr
	Resources []mesos.Resource // --resources; nil means 2 cpus, 4096 MB, 10000 MB of disk, ports 31000-32000

	CgroupsRoot string // --cgroups_root; "" means no cgroups (the posix launcher), as does a machine that permits none
	CgroupFS    string // where the cgroup v1 hierarchies are; "" means /sys/fs/cgroup

	TLS *tls.Config // LIBPROCESS_SSL_ENABLED with SUPPORT_DOWNGRADE: https and http on one port; nil means http only

	JWTSecret []byte // --authenticate_http_executors with this --jwt_secret_key; nil means no authentication

	RegistrationTimeout   time.Duration // --executor_registration_timeout; 0 means 1 minute, fetching included
	ReregistrationTimeout time.Duration // --executor_reregistration_timeout; 0 means 2 seconds
	ShutdownGrace         time.Duration // --executor_shutdown_grace_period; 0 means 5 seconds
	RecoveryTimeout       time.Duration // --recovery_timeout, told to executors; 0 means 15 minutes
	Heartbeat             time.Duration // between HEARTBEAT events; 0 means 30 minutes

	ExecutorEnvironment map[string]string // added to every executor's environment
	// Secret resolves the variables of a command that refer to a secret (--secret_resolver); nil knows none.
	Secret func(name string) (string, error)
	Fetch  FetchLimits

	ManualAcknowledge bool // updates wait for Acknowledge, as for a real scheduler; false acknowledges them at once
	Attach            bool // start no process: who is told the environment (Executor) subscribes in its stead
	Faults            Faults
	Log               *slog.Logger // nil discards
}

func (o Options) withDefaults() (Options, error) {
	if o.WorkDir == "" {
		return o, fmt.Errorf("starting the agent: Options.WorkDir is empty")
	}
	setDefault(&o.Addr, "127.0.0.1:0")
	setDefault(&o.AgentID, newUUID()+"-S0")
	setDefault(&o.CgroupFS, "/sys/fs/cgroup")
	setDefault(&o.RegistrationTimeout, time.Minute)
	setDefault(&o.ReregistrationTimeout, 2*time.Second)
	setDefault(&o.ShutdownGrace, 5*time.Second)
	setDefault(&o.RecoveryTimeout, 15*time.Minute)
	setDefault(&o.Heartbeat, 30*time.Minute)
	o.Fetch = o.Fetch.withDefaults()

	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return o, fmt.Errorf("reading the agent's address: %w", err)
	}
	setDefault(&o.Hostname, host)

	if o.Resources == nil {
		o.Resources = defaultResources()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}

	return o, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func defaultResources() []mesos.Resource {
	return []mesos.Resource{
		scalar("cpus", 2),
		scalar("mem", 4096),
		scalar("disk", 10000),
		{
			Name: "ports", Type: mesos.RANGES.Enum(),
			Ranges: &mesos.Value_Ranges{Range: []mesos.Value_Range{{Begin: 31000, End: 32000}}},
		},
	}
}

func scalar(name string, value float64) mesos.Resource {
	return mesos.Resource{Name: name, Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: value}}
}

// newUUID gives a random UUID as text.
func newUUID() string {
	b := newUUIDBytes()

	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func newUUIDBytes() []byte {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80

	return b
}
