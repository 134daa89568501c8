package project

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

// A job that sets everything that it may not, by every way that it has.
func hostileJob(t *testing.T, operators string) string {
	t.Helper()
	return writeFiles(t, map[string]string{
		"etc/dce.yaml":         operators,
		"home/dce/config.yaml": "plain_port: true\n",
		"dce.yaml":             "keep_failed: 1000h\nplain_port: true\nenvironments: {prod: {timeouts: {engine: 1000h}}}\n",
		"compose.yaml":         "x-dce: {timeouts: {engine: 1000h, stop: 5s}}\nservices: {web: {image: web}}\n",
		".env":                 "DCE_KEEP_FAILED=1000h\nDCE_KIND=job\nDCE_CONFIG=dce.yaml\n",
	})
}

func onAgent(dir string) Options {
	o := isolated(dir)
	o.SystemWins, o.Root = true, dir
	o.Environment = "prod"
	o.Flags = []Flag{{Path: "keep_failed", Value: "1000h", Name: "label config.cleanpod.cleanfailtask"}}
	return o
}

func TestAJobSetsWhatTheOperatorAllows(t *testing.T) {
	for name, tt := range map[string]struct {
		operators string
		want      Config
		left      []string
	}{
		"the built-in list": {
			operators: "",
			want:      Config{Job: true, Timeouts: Timeouts{Engine: time.Minute, Stop: 5 * time.Second}},
			left: []string{
				"keep_failed DCE_KEEP_FAILED", "keep_failed dce.yaml:1:14", "keep_failed label config.cleanpod.cleanfailtask",
				"timeouts.engine compose.yaml:1:28", "timeouts.engine dce.yaml:3:42",
			},
		},
		"a list of the operator's, with all below a key": {
			operators: "agent: {allow: [timeouts]}\n",
			want:      Config{Timeouts: Timeouts{Engine: 1000 * time.Hour, Stop: 5 * time.Second}},
			left: []string{
				"keep_failed DCE_KEEP_FAILED", "keep_failed dce.yaml:1:14", "keep_failed label config.cleanpod.cleanfailtask",
				"kind DCE_KIND", "plain_port dce.yaml:2:13",
			},
		},
		"what the operator sets, whatever is allowed": {
			operators: "agent: {allow: [keep_failed, timeouts, kind]}\nkeep_failed: 1m\ntimeouts: {engine: 2m, stop: 3m}\nkind: service\n",
			want:      Config{KeepFailed: time.Minute, Timeouts: Timeouts{Engine: 2 * time.Minute, Stop: 3 * time.Minute}},
			left:      []string{"plain_port dce.yaml:2:13"},
		},
		"nothing": {
			operators: "agent: {allow: []}\n",
			want:      Config{Timeouts: Timeouts{Engine: time.Minute}},
			left: []string{
				"keep_failed DCE_KEEP_FAILED", "keep_failed dce.yaml:1:14", "keep_failed label config.cleanpod.cleanfailtask", "kind DCE_KIND",
				"plain_port dce.yaml:2:13", "timeouts.engine compose.yaml:1:28", "timeouts.engine dce.yaml:3:42", "timeouts.stop compose.yaml:1:41",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := hostileJob(t, tt.operators)
			p, err := Load(t.Context(), onAgent(dir))
			if err != nil {
				t.Fatal(err)
			}
			got := Config{Job: p.Config.Job, KeepFailed: p.Config.KeepFailed, Timeouts: Timeouts{Engine: p.Config.Timeouts.Engine, Stop: p.Config.Timeouts.Stop}}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Config{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tt.left, leftOut(dir, p.Warnings)); diff != "" {
				t.Errorf("left out, -want +got:\n%s", diff)
			}
		})
	}
}

// leftOut are the keys that were left out and where they were set, sorted.
func leftOut(dir string, warnings diag.List) []string {
	var left []string
	for _, d := range warnings {
		if d.Code != "DCE208" || d.Severity != diag.Warning {
			continue
		}
		what, _, _ := strings.Cut(d.Summary, " is left out")
		key, by, named := strings.Cut(what, ", which ")
		where := strings.TrimPrefix(d.Pos.String(), dir+"/")
		if named {
			where = strings.TrimSuffix(by, " sets,")
		}
		left = append(left, key+" "+where)
	}
	slices.Sort(left)
	return left
}

func TestReadOperator(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"good.yaml":  "agent: {allow: [secrets, infra.image], engine: unix:///d.sock, docker_config: registry, leases: /run/../leases//}\n",
		"wrong.yaml": "agent: {allow: [secret], engines: x}\n",
		"keeps.yaml": "keep_failed: 48h\n",
		"least.yaml": "keep_failed: 48h\nagent: {keep_failed_most: 1h}\n",
		"never.yaml": "agent: {keep_failed_most: 0s}\n",
	})
	none, err := ReadOperator(filepath.Join(dir, "none.yaml"))
	if want := (Operator{Allow: defaultAllow(), Engine: "unix:///var/run/docker.sock", Leases: "/run/dce", KeepFailedMost: 24 * time.Hour}); err != nil || cmp.Diff(want, none) != "" {
		t.Errorf("without a file: %+v, %v", none, err)
	}
	good, err := ReadOperator(filepath.Join(dir, "good.yaml"))
	want := Operator{Allow: []string{"secrets", "infra.image"}, Engine: "unix:///d.sock", DockerConfig: filepath.Join(dir, "registry"), Leases: "/leases", KeepFailedMost: 24 * time.Hour}
	if diff := cmp.Diff(want, good); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	for file, want := range map[string]time.Duration{"keeps.yaml": 48 * time.Hour, "least.yaml": time.Hour, "never.yaml": 0} {
		if o, err := ReadOperator(filepath.Join(dir, file)); err != nil || o.KeepFailedMost != want {
			t.Errorf("%s keeps for %s, %v", file, o.KeepFailedMost, err)
		}
	}
	after, err := ReadOperator(filepath.Join(dir, "wrong.yaml"))
	problems, _ := diag.Of(err)
	if got := strings.Join(lines(dir, problems), "\n"); !strings.Contains(got, "did you mean secrets?") || !strings.Contains(got, `"agent.engines"`) {
		t.Errorf("problems:\n%s", got)
	}
	if cmp.Diff(none, after) != "" {
		t.Errorf("a file with problems settles %+v", after)
	}
}

func TestTheOperatorsKeysAreHisAlone(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"compose.yaml": "services: {web: {image: web}}\n",
		"dce.yaml":     "agent: {engine: tcp://192.0.2.1:1}\n",
	})
	for name, o := range map[string]Options{"on an agent": onAgent(dir), "elsewhere": isolated(dir)} {
		o.Environment, o.Flags = "", nil
		_, err := Load(t.Context(), o)
		problems, _ := diag.Of(err)
		if len(problems) != 1 || problems[0].Code != "DCE207" || problems[0].Pos.Line != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestThePlaceForMetrics(t *testing.T) {
	for name, tt := range map[string]struct{ value, want, problem string }{
		"a directory":               {"textfile:/var/lib/node_exporter/", "textfile:/var/lib/node_exporter/", ""},
		"beside the operator's own": {"textfile:metrics/", "textfile:DIR/metrics/", ""},
		"a free port":               {"127.0.0.1:0", "127.0.0.1:0", ""},
		"every address":             {":9199", ":9199", ""},
		"a path alone":              {"/var/lib/node_exporter/", "", "neither textfile:PATH nor HOST:PORT"},
		"no number":                 {"127.0.0.1:http", "", "neither textfile:PATH nor HOST:PORT"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{"dce.yaml": "agent: {metrics: '" + tt.value + "'}\n"})
			o, err := ReadOperator(filepath.Join(dir, "dce.yaml"))
			if tt.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("got %v, want %q in it", err, tt.problem)
				}
				return
			}
			if want := strings.Replace(tt.want, "DIR", dir, 1); err != nil || o.Metrics != want {
				t.Errorf("got %q, %v, want %q", o.Metrics, err, want)
			}
		})
	}
}
