package scheduler

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreFilledIn(t *testing.T) {
	app, err := NewApp([]byte(`{"id":"shop/web","cmd":"executor","env":{"A":"1"},
		"healthChecks":[{"protocol":"MESOS_TCP"},{"path":"/ok"}],"fetch":[{"uri":"http://host/dce","extract":false}],
		"version":"2020-01-01T00:00:00.000Z","instances":0}`), "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(app, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "id": "/shop/web",
 "backoffFactor": 1.15,
 "backoffSeconds": 1,
 "cmd": "executor",
 "cpus": 1,
 "disk": 0,
 "env": {
  "A": "1"
 },
 "executor": "",
 "fetch": [
  {
   "uri": "http://host/dce",
   "extract": false,
   "executable": false,
   "cache": false
  }
 ],
 "gpus": 0,
 "healthChecks": [
  {
   "delaySeconds": 15,
   "gracePeriodSeconds": 300,
   "intervalSeconds": 60,
   "ipProtocol": "IPv4",
   "maxConsecutiveFailures": 3,
   "portIndex": 0,
   "protocol": "MESOS_TCP",
   "timeoutSeconds": 20
  },
  {
   "delaySeconds": 15,
   "gracePeriodSeconds": 300,
   "ignoreHttp1xx": false,
   "intervalSeconds": 60,
   "ipProtocol": "IPv4",
   "maxConsecutiveFailures": 3,
   "path": "/ok",
   "portIndex": 0,
   "protocol": "HTTP",
   "timeoutSeconds": 20
  }
 ],
 "instances": 0,
 "killSelection": "YOUNGEST_FIRST",
 "labels": {},
 "maxLaunchDelaySeconds": 300,
 "mem": 128,
 "networks": [
  {
   "mode": "host"
  }
 ],
 "portDefinitions": [
  {
   "name": "default",
   "port": 0,
   "protocol": "tcp"
  }
 ],
 "requirePorts": false,
 "role": "",
 "unreachableStrategy": {
  "expungeAfterSeconds": 0,
  "inactiveAfterSeconds": 0
 },
 "upgradeStrategy": {
  "maximumOverCapacity": 1,
  "minimumHealthCapacity": 1
 },
 "version": "0001-01-01T00:00:00.000Z"
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the app (-want +got):\n%s", diff)
	}
}

// Secrets are a feature of a plugin; without it whatever uses one is refused, planned or deployed.
func TestSecretsAreAFeature(t *testing.T) {
	app, err := NewApp([]byte(`{"id":"/a","cmd":"run","env":{"A":{"secret":"s"}},"secrets":{"s":{"source":"x"}}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	for enabled, want := range map[bool]string{
		true: "", false: "/secrets: Feature secrets is not enabled. Enable with --enable_features secrets); /env(A): Feature secrets is not enabled. Enable with --enable_features secrets)",
	} {
		s := New(time.Unix(0, 0), Options{NewID: func() string { return "id" }, PortFree: func(int) bool { return true }, Secrets: enabled})
		change := func(r Root) (Root, error) { return r.With(app), nil }
		_, planned := s.Plan(time.Unix(1, 0), change)
		_, deployed := s.Deploy(time.Unix(2, 0), change, DeployOptions{})
		for _, err := range []error{planned, deployed} {
			var lines []string
			if invalid, ok := errors.AsType[*InvalidError](err); ok {
				for _, d := range invalid.Details {
					lines = append(lines, d.Path+": "+strings.Join(d.Errors, "; "))
				}
			}
			if got := strings.Join(lines, "; "); got != want {
				t.Errorf("enabled %t: %s\nwant %s", enabled, got, want)
			}
		}
	}
}

// The role of an app that names none is Marathon's to choose.
func TestAnAppHasTheRoleOfMarathon(t *testing.T) {
	for name, test := range map[string]struct{ marathon, sent, want string }{
		"none":             {"", ``, "*"},
		"Marathon's":       {"prod", ``, "prod"},
		"the same":         {"prod", `,"role":"prod"`, "prod"},
		"another":          {"", `,"role":"prod"`, "/role: got prod, expected one of: [*]"},
		"not that of none": {"prod", `,"role":"*"`, "/role: got *, expected one of: [prod]"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Role = test.marathon })
			_, err := w.deploy(`{"id":"/a","cmd":"run"` + test.sent + `}`)
			got := ""
			if invalid, ok := errors.AsType[*InvalidError](err); ok {
				got = invalid.Details[0].Path + ": " + invalid.Details[0].Errors[0]
			} else {
				got = w.s.App("/a").Role
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// What a definition of an app is refused for, in Marathon's words.
func TestABadAppIsRefused(t *testing.T) {
	tests := map[string]struct {
		body, want string
		json       bool
	}{
		"no id":                  {`{"cmd":"run"}`, "/id: error.path.missing", true},
		"wrong kinds":            {`{"id":1,"cmd":["run"],"cpus":"1","instances":1.5,"labels":{"a":1},"fetch":[{"uri":true}]}`, "/cmd: error.expected.jsstring; /cpus: error.expected.jsnumber; /fetch(0)/uri: error.expected.jsstring; /id: error.expected.jsstring; /instances: error.expected.int; /labels/a: error.expected.jsstring", true},
		"no object":              {`[]`, "/: error.expected.jsobject", true},
		"out of bounds":          {`{"id":"/a","cmd":"run","cpus":0,"instances":-1,"executorResources":{"cpus":0.05,"mem":1,"disk":1},"upgradeStrategy":{"minimumHealthCapacity":2}}`, "/cpus: error.min; /instances: error.min; /executorResources/cpus: error.min; /executorResources/mem: error.min; /executorResources/disk: error.min; /upgradeStrategy/minimumHealthCapacity: error.max", true},
		"a command too short":    {`{"id":"/a","cmd":" "}`, "/cmd: must not be an empty string", false},
		"no command":             {`{"id":"/a"}`, "/: AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.", false},
		"two commands":           {`{"id":"/a","cmd":"run","args":["run"]}`, "/: AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.", false},
		"a bad id":               {`{"id":"/Shop_1","cmd":"run"}`, `/id: must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])$|^(\.|\.\.)$'`, false},
		"the root":               {`{"id":"/","cmd":"run"}`, "/id: must not be root; Path must contain at least one path element", false},
		"a bad executor":         {`{"id":"/a","cmd":"run","executor":"./dce/"}`, "/executor: error.pattern", false},
		"ports of one name":      {`{"id":"/a","cmd":"run","portDefinitions":[{"name":"x"},{"name":"x"}]}`, "/portDefinitions: Port names must be unique.", false},
		"a port twice":           {`{"id":"/a","cmd":"run","portDefinitions":[{"port":80},{"port":80}]}`, "/portDefinitions: Ports must be unique.", false},
		"ports without a host":   {`{"id":"/a","cmd":"run","networks":[{"mode":"container"}],"portDefinitions":[{}]}`, "/: portDefinitions are only allowed with host-networking", false},
		"two kinds of files":     {`{"id":"/a","cmd":"run","uris":["http://a/b"],"fetch":[{"uri":"http://a/b"}]}`, "/uris: may not be set in conjunction with fetch", false},
		"two kinds of ports":     {`{"id":"/a","cmd":"run","ports":[1],"portDefinitions":[{"port":2}]}`, "/: cannot specify both ports and port definitions", false},
		"a check of no port":     {`{"id":"/a","cmd":"run","portDefinitions":[],"healthChecks":[{"protocol":"HTTP"}]}`, "/healthChecks(0): Health check port indices must address an element of the ports array or container port mappings.", false},
		"an unknown protocol":    {`{"id":"/a","cmd":"run","healthChecks":[{"protocol":"GOPHER"}]}`, "/healthChecks(0)/protocol: error.unknown.enum.literal", false},
		"two checks of Mesos":    {`{"id":"/a","cmd":"run","healthChecks":[{"protocol":"MESOS_TCP"},{"protocol":"MESOS_HTTP"}]}`, "/: AppDefinition can contain at most one Mesos health check", false},
		"an undefined secret":    {`{"id":"/a","cmd":"run","env":{"A":{"secret":"s"}},"secrets":{"t":{}}}`, "/secrets(t)/source: must not be empty; /env(A)/secret: references an undefined secret", false},
		"a variable of numbers":  {`{"id":"/a","cmd":"run","env":{"A":1}}`, "/env/A: error.expected.jsstring", false},
		"gpus":                   {`{"id":"/a","cmd":"run","gpus":1}`, "/: Feature gpu_resources is not enabled. Enable with --enable_features gpu_resources)", false},
		"a lonely app thrice":    {`{"id":"/a","cmd":"run","instances":3,"labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"}}`, "/: MARATHON_SINGLE_INSTANCE_APP requires instances <= 1", false},
		"an unknown constraint":  {`{"id":"/a","cmd":"run","constraints":[["hostname","NEAR"],["hostname"]]}`, "/constraints(0): Constraint operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS; /constraints(1): Each constraint must have either 2 or 3 fields", false},
		"readiness of no port":   {`{"id":"/a","cmd":"run","readinessChecks":[{"portName":"x","timeoutSeconds":30}]}`, "/readinessChecks(0)/portName: No port definition reference for portName x; /readinessChecks(0)/timeoutSeconds: got 30, expected less than 30", false},
		"a URI that is not one":  {`{"id":"/a","cmd":"run","fetch":[{"uri":"a b"}]}`, "/fetch(0)/uri: URI has invalid syntax.", false},
		"an unknown kill choice": {`{"id":"/a","cmd":"run","killSelection":"ANY"}`, "/killSelection: error.unknown.enum.literal", false},
	}
	for name, test := range tests {
		_, err := NewApp([]byte(test.body), "")
		var invalid *InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)

			continue
		}
		var lines []string
		for _, d := range invalid.Details {
			lines = append(lines, d.Path+": "+strings.Join(d.Errors, "; "))
		}
		if got := strings.Join(lines, "; "); got != test.want || invalid.JSON != test.json {
			t.Errorf("%s: %s (JSON %v)\nwant %s (JSON %v)", name, got, invalid.JSON, test.want, test.json)
		}
	}
	for _, text := range []string{"", "{", `{"id":"/a"} x`, "\x00"} {
		var invalid *InvalidError
		if _, err := NewApp([]byte(text), ""); !errors.As(err, &invalid) || invalid.Text == "" || err.Error() != "Invalid JSON" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAPartialUpdateKeepsAllButTheResourcesOfTheExecutor(t *testing.T) {
	app, err := NewApp([]byte(`{"id":"/a","cmd":"run","cpus":2,"labels":{"x":"1"},"executorResources":{"cpus":0.1,"mem":32,"disk":10},"resourceLimits":{"cpus":"unlimited"}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Merge(app, []byte(`{"instances":3,"labels":{"y":"2"},"mem":null}`))
	if err != nil {
		t.Fatal(err)
	}
	if merged.Instances != 3 || merged.CPUs != 2 || merged.Mem != 128 || !cmp.Equal(merged.Labels, map[string]string{"y": "2"}) {
		t.Errorf("merged: %+v", merged)
	}
	if merged.ExecutorResources != nil || merged.ResourceLimits != nil {
		t.Error("a merge keeps what Marathon loses")
	}
	if merged, err = Merge(app, []byte(`{"labels":{"x":"1"}}`)); err != nil || app.isUpgrade(func() *App { merged.ResourceLimits = app.ResourceLimits; return merged }()) {
		t.Errorf("a merge that changes nothing is a change: %v", err)
	}
	if _, err = Merge(app, []byte(`{"cmd":"x"}`)); err == nil {
		t.Error("a merge is not checked")
	}
}

func TestDeprecatedFieldsBecomeWhatHasReplacedThem(t *testing.T) {
	app, err := NewApp([]byte(`{"id":"/a","cmd":"run","ports":[0,8080],"uris":["http://host/a.tgz","http://host/b"],"ipAddress":null,"dependencies":["b","/c"]}`), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := app.ServicePorts(); !slices.Equal(got, []int{0, 8080}) {
		t.Errorf("ports %v", got)
	}
	if len(app.Fetch) != 2 || !*app.Fetch[0].Extract || *app.Fetch[1].Extract {
		t.Errorf("fetch %+v", app.Fetch)
	}
	if !slices.Equal(app.Dependencies, []string{"/b", "/c"}) {
		t.Errorf("dependencies %v", app.Dependencies)
	}
}

func TestAnUpdateIsAMergeAReplacementOrAVersionOfBefore(t *testing.T) {
	w := newWorld(t)
	w.mustDeploy(web(`"labels":{"release":"1"}`))
	w.settle()
	first := w.s.App("/web").Version
	update := func(u Update) error {
		u.ID = "/web"
		_, err := w.s.Deploy(w.now, func(root Root) (Root, error) { return u.Target(root, w.s.VersionOf) }, DeployOptions{})
		w.take()
		w.settle()

		return err
	}
	if err := update(Update{Body: []byte(`{"cmd":"run 2"}`)}); err != nil {
		t.Fatal(err)
	}
	if app := w.s.App("/web"); len(app.Labels) != 0 || app.CPUs != 1 {
		t.Errorf("replaced: %+v", app)
	}
	if err := update(Update{Body: []byte(`{"version":"` + first.String() + `"}`), Partial: true}); err != nil {
		t.Fatal(err)
	}
	if app := w.s.App("/web"); app.Labels["release"] != "1" || app.Version == first {
		t.Errorf("rolled back: %+v", app)
	}
	for body, want := range map[string]string{
		`{"version":"` + first.String() + `","cmd":"run"}`: "Object is not valid",
		`{"version":"2001-01-01T00:00:00Z"}`:               "App '/web' does not exist",
	} {
		if err := update(Update{Body: []byte(body), Partial: true}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	root, err := Updates(w.s.Root(), []byte(`[{"id":"/web","instances":2},{"id":"/new","cmd":"run"}]`), true, true, w.s.VersionOf)
	if err != nil || root.Apps["/web"].Instances != 2 || root.Apps["/new"] == nil {
		t.Errorf("several at once: %v, %v", root.Apps, err)
	}
	if _, err = Updates(w.s.Root(), []byte(`[{"id":"/new","cmd":"run"}]`), true, false, w.s.VersionOf); !errors.Is(err, ErrNotFound) {
		t.Errorf("one that may not be created: %v", err)
	}
	if _, err = Updates(w.s.Root(), []byte(`[{"cmd":"run"}]`), true, true, w.s.VersionOf); !errors.Is(err, ErrRefused) {
		t.Errorf("one without an id: %v", err)
	}
}
