package marathon

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreNoDifference(t *testing.T) {
	for name, test := range map[string]struct {
		sent, answered string
		diff           string
	}{
		"what Marathon adds": {
			`{"id":"/x","cmd":"executor","cpus":0.5,"executorResources":{"cpus":0.1,"mem":32,"disk":10},"fetch":[{"uri":"http://a/b"}],
			  "portDefinitions":[{"port":0,"name":"http"}],"healthChecks":[{"protocol":"COMMAND","command":{"value":"true"}}],"labels":{"a":"b"}}`,
			`{"id":"/x","cmd":"executor","args":null,"cpus":0.5,"mem":128,"disk":0,"gpus":0,"instances":1,"executor":"","env":{},"constraints":[],
			  "executorResources":{"cpus":0.1,"mem":32,"disk":10,"gpus":0},"uris":["http://a/b"],"ports":[10007],
			  "fetch":[{"uri":"http://a/b","extract":true,"executable":false,"cache":false}],"networks":[{"mode":"host"}],
			  "portDefinitions":[{"port":10007,"name":"http","protocol":"tcp","labels":{}}],"requirePorts":false,"backoffSeconds":1,"backoffFactor":1.15,
			  "maxLaunchDelaySeconds":300,"killSelection":"YOUNGEST_FIRST","role":"*","dependencies":[],
			  "healthChecks":[{"protocol":"COMMAND","command":{"value":"true"},"gracePeriodSeconds":300,"intervalSeconds":60,"timeoutSeconds":20,
			    "maxConsecutiveFailures":3,"delaySeconds":15}],
			  "upgradeStrategy":{"minimumHealthCapacity":1,"maximumOverCapacity":1},"unreachableStrategy":{"inactiveAfterSeconds":0,"expungeAfterSeconds":0},
			  "labels":{"a":"b"},"version":"2026-11-22T10:00:00.000Z","versionInfo":{"lastScalingAt":"x"},"tasksRunning":1,"tasks":[],"deployments":[]}`,
			"",
		},
		"what Marathon adds within": {
			`{"id":"/x","upgradeStrategy":{"maximumOverCapacity":0.25},"portDefinitions":[{"name":"web"}],"healthChecks":[{"path":"/health"}],
			  "unreachableStrategy":{"expungeAfterSeconds":60},"executorResources":{"mem":64}}`,
			`{"id":"/x","upgradeStrategy":{"minimumHealthCapacity":1,"maximumOverCapacity":0.25},"portDefinitions":[{"port":10001,"name":"web","protocol":"tcp"}],
			  "healthChecks":[{"protocol":"HTTP","path":"/health","gracePeriodSeconds":300,"intervalSeconds":60,"timeoutSeconds":20,"portIndex":0,
			    "maxConsecutiveFailures":3,"delaySeconds":15,"ipProtocol":"IPv4","ignoreHttp1xx":false}],
			  "unreachableStrategy":{"inactiveAfterSeconds":0,"expungeAfterSeconds":60},
			  "executorResources":{"cpus":0.1,"mem":64,"disk":10}}`,
			"",
		},
		"the least resources of an executor": {`{"id":"/x"}`, `{"id":"/x","executorResources":{"cpus":0.1,"mem":32,"disk":10}}`, "executorResources.mem"},
		"another part of the upgrade": {
			`{"id":"/x","upgradeStrategy":{"maximumOverCapacity":0.25}}`, `{"id":"/x","upgradeStrategy":{"minimumHealthCapacity":0,"maximumOverCapacity":0.25}}`,
			"upgradeStrategy.minimumHealthCapacity",
		},
		"a role of Marathon's choice":  {`{"id":"/x"}`, `{"id":"/x","role":"prod"}`, ""},
		"a role that was named before": {`{"id":"/x"}`, `{"id":"/x","role":"prod","labels":{"dce.role":"prod"}}`, "role"},
		"a role that was named before, whatever it is now": {
			`{"id":"/x"}`, `{"id":"/x","role":"qa","labels":{"dce.role":"prod"}}`, "role",
		},
		"a role that is named":                                {`{"id":"/x","role":"prod","labels":{"dce.role":"prod"}}`, `{"id":"/x","role":"prod","labels":{"dce.role":"prod"}}`, ""},
		"a role that was named by a dce that did not note it": {`{"id":"/x","role":"prod","labels":{"dce.role":"prod"}}`, `{"id":"/x","role":"prod"}`, ""},
		"a role of its own":                                   {`{"id":"/x","role":"qa"}`, `{"id":"/x","role":"prod"}`, "role"},
		"the role of none":                                    {`{"id":"/x","role":"*"}`, `{"id":"/x","role":"prod"}`, "role"},
		"a Marathon that has no roles":                        {`{"id":"/x","role":"*"}`, `{"id":"/x"}`, ""},
		"resources of no role only":                           {`{"id":"/x","acceptedResourceRoles":["*"]}`, `{"id":"/x"}`, "acceptedResourceRoles"},
		"another number":                                      {`{"id":"/x","cpus":1}`, `{"id":"/x","cpus":1.5}`, "cpus"},
		"1 and 1.0":                                           {`{"id":"/x","disk":10}`, `{"id":"/x","disk":10.0}`, ""},
		"another order":                                       {`{"id":"/x","env":{"a":"1","b":"2"}}`, `{"env":{"b":"2","a":"1"},"id":"/x"}`, ""},
		"a port that was chosen":                              {`{"id":"/x","portDefinitions":[{"port":8080}]}`, `{"id":"/x","portDefinitions":[{"port":9090}]}`, "portDefinitions.0.port"},
		"what is unknown":                                     {`{"id":"/x","newKey":{"a":[1,2]}}`, `{"id":"/x"}`, "newKey.a"},
		"a secret of the environment":                         {`{"id":"/x","env":{"A":{"secret":"s"}}}`, `{"id":"/x","env":{"A":"s"}}`, "env.A"},
	} {
		t.Run(name, func(t *testing.T) {
			wanted, err := ReadRelease(json.RawMessage(test.sent))
			if err != nil {
				t.Fatal(err)
			}
			running, err := ReadRelease(json.RawMessage(test.answered))
			if err != nil {
				t.Fatal(err)
			}
			WithoutChosen(running, wanted)
			a, b := wanted.Settings, running.Settings
			if test.diff == "" {
				if diff := cmp.Diff(a, b); diff != "" {
					t.Error(diff)
				}
				return
			}
			if a[test.diff] == b[test.diff] {
				t.Errorf("no difference at %s:\n%v\n%v", test.diff, a, b)
			}
		})
	}
}

func TestWhoDeployedIsNoDifference(t *testing.T) {
	a := releaseOf(t, `{"id":"/x","labels":{"dce.deployer":"ann","dce.time":"2026-11-22T10:00:00Z","dce.message":"one","dce.bundle":"AAAA","dce.bundle.digest":"sha256:1"}}`, 1)
	b := releaseOf(t, `{"id":"/x","labels":{"dce.deployer":"bob","dce.replaces":"v1","dce.bundle.file":"x.dce","dce.bundle.digest":"sha256:1"},"fetch":[{"uri":"http://a/x.dce"}]}`, 1)
	if diff := cmp.Diff(a.Settings, b.Settings); diff != "" {
		t.Error(diff)
	}
	if a.Origin.By != "ann" || a.Origin.Message != "one" || a.Origin.At.IsZero() || b.Origin.Replaces != "v1" {
		t.Errorf("got %+v and %+v", a.Origin, b.Origin)
	}
}

func TestWhatIsSentHasNothingThatOnlyIsTold(t *testing.T) {
	r := releaseOf(t, `{"id":"/x","version":"v1","versionInfo":{},"uris":[],"ports":[1],"tasks":[{"id":"t"}],"instances":1,"labels":{"keep":"me","dce.message":"old"}}`, 3)
	r.Origin.By, r.Origin.Message = "ann", ""
	got, err := definitionOf(r)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"id": "/x", "instances": 3, "labels": map[string]any{"keep": "me", "dce.deployer": "ann"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAGroupIsPlannedWhole(t *testing.T) {
	g := group{ID: "/shop", Apps: []json.RawMessage{[]byte(`{"id":"/shop/a","version":"v"}`), []byte(`{"id":"/shop/b","version":"v"}`)}, Groups: []group{{ID: "/shop/c", Apps: []json.RawMessage{[]byte(`{"id":"/shop/c/d","version":"v"}`)}}}}
	got, err := g.withApp("/shop/b", []byte(`{"id":"/shop/b","cmd":"new"}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"/shop","apps":[{"id":"/shop/a"},{"id":"/shop/b","cmd":"new"}],"groups":[{"id":"/shop/c","apps":[{"id":"/shop/c/d"}],"groups":null}]}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}
