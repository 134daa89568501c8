package engine

import (
	"cmp"
	"context"
	"os"
	"strings"

	"github.com/moby/moby/client"
)

// Info is what the engine is: what its process has said before, else it is asked.
func (e *Engine) Info(ctx context.Context) (Info, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	process := e.process(ctx)
	if known, ok := e.recall(process); ok {
		return known, nil
	}
	info, err := e.askInfo(ctx)
	if err == nil {
		e.remember(process, info)
	}
	return info, err
}

func (e *Engine) askInfo(ctx context.Context) (Info, error) {
	res, err := e.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return Info{}, classify(err, about{host: e.Host()})
	}
	i := res.Info
	return Info{
		Version:       i.ServerVersion,
		APIVersion:    e.api.ClientVersion(),
		CgroupDriver:  i.CgroupDriver,
		CgroupVersion: cmp.Or(i.CgroupVersion, "1"), // said from API 1.41 on; before that there was only v1
		Arch:          goarch(i.Architecture),
		Local:         isLocal(e.Host(), i.KernelVersion, i.Name, kernel(), hostname()),
	}, nil
}

// goarch turns uname's word for a machine into Go's.
func goarch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	default:
		return machine
	}
}

// isLocal tells an engine of this machine from one in a virtual machine behind
// a socket of this one (Docker Desktop): the same kernel release and the same
// host name. An engine in a container of its own has another name.
func isLocal(host, kernel, name, ourKernel, ourName string) bool {
	return strings.HasPrefix(host, "unix://") && kernel == ourKernel && name == ourName
}

func kernel() string {
	b, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(b))
}

func hostname() string {
	name, _ := os.Hostname()
	return name
}
