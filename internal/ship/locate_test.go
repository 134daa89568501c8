package ship

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What Marathon refuses, by its path in the app, is of this line; the lines
// are found by the comments at their ends.
func TestEveryPartOfTheAppIsFoundWhereItComesFrom(t *testing.T) {
	dir := write(t, map[string]string{
		"compose.yaml": `services:
  api:
    image: api:1
    ports:
      - "9000" # port api 9000
      - target: 9001 # port api 9001
        protocol: udp
  web:
    image: web:1
    environment: {TOKEN: "${TOKEN}"}
    ports: ["80:8080"] # port web
`,
		"dce.yaml": `secrets: [TOKEN]
environments:
  qa:
    target:
      urls: [http://marathon.example]
      artifacts:
        inline: 0
        url: http://store.example # artifacts
      executor:
        uris:
          - http://store.example/dce # executor
          - http://store.example/extra.tgz # extra
    resources:
      cpus: 0.5 # cpus
      mem: 64M # mem
      executor:
        cpus: 0.2 # executor cpus
    app:
      id: /shop/web # id
      instances: 2 # instances
      constraints:
        - hostname:UNIQUE # constraint 0
        - rack:LIKE:a # constraint 1
      role: shop # role
      accepted_roles: ["*", shop] # roles
      upgrade:
        min_healthy: 0.5 # min healthy
        max_over: 0.5 # max over
      health:
        grace: 1m # grace
        interval: 5s # interval
      kill_grace: 20s # kill grace
      labels:
        team: shop # label
        com.example/x: y # dotted label
      env:
        LEVEL: debug # env
      fetch:
        - http://store.example/a # fetch 0
        - http://store.example/b # fetch 1
      secrets:
        TOKEN: marathon:shop/token # secret
    marathon:
      killSelection: OLDEST_FIRST # kill selection
      unreachableStrategy:
        inactiveAfterSeconds: 0 # inactive
      env:
        RAW: x # raw env
      fetch:
        - uri: http://store.example/c # raw fetch
      backoffFactor: 2 # backoff
`,
	})
	l, err := load(t.Context(), options(dir))
	if err != nil {
		t.Fatal(lines(dir, err), err)
	}
	s, err := Prepare(t.Context(), options(dir))
	if err != nil {
		t.Fatal(lines(dir, err), err)
	}
	if len(s.App.Fetch) != 6 || len(s.App.PortDefinitions) != 3 || l == nil {
		t.Fatalf("the app: %+v", s.App)
	}
	for path, want := range map[string]string{
		"/id": "id", "/instances": "instances", "/cpus": "cpus", "/mem": "mem", "/executorResources/cpus": "executor cpus",
		"/constraints(0)": "constraint 0", "/constraints(1)": "constraint 1", "/constraints(1)(2)": "constraint 1", "/apps(3)/constraints(1)": "constraint 1",
		"/groups(0)/apps(1)/cpus": "cpus",
		"/role":                   "role", "/acceptedResourceRoles": "roles", "/acceptedResourceRoles(1)": "roles",
		"/upgradeStrategy/minimumHealthCapacity": "min healthy", "/upgradeStrategy/maximumOverCapacity": "max over", "/upgradeStrategy": "max over",
		"/healthChecks(0)/gracePeriodSeconds": "grace", "/healthChecks(0)/intervalSeconds": "interval", "/healthChecks(0)": "grace",
		"/healthChecks(0)/timeoutSeconds": "grace", "/taskKillGracePeriodSeconds": "kill grace",
		"/labels/team": "label", "/labels(com.example/x)": "dotted label", "/labels/dce.bundle": "",
		"/env/LEVEL": "env", "/env(RAW)": "raw env", "/env(DCE_SECRET_TOKEN)/secret": "secret", "/secrets(dce_secret_token)/source": "secret", "/secrets": "secret",
		"/fetch(0)/uri": "executor", "/fetch(1)": "extra", "/fetch(2)/uri": "fetch 0", "/fetch(3)/uri": "fetch 1", "/fetch(4)/uri": "artifacts",
		"/fetch(5)/uri": "raw fetch", "/portDefinitions(0)": "port api 9000", "/portDefinitions(1)/port": "port api 9001", "/portDefinitions(2)/name": "port web",
		"/portDefinitions": "port api 9000", "/portDefinitions(7)": "services:",
		"/killSelection": "kill selection", "/unreachableStrategy/inactiveAfterSeconds": "inactive", "/backoffFactor": "backoff",
		"/executor": "executor", "/cmd": "", "/": "", "/something": "",
	} {
		pos := s.Locate(path)
		line := lineOf(t, pos.File, pos.Line)
		_, got, found := strings.Cut(line, "# ")
		if !found {
			got = line
		}
		if got != want {
			t.Errorf("%s is at %s:%d %q, want %q", path, filepath.Base(pos.File), pos.Line, got, want)
		}
	}
}

func lineOf(t *testing.T, file string, line int) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for range line {
		in.Scan()
	}
	return in.Text()
}
