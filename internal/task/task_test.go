package task_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/diag"
	"dce/internal/render"
	"dce/internal/task"
)

func TestDecodeReadsWhatAnAgentSends(t *testing.T) {
	marathon := render.Task{
		Front:       "mesos",
		ID:          "shop_web.instance-6d1f3c1e-0b5a-4c1b-9d6e-0242ac110002._app.1",
		Name:        "web.shop",
		ExecutorID:  "marathon-shop_web.instance-6d1f3c1e-0b5a-4c1b-9d6e-0242ac110002._app.1",
		FrameworkID: "ab5bb4fd-2883-42f9-9e50-d21b4ff2800e-0015",
		AgentID:     "ab5bb4fd-2883-42f9-9e50-d21b4ff2800e-S0",
		Ports: []render.OfferedPort{
			{Name: "http", Number: 31873, Protocol: "tcp"},
			{Name: "admin", Number: 31101, Protocol: "tcp"},
			{Name: "dns", Number: 31102, Protocol: "udp"},
		},
		Labels:    map[string]string{"fileName": "docker-compose.yml,docker-compose.prod.yml", "config.launchtask.timeout": "240s", "team": "shop"},
		Resources: render.Resources{CPUs: 0.6, MemMB: 160, DiskMB: 26},
	}
	aurora := render.Task{
		Front: "mesos", ID: "vagrant-prod-web-0-uuid", Name: "vagrant/prod/web",
		ExecutorID: "compose-vagrant-prod-web-0-uuid", FrameworkID: "ab5bb4fd-2883-42f9-9e50-d21b4ff2800e-0018",
		AgentID: "ab5bb4fd-2883-42f9-9e50-d21b4ff2800e-S0",
		Ports:   []render.OfferedPort{{Name: "http", Number: 31000}},
		Labels: map[string]string{
			"org.apache.aurora.tier":              "preferred",
			"org.apache.aurora.metadata.fileName": "docker-compose.yml",
		},
		Resources: render.Resources{CPUs: 0.5, MemMB: 320, DiskMB: 64},
	}
	protobuf := render.Task{
		Front: "mesos", ID: "launch-protobuf-1", Name: "task launch-protobuf-1",
		ExecutorID: "ex-launch-protobuf", FrameworkID: "ab5bb4fd-2883-42f9-9e50-d21b4ff2800e-0001",
		AgentID:   "ab5bb4fd-2883-42f9-9e50-d21b4ff2800e-S0",
		Labels:    map[string]string{"k": "v"},
		Resources: render.Resources{CPUs: 0.2, MemMB: 96, DiskMB: 32},
	}
	for file, want := range map[string]render.Task{
		"marathon.event.json":      marathon,
		"marathon.taskinfo.json":   marathon,
		"aurora.event.json":        aurora,
		"aurora.taskinfo.json":     aurora,
		"launch-protobuf.event.pb": protobuf,
	} {
		t.Run(file, func(t *testing.T) {
			got, err := task.Decode(file, read(t, file))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(file, "marathon") {
				if got.Task.Env["GREETING"] != `hello "world" $HOME ü` || got.Task.Env["PORT_HTTP"] != "31873" {
					t.Errorf("env: %v", got.Task.Env)
				}
				got.Task.Env = nil
			}
			if diff := cmp.Diff(want, got.Task); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !got.Bare {
				t.Error("a TaskInfo alone is not told as one")
			}
			if strings.Contains(string(got.TaskInfo), "GREETING") {
				t.Error("the task_info keeps the environment")
			}
		})
	}
}

func TestJSONAndProtobufOfOneTaskGiveTheSameFacts(t *testing.T) {
	for _, file := range []string{"marathon.taskinfo.json", "aurora.taskinfo.json"} {
		var info mesos.TaskInfo
		data := read(t, file)
		if err := info.UnmarshalJSON(data); err != nil {
			t.Fatal(err)
		}
		pb, err := info.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		fromJSON, err := task.Decode(file, data)
		if err != nil {
			t.Fatal(err)
		}
		fromProtobuf, err := task.Decode("task.pb", pb)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fromJSON.Task, fromProtobuf.Task); diff != "" {
			t.Errorf("%s: (-JSON +protobuf):\n%s", file, diff)
		}
	}
}

func TestATaskFileGivesTheSameTaskAgain(t *testing.T) {
	bare, err := task.Decode("marathon", read(t, "marathon.event.json"))
	if err != nil {
		t.Fatal(err)
	}
	bare.Task.Env["DB_PASSWORD"] = "hunter2"
	bare.Settings = render.Settings{Secrets: []string{"DB_PASSWORD", "NOT_THERE"}, ShareIPC: true}
	out, err := bare.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "hunter2") {
		t.Error("a secret is in dce-task.json")
	}
	again, err := task.Decode("dce-task.json", out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"DB_PASSWORD"}, again.Withheld); diff != "" {
		t.Errorf("withheld (-want +read):\n%s", diff)
	}
	delete(bare.Task.Env, "DB_PASSWORD")
	if diff := cmp.Diff(bare.Task, again.Task); diff != "" {
		t.Errorf("task (-written +read):\n%s", diff)
	}
	if diff := cmp.Diff(bare.Settings, again.Settings); diff != "" {
		t.Errorf("settings (-written +read):\n%s", diff)
	}
	if again.Bare {
		t.Error("a task file is not bare")
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want diag.Code
	}{
		"nothing":                       {"", "DCE651"},
		"text":                          {"hello", "DCE651"},
		"JSON without a task id":        {"{}", "DCE651"},
		"a list":                        {"[]", "DCE651"},
		"a launch without a task":       {`{"type":"LAUNCH"}`, "DCE652"},
		"a group of two":                {string(read(t, "launch-group.event.json")), "DCE652"},
		"a file of another version":     {`{"schema_version": 2}`, "DCE653"},
		"an unknown key":                {`{"schema_version": 1, "tusk": {}}`, "DCE651"},
		"a file without a task id":      {`{"schema_version": 1}`, "DCE651"},
		"a port range that is too wide": {`{"task_id":{"value":"a"},"name":"a","agent_id":{"value":"a"},"resources":[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":1,"end":65535}]}}]}`, "DCE651"},
		"a port range beyond all ports": {`{"task_id":{"value":"a"},"name":"a","agent_id":{"value":"a"},"resources":[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":1,"end":18446744073709551615}]}}]}`, "DCE651"},
		"too much":                      {strings.Repeat(" ", 9<<20), "DCE650"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := task.Decode("task", []byte(c.data))
			list, ok := diag.Of(err)
			if !ok {
				t.Fatalf("no diagnostic: %v", err)
			}
			if list[0].Code != c.want {
				t.Errorf("got %v, want %s", list[0], c.want)
			}
		})
	}
}

func TestExampleHasTheLiteralsOfTheDocumentation(t *testing.T) {
	got := task.Example("shop", 2)
	if got.CgroupParent != "/mesos/example" || got.Ports[0].Number != 31000 || got.Ports[1].Number != 31001 {
		t.Errorf("got %+v", got)
	}
}

func TestCompleteKeepsWhatIsKnown(t *testing.T) {
	known := render.Task{ID: "a", Ports: []render.OfferedPort{{Number: 1}}, Sandbox: "/s", CgroupParent: "/c"}
	got := task.Complete(known, 3)
	if len(got.Ports) != 1 || got.Sandbox != "/s" || got.CgroupParent != "/c" || got.PodID != "a" {
		t.Errorf("got %+v", got)
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.event.*")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range append(files, "testdata/aurora.taskinfo.json", "testdata/marathon.taskinfo.json") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := task.Decode("task", data)
		if err != nil {
			if _, ok := diag.Of(err); !ok {
				t.Fatalf("an error without a diagnostic: %v", err)
			}
			return
		}
		if file.Task.ID == "" {
			t.Fatal("a task without an id")
		}
		out, err := file.Encode()
		if err != nil {
			return // bytes that are no JSON string, in protobuf
		}
		if _, err := task.Decode("again", out); err != nil {
			t.Fatalf("what Encode wrote cannot be read: %v\n%s", err, out)
		}
	})
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAuroraSaysWhetherATaskIsAService(t *testing.T) {
	var info mesos.TaskInfo
	if err := info.UnmarshalJSON(read(t, "aurora.taskinfo.json")); err != nil {
		t.Fatal(err)
	}
	service, err := task.FromTaskInfo(&info)
	if err != nil {
		t.Fatal(err)
	}
	info.Data = []byte(strings.Replace(string(info.Data), "\x02\x00\x07\x01", "\x02\x00\x07\x00", 1))
	job, err := task.FromTaskInfo(&info)
	if err != nil {
		t.Fatal(err)
	}
	if service.Job || !job.Job {
		t.Errorf("a service is a job: %v, a job is one: %v", service.Job, job.Job)
	}
	info.Data = []byte("hello data")
	if other, err := task.FromTaskInfo(&info); err != nil || other.Job {
		t.Errorf("data of another framework: job %v, %v", other.Job, err)
	}
}

// Whatever an Aurora client has put into a task's data, it ends in facts or in
// an error.
func FuzzAssignedTask(f *testing.F) {
	var info mesos.TaskInfo
	data, err := os.ReadFile("testdata/aurora.taskinfo.json")
	if err == nil {
		err = info.UnmarshalJSON(data)
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Add(info.Data)
	f.Add(info.Data[:len(info.Data)/2])
	f.Add([]byte("hello data"))
	f.Add([]byte("\x0c\x00\x01\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		given := info
		given.Data = data
		facts, err := task.FromTaskInfo(&given)
		if err == nil && facts.ID != info.TaskID.Value {
			t.Fatalf("the data has changed the task's id to %q", facts.ID)
		}
		for _, p := range facts.Ports {
			if err == nil && p.Number == 0 {
				t.Fatalf("port 0 among %v", facts.Ports)
			}
		}
	})
}
