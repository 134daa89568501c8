package project

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dce/internal/diag"
	"dce/internal/render"
)

type configCase struct {
	text string
	want []string
}

// configCases are dce.yaml files and what the strict decoder says of them.
func configCases() map[string]configCase {
	return map[string]configCase{
		"an empty file is right": {"", nil},
		"a whole file is right": {`version: 1
name: shop
files: [compose.yaml, compose.more.yaml]
env_files: .env.shared
profiles: [debug]
values: {TAG: "1.9", REPLICAS: 3}
infra: {image: registry/pause:1, network: pods}
share: {pid: true, ipc: false}
plain_port: true
secrets: [DB_PASSWORD]
resources: {cpus: 1.5, mem: 512M, disk: 1024}
kind: job
timeouts: {launch: 5m, engine: 30s, stop: 10s}
keep_failed: 30m
ports: random
x-note: anything
environments:
  qa:
  prod:
    files: [compose.prod.yaml]
    values: {TAG: "2.0"}
    resources: {mem: 2G}
    target: {scheduler: marathon, urls: [https://marathon.example]}
`, nil},
		"a mistyped key gets a suggestion": {"infa:\n  image: x\n", []string{`dce.yaml:1:1: error: unknown key "infa" [DCE200] did you mean infra?`}},
		"all mistakes are found at once": {"resources:\n  cpu: 1\n  mem: lots\nkind: Job\n", []string{
			`dce.yaml:2:3: error: unknown key "resources.cpu" [DCE200] did you mean cpus?`,
			`dce.yaml:3:8: error: resources.mem must be a number of MiB or a size such as 512M, not "lots" [DCE201] write, for example, 512M; ` + "`dce explain resources.mem` says more",
			`dce.yaml:4:7: error: kind must be one of service, job, not "Job" [DCE201] did you mean job?`,
		}},
		"a mapping is asked for":                                                  {"infra: pause\n", []string{"dce.yaml:1:8: error: infra must be a mapping, not a string [DCE201] write its keys below it, indented: image, network"}},
		"a key of an environment is checked too":                                  {"environments:\n  prod:\n    targt: {}\n", []string{`dce.yaml:3:5: error: unknown key "environments.prod.targt" [DCE200] did you mean target?`}},
		"target may be shared by all environments":                                {"target: {scheduler: marathon, urls: http://m}\napp: {instances: 3, labels: {a.b: 1}}\nmarathon: {backoffFactor: 1.5}\n", nil},
		"there are no other schedulers yet":                                       {"target: {scheduler: nomad}\n", []string{`dce.yaml:1:21: error: target.scheduler must be one of marathon, not "nomad" [DCE201] write, for example, marathon; ` + "`dce explain target.scheduler` says more"}},
		"no number is below zero":                                                 {"app: {instances: -1}\n", []string{`dce.yaml:1:18: error: app.instances must be a whole number, zero or more, not "-1" [DCE201] write, for example, 1; ` + "`dce explain app.instances` says more"}},
		"a list of mappings is no list of names, and its line may hold the value": {"secrets: [{name: X}]\n", []string{"dce.yaml:1: error: secrets must be a list of names, not one with a mapping in it [DCE201] write, for example, [a, b]; `dce explain secrets` says more"}},
		"a negative duration is refused":                                          {"keep_failed: -1m\n", []string{"dce.yaml:1:14: error: keep_failed must be a duration such as 90s or 10m, not \"-1m\" [DCE201] write, for example, 90s; `dce explain keep_failed` says more"}},
		"a format of the future is refused":                                       {"version: 2\n", []string{"dce.yaml:1:10: error: version must be one of 1, not \"2\" [DCE201] did you mean 1?"}},
		"an environment's name is a plain word":                                   {"environments: {../x: {}}\n", []string{`dce.yaml:1:16: error: "../x" cannot be the name of an environment [DCE201] use letters, digits, - and _`}},
		"a value is one value":                                                    {"values: {A: [1]}\n", []string{"dce.yaml:1:13: error: values.A must be one value, not a list [DCE201] write, for example, A: \"1.0\""}},
		"a name must be a string":                                                 {"name: [a]\n", []string{"dce.yaml:1:7: error: name must be a string, not a list [DCE201] write, for example, \"text\"; `dce explain name` says more"}},
		"a list is no file":                                                       {"- a\n", []string{"dce.yaml:1:1: error: the file must be a mapping, not a list [DCE201] write its keys below it, indented: agent, app, confirm, deploy, env_files, environments, files, hooks, infra, keep_failed, kind, marathon, name, plain_port, ports, profiles, resources, rollback, secrets, share, target, timeouts, values, version"}},
		"keys that come by an anchor are keys too":                                {"x-small: &small {cpus: 0.5}\nresources: *small\n", nil},
	}
}

func TestStrictDecoding(t *testing.T) {
	for name, tc := range configCases() {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{"dce.yaml": tc.text})
			_, problems := readConfigFile(filepath.Join(dir, "dce.yaml"), true)
			if diff := cmp.Diff(tc.want, lines(dir, problems), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// lines are problems with their hints, one a line, without the directory.
func lines(dir string, l diag.List) []string {
	var all []string
	for _, d := range l.Sorted() {
		all = append(all, strings.ReplaceAll(strings.TrimSpace(d.String()+" "+d.Hint), dir+"/", ""))
	}
	return all
}

// isolated are options that see nothing of this machine's own settings.
func isolated(dir string) Options {
	return Options{Dir: dir, SystemConfig: filepath.Join(dir, "etc", "dce.yaml"), Environ: []string{"XDG_CONFIG_HOME=" + filepath.Join(dir, "home")}}
}

func TestLayersAndOrigins(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"etc/dce.yaml":         "timeouts: {engine: 1m, stop: 1m, launch: 1m}\nresources: {cpus: 1, mem: 1G}\nsecrets: [FROM_SYSTEM]\n",
		"home/dce/config.yaml": "timeouts: {stop: 2m}\n",
		"dce.yaml": "name: shop\nkind: service\nresources: {mem: 2G}\nvalues: {TAG: dce, ONLY: dce}\nsecrets: FROM_DCE\nplain_port: false\n" +
			"environments:\n  prod:\n    kind: job\n    values: {TAG: prod}\n    target: {scheduler: marathon}\n    share: {pid: true}\n",
		"compose.yaml":      "x-dce:\n  kind: service\n  plain_port: ${PLAIN:-true}\nservices:\n  web: {image: \"web:${TAG}-${ONLY}\"}\n",
		"compose.prod.yaml": "x-dce: {secrets: [FROM_COMPOSE]}\nservices: {}\n",
	})
	o := isolated(dir)
	o.Environment = "prod"
	o.Environ = append(o.Environ, "DCE_INFRA_IMAGE=pause:2", "DCE_MEM=3G")
	o.Flags = []Flag{{Path: "resources.mem", Value: "4G", Name: "--mem"}}
	p, err := Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Name: "shop", Values: map[string]string{"TAG": "prod", "ONLY": "dce"}, Job: true,
		Render:    render.Settings{InfraImage: "pause:2", SharePID: true, PlainPort: true, Secrets: []string{"FROM_SYSTEM", "FROM_DCE", "FROM_COMPOSE"}},
		Resources: render.Resources{CPUs: 1, MemMB: 4096},
		Timeouts:  Timeouts{Launch: time.Minute, Engine: time.Minute, Stop: 2 * time.Minute},
		Ports:     PortsAuto, Target: Target{Scheduler: SchedulerMarathon, Artifacts: Artifacts{Inline: 64 << 10}},
		App:      App{Instances: 1, Images: ImagesCheck, Health: HealthCheck{Check: HealthDocker, Grace: 5 * time.Minute, Interval: 10 * time.Second, Timeout: 20 * time.Second, Failures: 3}},
		Overhead: render.Resources{CPUs: 0.1, MemMB: 64, DiskMB: 10}, Rollback: true, Deploy: Deploy{Failures: 3, Timeout: 10 * time.Minute, RollbackTimeout: 10 * time.Minute}, Hooks: Hooks{Timeout: 5 * time.Minute},
		Environments: []string{"prod"}, Path: filepath.Join(dir, "dce.yaml"),
	}
	if diff := cmp.Diff(want, p.Config, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if got := p.Compose.Services["web"].Image; got != "web:prod-dce" {
		t.Errorf("image is %s", got)
	}
	wantOrigins := map[string]string{
		"confirm": "default", "rollback": "default", "infra.image": "DCE_INFRA_IMAGE", "keep_failed": "default", "kind": "dce.yaml:9:11", "name": "dce.yaml:1:7",
		"plain_port": "compose.yaml:3:15", "ports": "default", "resources.cpus": "etc/dce.yaml:2:19", "resources.mem": "--mem",
		"secrets": "compose.prod.yaml:1:18", "share.ipc": "default", "share.pid": "dce.yaml:12:18", "target.scheduler": "dce.yaml:11:25",
		"timeouts.engine": "etc/dce.yaml:1:20", "timeouts.launch": "etc/dce.yaml:1:42", "timeouts.stop": "home/dce/config.yaml:1:18",
		"values.ONLY": "dce.yaml:4:26", "values.TAG": "dce.yaml:10:19", "version": "default",
	}
	got := map[string]string{}
	for _, s := range p.Config.Origins() {
		if s.Origin.Kind == OriginDefault && strings.Contains(s.Path, ".") && !strings.HasPrefix(s.Path, "share.") {
			continue // the defaults of deployments are many
		}
		got[s.Path] = strings.TrimPrefix(s.Origin.String(), dir+"/")
	}
	if diff := cmp.Diff(wantOrigins, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

func TestWhatInterpolationSees(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"dce.yaml":     "values: {A: values, B: values, C: values}\nenvironments: {prod: {env_files: [prod.env]}}\n",
		".env":         "A=dotenv\nB=dotenv\nC=dotenv\nD=dotenv\nE=dotenv\n",
		"prod.env":     "E=prod\n",
		"compose.yaml": "services: {web: {image: \"${A}-${B}-${C}-${D}-${E}\"}}\n",
	})
	o := isolated(dir)
	o.Environment = "prod"
	o.Environ = append(o.Environ, "A=process", "B=process")
	o.TaskEnv = map[string]string{"A": "task"}
	p, err := Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Compose.Services["web"].Image, "task-process-values-dotenv-prod"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnknownEnvironment(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"compose.yaml": "services: {web: {image: a}}\n", "compose.qa.yaml": "services: {}\n",
		"dce.yaml": "environments: {prod: {}}\n",
	})
	tests := map[string]struct{ name, want string }{
		"a mistyped one gets a suggestion": {"prd", `dce.yaml: error: no environment is called "prd" [DCE202] did you mean prod?`},
		"a strange one gets them all":      {"staging", `dce.yaml: error: no environment is called "staging" [DCE202] the environments here are: prod, qa`},
		"a path is not an environment":     {"../../x", `dce.yaml: error: no environment is called "../../x" [DCE202] the environments here are: prod, qa`},
		"the override file is not one":     {"override", `dce.yaml: error: no environment is called "override" [DCE202] the environments here are: prod, qa`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o := isolated(dir)
			o.Environment = tc.name
			_, err := Load(t.Context(), o)
			l, _ := diag.Of(err)
			if diff := cmp.Diff([]string{tc.want}, lines(dir, l)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVariablesAndFlagsAreCheckedToo(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": "services: {web: {image: a}}\n"})
	o := isolated(dir)
	o.Environ = append(o.Environ, "DCE_KIND=jobb")
	o.Flags = []Flag{{Path: "resources.mem", Value: "-1", Name: "--mem"}}
	_, err := Load(t.Context(), o)
	l, _ := diag.Of(err)
	want := []string{
		`error: DCE_KIND must be one of service, job, not "jobb" [DCE204] did you mean job?`,
		"error: --mem must be a number of MiB or a size such as 512M, not \"-1\" [DCE205] write, for example, 512M; `dce explain resources.mem` says more",
	}
	if diff := cmp.Diff(want, lines(dir, l)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
