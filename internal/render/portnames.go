package render

import (
	"fmt"
	"strconv"
	"strings"
)

// PortNames gives each host port of a pod a name for schedulers, in the order
// of PublishedPorts: the port's own, or its service's with the container port.
// They stay the same as long as these do, and no two are equal. An offered
// port of that name goes to that port.
func PortNames(requests []PortRequest) []string {
	names := make([]string, len(requests))
	taken := map[string]bool{}
	for i, r := range requests {
		base := portName(r.Name)
		if base == "" {
			base = portName(fmt.Sprintf("%s-%d", r.Service, r.Ports[0].ContainerPort))
		}
		name := base
		for n := 2; taken[name]; n++ {
			name = base + "-" + strconv.Itoa(n)
		}
		names[i], taken[name] = name, true
	}
	return names
}

// portName is a text as Marathon takes names of ports: lower-case letters,
// digits and dashes, with a letter or digit at both ends.
func portName(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return '-'
		}
	}, text), "-")
}
