package project

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// containerName is what the engine takes (Engine 20.10 to 29, api/types names). The
// pattern of compose's schema has no ends, so anything with such a part in it passes.
var containerName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// names checks those by which services are to be found in the pod: each becomes a line
// of /etc/hosts there, which compose would not load again (compose-go v2.15.0
// types/hostList.go).
func (c *checker) names() {
	for _, name := range c.project.ServiceNames() {
		s := c.project.Services[name]
		if s.ContainerName != "" && !containerName.MatchString(s.ContainerName) {
			c.report("DCE105", fmt.Sprintf("%q of %s cannot be the name of a container", s.ContainerName, name),
				"write letters, digits, dots, dashes and underscores, with a letter or digit first", "services", name, "container_name")
		}
		c.hosts(s)
	}
}

func (c *checker) hosts(s types.ServiceConfig) {
	for i, link := range s.Links {
		if to, alias, found := strings.Cut(link, ":"); found && !isHost(alias) {
			c.report("DCE105", fmt.Sprintf("the link %q of %s has no host name behind its colon", link, s.Name),
				fmt.Sprintf("write %q, or %q", to, to+":NAME"), "services", s.Name, "links", strconv.Itoa(i))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Networks)) {
		if s.Networks[key] == nil {
			continue
		}
		for i, alias := range s.Networks[key].Aliases {
			if !isHost(alias) {
				c.report("DCE105", fmt.Sprintf("the alias %q of %s is no host name", alias, s.Name),
					"write a name without blanks, colons and equals signs", "services", s.Name, "networks", key, "aliases", strconv.Itoa(i))
			}
		}
	}
}

func isHost(name string) bool { return name != "" && !strings.ContainsAny(name, ":= \t\n") }
