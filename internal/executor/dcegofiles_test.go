package executor

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/mesos"
	"dce/internal/project"
)

// What dce-go ships (reference/dce-go.md C.8): every job of it brings these two
// or its own form of them.
const (
	shippedConfig = `launchtask:
    podmonitorinterval: 10s
    composehttptimeout: 300
    maxretry: 3
    pullretry: 3
    retryinterval: 10s
    timeout: 500s
    httptimeout: 20s
    skippull: true
    composetrace: true
    debug: false
plugins:
    pluginorder: general
podStatusHooks:
    task_launch: []
    task_failed: []
    task_finished: []
    task_running: []
podMonitor:
    monitorName: default
cleanpod:
    cleanfailtask: false
    timeout: 20s
    unhealthy: true
    cleanvolumeandcontaineronmesoskill: true
    cleanimageonmesoskill: false
dockerdump:
    enable: false
    dumppath: /home/ubuntu
dockercomposeverbose: false
`
	shippedGeneral = `infracontainer:
    image: dcego/networkproxy:1.2
    container_name: networkproxy_0.1
    networks:
        pre_existing: true
        name: net
        driver: bridge
`
)

// ofDCEGo stages the settings of a job with these files in its sandbox, and
// returns what is logged.
func ofDCEGo(t *testing.T, files, labels map[string]string) (jobOptions, string, error) {
	t.Helper()
	sandbox := t.TempDir()
	for name, text := range files {
		path := filepath.Join(sandbox, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	job, err := jobOf(labels)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := &stager{o: Options{Environment: mesos.Environment{Sandbox: sandbox}}, log: slog.New(slog.NewTextHandler(&log, nil))}
	p := &plan{job: job}
	p.facts.Labels = labels
	err = s.wished(p)
	return p.options, log.String(), err
}

func TestTheFilesThatDCEGoShips(t *testing.T) {
	files := map[string]string{"config.yaml": shippedConfig, "general.yaml": shippedGeneral, "app.yml": "services: {}\n"}
	got, log, err := ofDCEGo(t, files, map[string]string{"fileName": "app.yml"})
	want := jobOptions{
		flags: []project.Flag{
			{Path: "keep_failed", Value: "1h0m0s", Name: "cleanpod.cleanfailtask in config.yaml:22"},
			{Path: "timeouts.stop", Value: "20s", Name: "cleanpod.timeout in config.yaml:23"},
			{Path: "infra.network", Value: "net", Name: "infracontainer.networks.name in general.yaml:6"},
			{Path: "timeouts.launch", Value: "8m20s", Name: "launchtask.timeout in config.yaml:7"},
		},
		notes: []string{"infracontainer.image in general.yaml:2: dce's own infra container stands for dcego/networkproxy:1.2"},
	}
	ignored := strings.Join(got.ignored, " ")
	got.ignored = nil
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(jobOptions{})); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	for name, times := range map[string]int{
		"launchtask.podmonitorinterval in config.yaml:2": 1, "launchtask.composetrace in config.yaml:10": 1,
		"infracontainer.networks.driver in general.yaml:7": 1, "podstatushooks": 0, "monitorname": 0, "skippull": 0,
	} {
		if strings.Count(ignored, name) != times || strings.Count(log, name) != times {
			t.Errorf("%s: want it %d times among what is ignored, and in the log:\n%s\n%s", name, times, ignored, log)
		}
	}
	for _, line := range []string{"are read\" file=config.yaml", "are read\" file=general.yaml"} {
		if strings.Count(log, line) != 1 {
			t.Errorf("no %q in\n%s", line, log)
		}
	}
}

func TestWhereSettingsOfDCEGoStand(t *testing.T) {
	const slow, fast = "launchtask: {timeout: 9m}\n", "launchtask: {timeout: 1m}\n"
	dcego := map[string]string{"fileName": "app/a.yml"}
	for name, tt := range map[string]struct {
		files, labels map[string]string
		want          string // timeouts.launch
		say           string
	}{
		"general.yaml is above config.yaml":      {map[string]string{"config.yaml": slow, "general.yaml": fast}, dcego, "1m0s", ""},
		"a label is above both":                  {map[string]string{"config.yaml": slow, "general.yaml": slow}, map[string]string{"fileName": "a.yml", "config.launchtask.timeout": "2m"}, "2m0s", ""},
		"keys may be of any case":                {map[string]string{"config.yaml": "LaunchTask: {Timeout: 9m}\n"}, dcego, "9m0s", ""},
		"the sandbox is above what is below it":  {map[string]string{"a/config.yaml": slow, "config.yaml": fast}, dcego, "1m0s", ""},
		"of an archive, the one with short ways": {map[string]string{"a/b/config.yaml": slow, "c/config.yaml": fast}, dcego, "1m0s", "file=c/config.yaml"},
		"a bare number":                          {map[string]string{"config.yaml": "launchtask: {timeout: 90000}\n"}, dcego, "1m30s", "90000 is taken for 1m30s"},
		"a job that is none of dce-go's":         {map[string]string{"config.yaml": slow}, nil, "", ""},
		"a job that has a dce.yaml":              {map[string]string{"config.yaml": slow, "app/dce.yaml": ""}, dcego, "", ""},
		"a file of the application's own":        {map[string]string{"config.yaml": "server: {timeout: 9m}\n"}, dcego, "", "no section of dce-go's"},
		"a template of the application's":        {map[string]string{"config.yaml": "a: b: c\n"}, dcego, "", "reading config.yaml"},
		"an empty file":                          {map[string]string{"config.yaml": ""}, dcego, "", "no section of dce-go's"},
		"a file that is too large":               {map[string]string{"config.yaml": slow + strings.Repeat("# more\n", 10000)}, dcego, "", "too large"},
		"a label for the order above the files'": {map[string]string{"config.yaml": "plugins: {pluginorder: 'general,acme'}\n"}, map[string]string{"fileName": "a.yml", "pluginorder": "general"}, "", ""},
		"hidden directories are not looked into": {map[string]string{".cache/config.yaml": slow}, dcego, "", ""},
		"what is nested too deep means nothing":  {map[string]string{"config.yaml": "launchtask: {a: {b: {c: {d: {e: {f: {g: {h: 1}}}}}}}, timeout: 9m}\n"}, dcego, "9m0s", ""},
		"anchors and aliases are not followed":   {map[string]string{"config.yaml": "x: &x {timeout: 9m}\nlaunchtask: *x\ncleanpod: {unhealthy: true}\n"}, dcego, "", "cleanpod.unhealthy in config.yaml:3"},
	} {
		t.Run(name, func(t *testing.T) {
			got, log, err := ofDCEGo(t, tt.files, tt.labels)
			launch := ""
			for _, f := range got.flags {
				if f.Path == "timeouts.launch" {
					launch = f.Value
				}
			}
			if err != nil || launch != tt.want || !strings.Contains(log, tt.say) {
				t.Errorf("timeouts.launch %q, want %q; %v, log:\n%s", launch, tt.want, err, log)
			}
		})
	}
}

func TestAFileOfDCEGoThatAsksForWhatThereIsNot(t *testing.T) {
	for text, say := range map[string]string{
		"launchtask: {timeout: soon}\n":             `launchtask.timeout in config.yaml:1 is "soon", which is no duration`,
		"plugins:\n  pluginorder: general,acme\n":   `plugins.pluginorder in config.yaml:2 names the plugin "acme"`,
		"plugins: {pluginorder: [general, acme]}\n": `names the plugin "acme"`,
		"cleanpod: {cleanfailtask: often}\n":        `cleanpod.cleanfailtask in config.yaml:1 is "often", which is neither true nor false`,
	} {
		if _, _, err := ofDCEGo(t, map[string]string{"config.yaml": text}, map[string]string{"fileName": "a.yml"}); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: got %v, want %q", text, err, say)
		}
	}
}

// A link of the job's leads nowhere: neither to a file of the host nor through a
// directory.
func TestNoLinkLeadsToSettings(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "config.yaml"), []byte("launchtask: {timeout: 9m}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sandbox := t.TempDir()
	for name, to := range map[string]string{"config.yaml": filepath.Join(outside, "config.yaml"), "dir": outside} {
		if err := os.Symlink(to, filepath.Join(sandbox, name)); err != nil {
			t.Fatal(err)
		}
	}
	s := &stager{o: Options{Environment: mesos.Environment{Sandbox: sandbox}}, log: slog.New(slog.DiscardHandler)}
	p := &plan{}
	p.facts.Labels = map[string]string{"fileName": "a.yml"}
	if got, err := s.wishes(p); len(got) != 0 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
