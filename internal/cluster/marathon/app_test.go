package marathon

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppsKeepWhatHasNoField(t *testing.T) {
	const text = `{"backoffFactor":1.5,"cmd":"executor","cpus":0.5,"disk":0,` +
		`"env":{"A":"1 < 2","B":{"secret":"b"}},"id":"/x","instances":2,"mem":64,` +
		`"portDefinitions":[{"port":0,"name":"web","protocol":"udp,tcp","labels":{"VIP_0":"x:1"}}],"somethingNew":{"a":[1,null]}}`
	var a App
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	if a.Env["B"] != (EnvValue{Secret: "b"}) || a.Instances != 2 || string(a.Extra["backoffFactor"]) != "1.5" {
		t.Errorf("%+v", a)
	}
	if a.Extra["cmd"] != nil {
		t.Error("what has a field is in Extra too")
	}
	got, err := a.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An app without the key gets a port from Marathon that nobody asked for.
func TestPortDefinitionsAreAlwaysSent(t *testing.T) {
	got, err := App{ID: "/x"}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != `{"cpus":0,"disk":0,"id":"/x","instances":0,"mem":0,"portDefinitions":[]}` {
		t.Errorf("%s", got)
	}
}

func TestTheSameInputGivesTheSameApp(t *testing.T) {
	in := Input{
		Project: "Shop_1", Environment: "QA", Version: "1", Instances: 1, Labels: map[string]string{"a": "1", "b": "2"},
		Images: map[string]string{"web": "web:1", "db": "db:1"}, Raw: map[string]any{"labels": map[string]any{"b": "3"}},
	}
	first, problems := Build(in)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if first.ID != "/shop-1/qa" || first.Labels["b"] != "3" || first.Labels["dce.images"] != "db=db:1,web=web:1" {
		t.Errorf("%+v", first)
	}
	if in.Labels["b"] != "2" || in.Labels["dce.project"] != "" {
		t.Error("the input was changed")
	}
	for range 20 {
		again, _ := Build(in)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("differs:\n%s", diff)
		}
	}
}

// The Mesos fetcher names a file by all that is behind the last slash.
func TestWhatIsFetchedByAQueryHasAName(t *testing.T) {
	for uri, want := range map[string]struct {
		fetch    Fetch
		executor string
	}{
		"https://repo.example/dce":             {Fetch{Executable: true, Cache: true}, "./dce"},
		"https://repo.example/dce%2B1":         {Fetch{Executable: true, Cache: true}, "./dce%2B1"},
		"https://repo.example/dce?v=1":         {Fetch{Executable: true, Cache: true, DestPath: "dce"}, "./dce"},
		"https://repo.example/dce?of=a/b":      {Fetch{Executable: true, Cache: true, DestPath: "dce"}, "./dce"},
		"https://repo.example/dce#1":           {Fetch{Executable: true, Cache: true, DestPath: "dce"}, "./dce"},
		"https://repo.example/dce.tgz":         {Fetch{Extract: true, Cache: true}, "./dce"},
		"https://repo.example/dce.tgz?v=1":     {Fetch{Extract: true, DestPath: "dce.tgz"}, "./dce"},
		"https://repo.example/get?f=dce.tgz":   {Fetch{Executable: true, Cache: true, DestPath: "get"}, "./get"},
		"/opt/dce/dce":                         {Fetch{Executable: true, Cache: true}, "./dce"},
		"hdfs://names.example:8020/opt/dce?v1": {Fetch{Executable: true, Cache: true, DestPath: "dce"}, "./dce"},
	} {
		app, problems := Build(Input{Project: "shop", Environment: "qa", ExecutorURIs: []string{uri}, Fetch: []string{"http://x/conf.tgz?v=1", "http://x/y"}})
		if len(problems) > 0 {
			t.Errorf("%s: %v", uri, problems)
		}
		want.fetch.URI = uri
		all := []Fetch{want.fetch, {URI: "http://x/conf.tgz?v=1", Extract: true, DestPath: "conf.tgz"}, {URI: "http://x/y"}}
		if diff := cmp.Diff(all, app.Fetch); diff != "" || app.Executor != want.executor {
			t.Errorf("%s: executor %s, (-want +got):\n%s", uri, app.Executor, diff)
		}
	}
}
