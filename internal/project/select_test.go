package project

import (
	"strings"
	"testing"
)

// Docker Compose v5.5.1 takes along what it adds to depends_on when it normalises
// a project (compose-go v2.15.0 loader/normalize.go).
func TestANamedServiceTakesAlongWhatItNeeds(t *testing.T) {
	for name, tc := range map[string]struct{ web, want string }{
		"nothing":                          {`init: true`, "web"},
		"what it depends on":               {`depends_on: [db]`, "db web"},
		"what it links to":                 {`links: [db]`, "db web"},
		"what it links to by another name": {`links: ["db:sql"]`, "db web"},
		"whose network it shares":          {`network_mode: "service:db"`, "db web"},
		"whose ipc it shares":              {`ipc: "service:db"`, "db web"},
		"whose processes it sees":          {`pid: "service:db"`, "db web"},
		"whose volumes it takes":           {`volumes_from: ["db:ro"]`, "db web"},
		"not a container of somebody":      {`volumes_from: ["container:db"]`, "web"},
		"what those need, too":             {`links: [top]`, "db mid top web"},
		"what it can do without":           {`depends_on: {db: {condition: service_started, required: false}}`, "db web"},
		"not what it can do without, if not enabled": {
			`depends_on: {debug: {condition: service_started, required: false}}`, "web",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{"compose.yaml": `
services:
  web: {image: x, ` + tc.web + `}
  db: {image: x}
  mid: {image: x, depends_on: [db]}
  top: {image: x, network_mode: "service:mid"}
  other: {image: x, depends_on: [web]}
  debug: {image: x, profiles: [debug]}
`})
			p, err := Load(t.Context(), Options{Dir: dir, Services: []string{"web"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(p.Compose.ServiceNames(), " "); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestANamedServiceBringsNoOthersOfItsProfile(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": `
services:
  web: {image: x}
  debug: {image: x, profiles: [debug], links: [web]}
  trace: {image: x, profiles: [debug]}
`})
	p, err := Load(t.Context(), Options{Dir: dir, Services: []string{"debug"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Compose.ServiceNames(), " "); got != "debug web" {
		t.Errorf("got %s", got)
	}
}
