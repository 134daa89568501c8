package agent

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

func (tr *trial) get(path string, query ...string) (int, string, http.Header) {
	tr.Helper()
	values := url.Values{}
	for i := 0; i < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	request, err := http.NewRequestWithContext(tr.Context(), http.MethodGet, "http://"+tr.agent.Endpoint()+path+"?"+values.Encode(), nil)
	tr.must(err)
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	tr.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	tr.must(err)

	return response.StatusCode, string(body), response.Header
}

func TestTheFilesOfASandboxCanBeRead(t *testing.T) {
	t.Parallel()
	c := attached(t, Options{})
	c.subscribe()
	c.wantEvents("SUBSCRIBED", "LAUNCH")
	dir := c.executor().Directory
	eventually(t, "the sandbox is made", func() bool { _, err := os.Stat(dir + "/stderr"); return err == nil })
	c.must(os.WriteFile(dir+"/stdout", []byte("line 1\nline \"2\"\xff\n"), 0o600))
	c.must(os.Mkdir(dir+"/sub", 0o755))
	c.must(os.WriteFile(dir+"/big", make([]byte, 100_000), 0o600))
	c.must(os.Symlink("/etc/passwd", dir+"/secret"))
	c.must(syscall.Mkfifo(dir+"/pipe", 0o600))
	latest := "/frameworks/fw/executors/ex/runs/latest"

	tests := map[string]struct {
		route  string
		query  []string
		status int
		body   string
	}{
		"the size":              {"/files/read", []string{"path", dir + "/stdout", "offset", "-1"}, 200, `{"data":"","offset":17}`},
		"the size by default":   {"/files/read", []string{"path", dir + "/stdout"}, 200, `{"data":"","offset":17}`},
		"all":                   {"/files/read", []string{"path", dir + "/stdout", "offset", "0"}, 200, `{"data":"line 1\nline \"2\"` + "\xff" + `\n","offset":0}`},
		"a part":                {"/files/read", []string{"path", dir + "/stdout", "offset", "5", "length", "3"}, 200, `{"data":"1\nl","offset":5}`},
		"after the end":         {"/files/read", []string{"path", dir + "/stdout", "offset", "99"}, 200, `{"data":"","offset":99}`},
		"the virtual path":      {"/files/read", []string{"path", latest + "/stdout", "offset", "0", "length", "1"}, 200, `{"data":"l","offset":0}`},
		"below the id":          {"/slave(1)/files/read.json", []string{"path", latest + "/stdout", "offset", "0", "length", "1"}, 200, `{"data":"l","offset":0}`},
		"jsonp":                 {"/files/read", []string{"path", dir + "/stdout", "jsonp", "cb.x"}, 200, `cb.x({"data":"","offset":17});`},
		"jsonp that is no name": {"/files/read", []string{"path", dir + "/stdout", "jsonp", "alert(1)//"}, 400, "Invalid jsonp parameter.\n"},
		"no path":               {"/files/read", nil, 400, "Expecting 'path=value' in query.\n"},
		"no number":             {"/files/read", []string{"path", dir + "/stdout", "offset", "x"}, 400, "Failed to parse offset: strconv.ParseInt: parsing \"x\": invalid syntax.\n"},
		"a negative length":     {"/files/read", []string{"path", dir + "/stdout", "length", "-2"}, 400, "Failed to parse length: negative length provided: -2.\n"},
		"a directory":           {"/files/read", []string{"path", dir + "/sub"}, 400, "Cannot read from a directory.\n"},
		"a pipe":                {"/files/read", []string{"path", dir + "/pipe"}, 400, "Cannot read from what is no regular file.\n"},
		"not there":             {"/files/read", []string{"path", dir + "/no"}, 404, "404 Not Found."},
		"outside":               {"/files/read", []string{"path", "/etc/passwd"}, 404, "404 Not Found."},
		"outside by dots":       {"/files/read", []string{"path", dir + "/../../../../../../../../../../../etc/passwd"}, 404, "404 Not Found."},
		"outside by a link":     {"/files/read", []string{"path", dir + "/secret", "offset", "0"}, 404, "404 Not Found."},
		"download by a link":    {"/files/download", []string{"path", dir + "/secret"}, 404, "404 Not Found."},
		"another route":         {"/files/debug", []string{"path", dir}, 404, "404 Not Found."},
		"browsing a file":       {"/files/browse", []string{"path", dir + "/stdout"}, 404, "404 Not Found."},
		"downloading all":       {"/files/download", []string{"path", dir + "/stdout"}, 200, "line 1\nline \"2\"\xff\n"},
		"the agent is healthy":  {"/health", nil, 200, ""},
	}
	for name, test := range tests {
		status, body, _ := c.get(test.route, test.query...)
		if status != test.status || body != test.body {
			t.Errorf("%s: %d %q, want %d %q", name, status, body, test.status, test.body)
		}
	}

	_, body, _ := c.get("/files/read", "path", dir+"/big", "offset", "0", "length", "100000")
	var part struct{ Data string }
	c.must(json.Unmarshal([]byte(body), &part))
	if len(part.Data) != maxRead {
		t.Errorf("one read gives %d bytes, want %d", len(part.Data), maxRead)
	}
	_, _, header := c.get("/files/download", "path", dir+"/stdout")
	if got := header.Get("Content-Disposition"); got != "attachment; filename=stdout" {
		t.Errorf("Content-Disposition %q", got)
	}
}

func TestASandboxCanBeBrowsed(t *testing.T) {
	t.Parallel()
	c := attached(t, Options{})
	dir := c.executor().Directory
	eventually(t, "the sandbox is made", func() bool { _, err := os.Readlink(dir + "/../latest"); return err == nil })
	_, body, _ := c.get("/files/browse", "path", "/frameworks/fw/executors/ex/runs/latest")
	var got []fileInfo
	c.must(json.Unmarshal([]byte(body), &got))
	for i := range got {
		if got[i].MTime == 0 || got[i].UID == "" || got[i].GID == "" {
			t.Errorf("incomplete: %+v", got[i])
		}
		got[i].MTime, got[i].UID, got[i].GID = 0, "", ""
	}
	const latest = "/frameworks/fw/executors/ex/runs/latest/"
	want := []fileInfo{
		{Mode: "-rw-r--r--", NLink: 1, Path: latest + "stderr"},
		{Mode: "-rw-r--r--", NLink: 1, Path: latest + "stdout"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
}

func TestTheStateNamesExecutorsAndTheirTasks(t *testing.T) {
	t.Parallel()
	c := attached(t, Options{})
	state := func() string {
		_, body, _ := c.get("/state")
		var s agentState
		c.must(json.Unmarshal([]byte(body), &s))
		var lines []string
		for _, f := range s.Frameworks {
			for _, list := range [][]executorReport{f.Executors, f.Completed} {
				for _, e := range list {
					lines = append(lines, f.ID+"/"+e.ID+" "+names("queued", e.Queued)+names("tasks", e.Tasks)+names("completed", e.Completed))
				}
			}
		}

		return strings.Join(lines, "\n")
	}
	steps := []struct {
		act  func()
		want string
	}{
		{func() {}, "fw/ex queued:t1=TASK_STAGING "},
		{func() { c.subscribe(); c.wantEvents("SUBSCRIBED", "LAUNCH") }, "fw/ex tasks:t1=TASK_STAGING "},
		{func() { c.update(mesos.TASK_RUNNING) }, "fw/ex tasks:t1=TASK_RUNNING "},
		{func() { c.update(mesos.TASK_FINISHED) }, "fw/ex completed:t1=TASK_FINISHED "},
		{func() {
			c.must(c.agent.Exited("fw", "ex", 0))
			c.expect("t1 TASK_RUNNING", "t1 TASK_FINISHED", "FAILURE 0")
		}, "fw/ex completed:t1=TASK_FINISHED "},
	}
	for _, step := range steps {
		step.act()
		if got := state(); got != step.want {
			t.Errorf("state %q, want %q", got, step.want)
		}
	}
	_, body, _ := c.get("/state")
	if want := `"resources":{"cpus":2,"disk":10000,"gpus":0,"mem":4096,"ports":"[31000-32000]"}`; !strings.Contains(body, want) {
		t.Errorf("the state %s lacks %s", body, want)
	}
}

func names(list string, tasks []taskState) string {
	text := ""
	for _, t := range tasks {
		text += list + ":" + t.ID + "=" + t.State + " "
	}

	return text
}
