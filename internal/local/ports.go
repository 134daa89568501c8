package local

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"dce/internal/diag"
	"dce/internal/render"
)

// Ports says how host ports are chosen.
type Ports string

// The ways. Auto is the default: the file's own port where it is free, else a
// free one, and it says so.
const (
	PortsAuto   Ports = "auto"
	PortsFixed  Ports = "fixed"
	PortsRandom Ports = "random"
)

// taken is a host port that a container of the engine publishes.
type taken struct {
	hostIP   string
	port     uint16
	protocol string
	by       string // the container's name
}

// prober knows which host ports are free.
type prober struct {
	taken []taken
	// bind tries a port of this machine; nil where the engine is elsewhere.
	bind func(hostIP string, port uint16, protocol string) error
	// free is any free port of this machine.
	free func(protocol string) (uint16, error)
}

// choice is the host ports of a pod and what a person should know of them.
type choice struct {
	offer []render.OfferedPort
	notes []string
}

// errNoPort says that no free port could be found.
var errNoPort = errors.New("no free port was found")

// choosePorts finds a host port for each request, in order. avoid are ports
// that were tried before and turned out to be taken.
func choosePorts(requests []render.PortRequest, way Ports, p prober, avoid map[uint16]bool) (choice, error) {
	var c choice
	var problems diag.List
	used := map[uint16]bool{}
	for port := range avoid {
		used[port] = way != PortsFixed
	}
	for _, r := range requests {
		port, why, err := p.choose(r, way, used)
		if err != nil {
			problems = append(problems, portTaken(r, why))
			continue
		}
		if why != "" {
			c.notes = append(c.notes, fmt.Sprintf("port %d of %s is %s here: using %d instead", r.Wanted, r.Service, why, port))
		}
		used[port] = true
		c.offer = append(c.offer, render.OfferedPort{Name: r.Name, Number: port})
	}
	return c, problems.Err()
}

// choose finds one port; why says what kept the wanted one from being taken.
func (p prober) choose(r render.PortRequest, way Ports, used map[uint16]bool) (port uint16, why string, err error) {
	if way != PortsRandom && r.Wanted != 0 {
		for port := r.Wanted; port <= max(r.Wanted, r.WantedEnd) && port != 0; port++ {
			if reason := p.occupied(r, port, used); reason == "" {
				return port, "", nil
			} else if why == "" {
				why = reason
			}
		}
		if way == PortsFixed {
			return 0, why, errNoPort
		}
	}
	for range 100 {
		port, err := p.free(r.Protocols()[0])
		if err != nil {
			return 0, why, err
		}
		if p.occupied(r, port, used) == "" {
			return port, why, nil
		}
	}
	return 0, why, errNoPort
}

// occupied says what holds the port for any of the request's uses, "" for nothing.
func (p prober) occupied(r render.PortRequest, port uint16, used map[uint16]bool) string {
	if used[port] {
		return "taken by this pod"
	}
	for _, m := range r.Ports {
		for _, t := range p.taken {
			if t.port == port && t.protocol == m.Protocol && sameAddress(t.hostIP, m.HostIP) {
				return "published by container " + t.by
			}
		}
		if p.bind == nil {
			continue
		}
		if err := p.bind(m.HostIP, port, m.Protocol); errors.Is(err, syscall.EADDRINUSE) {
			return "in use by another program"
		}
	}
	return ""
}

// sameAddress reports whether two addresses cannot both have one port.
func sameAddress(a, b string) bool { return a == b || anyAddress(a) || anyAddress(b) }

func anyAddress(ip string) bool {
	return ip == "" || net.ParseIP(ip).IsUnspecified()
}

// bind tries to listen as the engine's proxy would. Only "in use" counts: a
// port below 1024 is refused to us and not to the engine, which also knows
// best what is wrong with an address that this machine does not have.
func bind(hostIP string, port uint16, protocol string) error {
	address := net.JoinHostPort(hostIP, strconv.Itoa(int(port)))
	var c interface{ Close() error }
	var err error
	switch protocol {
	case "udp":
		c, err = net.ListenPacket("udp", address) //nolint:noctx // binding waits for nothing
	case "tcp":
		c, err = net.Listen("tcp", address) //nolint:noctx // binding waits for nothing
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return c.Close()
}

// freePort has the kernel choose.
func freePort(protocol string) (uint16, error) {
	if protocol == "udp" {
		c, err := net.ListenPacket("udp", ":0") //nolint:noctx // binding waits for nothing
		if err != nil {
			return 0, fmt.Errorf("finding a free udp port: %w", err)
		}
		defer c.Close()
		return portOf(c.LocalAddr()), nil
	}
	l, err := net.Listen("tcp", ":0") //nolint:noctx // binding waits for nothing
	if err != nil {
		return 0, fmt.Errorf("finding a free tcp port: %w", err)
	}
	defer l.Close()
	return portOf(l.Addr()), nil
}

func portOf(a net.Addr) uint16 {
	switch a := a.(type) {
	case *net.TCPAddr:
		return uint16(a.Port) //nolint:gosec // the kernel's own number
	case *net.UDPAddr:
		return uint16(a.Port) //nolint:gosec // the kernel's own number
	}
	return 0
}
