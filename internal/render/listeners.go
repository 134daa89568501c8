package render

import (
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// listener is a service that the file says listens on a port.
type listener struct {
	service   string
	published bool // else it only exposes it
	pos       diag.Pos
}

// checkListeners finds services that would listen on one port of the pod's one
// network namespace.
func (d *draft) checkListeners() {
	seen := map[string]listener{}
	for _, name := range d.p.ServiceNames() {
		s := d.p.Services[name]
		if s.NetworkMode != sharesPod && !isInfra(s) {
			continue
		}
		in := d.in.Project.Services[name]
		for i, p := range publishedBy(name, in.Ports) {
			pos := d.at("services", name, "ports", strconv.Itoa(i))
			d.listens(seen, strconv.Itoa(int(p.config.Target))+"/"+protocol(p.config), listener{p.service, true, pos})
		}
		if !isInfra(s) {
			d.exposes(seen, name, in.Expose)
			d.checkScale(name, in)
		}
	}
}

func (d *draft) exposes(seen map[string]listener, name string, expose []string) {
	for i, e := range expose {
		if !strings.Contains(e, "/") {
			e += "/tcp"
		}
		d.listens(seen, e, listener{name, false, d.at("services", name, "expose", strconv.Itoa(i))})
	}
}

func (d *draft) listens(seen map[string]listener, port string, l listener) {
	first, ok := seen[port]
	if !ok || first.service == l.service {
		l.published = l.published || first.published
		seen[port] = l
		return
	}
	d.problem(samePort(port, first, l))
}

// checkScale refuses several containers of a service that listens: all would
// have the same port of the one namespace.
func (d *draft) checkScale(name string, s types.ServiceConfig) {
	if s.GetScale() < 2 || len(s.Ports)+len(s.Expose) == 0 {
		return
	}
	pos := d.at("services", name, "scale")
	if s.Scale == nil {
		pos = d.at("services", name, "deploy", "replicas")
	}
	d.problem(scaled(name, s.GetScale(), pos))
}
