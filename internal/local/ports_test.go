package local

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/render"
)

func wish(service string, wanted, end uint16, protocols ...string) render.PortRequest {
	r := render.PortRequest{Service: service, Wanted: wanted, WantedEnd: end}
	for _, p := range protocols {
		r.Ports = append(r.Ports, render.PortMapping{Service: service, Protocol: p, ContainerPort: 80, Wanted: wanted})
	}
	return r
}

// machine is a prober of made-up ports: some bound, free ones counting from 40000.
func testProber(bound ...uint16) prober {
	next := uint16(39999)
	return prober{
		taken: []taken{{"", 8080, "tcp", "other-web-1"}, {"127.0.0.1", 8081, "tcp", "local-only"}},
		bind: func(_ string, port uint16, _ string) error {
			if slices.Contains(bound, port) {
				return syscall.EADDRINUSE
			}
			if port < 1024 {
				return syscall.EACCES // and the engine may
			}
			return nil
		},
		free: func(string) (uint16, error) { next++; return next, nil },
	}
}

func TestHostPortsAreChosen(t *testing.T) {
	web := wish("web", 8080, 0, "tcp")
	cases := map[string]struct {
		way      Ports
		requests []render.PortRequest
		bound    []uint16
		avoid    map[uint16]bool
		want     []uint16
		notes    string
		problem  string
	}{
		"auto takes the file's own where it is free": {way: PortsAuto, requests: []render.PortRequest{wish("web", 9000, 0, "tcp")}, want: []uint16{9000}},
		"auto takes a free one where a container has it, and says so": {
			way: PortsAuto, requests: []render.PortRequest{web}, want: []uint16{40000},
			notes: "port 8080 of web is published by container other-web-1 here: using 40000 instead",
		},
		"auto takes a free one where a program has it": {
			way: PortsAuto, requests: []render.PortRequest{wish("web", 9000, 0, "tcp")}, bound: []uint16{9000}, want: []uint16{40000},
			notes: "port 9000 of web is in use by another program here: using 40000 instead",
		},
		"udp does not mind who has the number for tcp": {way: PortsAuto, requests: []render.PortRequest{wish("dns", 8080, 0, "udp")}, want: []uint16{8080}},
		"a pair needs both":                            {way: PortsFixed, requests: []render.PortRequest{wish("dns", 8080, 0, "tcp", "udp")}, problem: "host port 8080, which service dns publishes, is published by container other-web-1"},
		"a port on one address is taken for all":       {way: PortsFixed, requests: []render.PortRequest{wish("web", 8081, 0, "tcp")}, problem: "published by container local-only"},
		"the first free one of a range":                {way: PortsFixed, requests: []render.PortRequest{wish("web", 8080, 8083, "tcp")}, bound: []uint16{8082}, want: []uint16{8083}},
		"two services cannot have one":                 {way: PortsAuto, requests: []render.PortRequest{wish("a", 9000, 0, "tcp"), wish("b", 9000, 0, "tcp")}, want: []uint16{9000, 40000}, notes: "port 9000 of b is taken by this pod here"},
		"fixed says which service wants it":            {way: PortsFixed, requests: []render.PortRequest{web}, problem: "service web"},
		"random asks for nobody's wish":                {way: PortsRandom, requests: []render.PortRequest{wish("web", 9000, 0, "tcp")}, want: []uint16{40000}},
		"no wish gets a free one, without a word":      {way: PortsAuto, requests: []render.PortRequest{wish("web", 0, 0, "tcp")}, want: []uint16{40000}},
		"a port that was lost before is not tried":     {way: PortsAuto, requests: []render.PortRequest{wish("web", 9000, 0, "tcp")}, avoid: map[uint16]bool{9000: true, 40000: true}, want: []uint16{40001}, notes: "using 40001"},
		"a low port is the engine's business":          {way: PortsFixed, requests: []render.PortRequest{wish("web", 80, 0, "tcp")}, want: []uint16{80}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := choosePorts(c.requests, c.way, testProber(c.bound...), c.avoid)
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Fatalf("got %v, want %q", err, c.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var ports []uint16
			for _, p := range got.offer {
				ports = append(ports, p.Number)
			}
			if diff := cmp.Diff(c.want, ports); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
			if notes := strings.Join(got.notes, "\n"); !strings.Contains(notes, c.notes) || c.notes == "" && notes != "" {
				t.Errorf("notes %q, want %q", notes, c.notes)
			}
		})
	}
}

func TestABoundPortIsSeen(t *testing.T) {
	for _, protocol := range []string{"tcp", "udp"} {
		port, err := freePort(protocol)
		if err != nil || port == 0 {
			t.Fatalf("%s: %d, %v", protocol, port, err)
		}
		if err := bind("", port, protocol); err != nil {
			t.Errorf("the free %s port %d cannot be bound: %v", protocol, port, err)
		}
	}
}
