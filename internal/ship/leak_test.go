package ship

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is sent, planned or said of a project with secrets of every kind is
// searched for what the deployer knows of them.
func TestSecretsStandNowhere(t *testing.T) {
	for _, dir := range []string{"testdata/good/secrets", "testdata/bad/secrets"} {
		in := filepath.Join(t.TempDir(), "project")
		copyTree(t, filepath.Join(dir, "in"), in)
		s, err := Prepare(t.Context(), options(in, "SHOP_TOKEN=token-of-the-deployer"))
		places := map[string]string{"the problems": fmt.Sprintf("%s %+v %v", lines(in, err), err, err)}
		if err == nil {
			places["the warnings"] = fmt.Sprintf("%+v", s.Warnings)
			places["the app"] = encoded(t, s.App)
			places["the bundle"] = unpacked(t, s.Bundle.Data)
			places["the label"] = unpacked(t, decoded(t, s.App.Labels["dce.bundle"]))
			services, err := s.Services()
			if err != nil {
				t.Fatal(err)
			}
			places["the plan"] = encoded(t, services)
			again, err := ServicesOf(t.Context(), s.App)
			if err != nil {
				t.Fatal(err)
			}
			places["the plan of what runs"] = encoded(t, again)
		}
		for place, text := range places {
			if i := strings.Index(text, "of-the-deployer"); i >= 0 {
				t.Errorf("%s: %s holds a secret: ...%s", dir, place, text[max(0, i-60):i+15])
			}
		}
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) == 0 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	return data
}

func unpacked(t *testing.T, data []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A secret that the cluster has is looked for like any other: who deploys may
// have its value, too.
func TestNoValueOfASecretTravels(t *testing.T) {
	const (
		plain   = "services: {web: {image: \"web:1\", environment: {DB_PASS: \"${DB_PASS}\"}}}\n"
		url     = "services: {web: {image: \"web:1\", environment: {DB_PASS: \"${DB_PASS}\", DB_URL: \"${DB_URL}\"}}}\n"
		mounted = "services: {web: {image: \"web:1\", volumes: [\"./:/app\"], environment: {DB_PASS: \"${DB_PASS}\"}}}\n"
		source  = "secrets: {DB_PASS: \"marathon:shop/db\"}"
	)
	for name, test := range map[string]struct {
		compose, app string
		files        map[string]string
		environ      []string
		want         string // where it is found, "" for nowhere
	}{
		"one that the cluster has, nowhere":           {plain, source, map[string]string{".env": "DB_PASS=hunter2-long\n"}, nil, ""},
		"one that the cluster has, in a mounted .env": {mounted, source, map[string]string{".env": "DB_PASS=hunter2-long\n"}, nil, ".env"},
		"one that the cluster has, in another value": {
			url, source, map[string]string{".env": "DB_PASS=hunter2-long\nDB_URL=postgres://u:${DB_PASS}@db/x\n"}, nil, "the values of the environment",
		},
		"one that the cluster has, in a label":            {plain, source + ", labels: {x: hunter2-long}", nil, []string{"DB_PASS=hunter2-long"}, "the app's definition"},
		"one that the cluster has, in the app's variable": {plain, source + ", env: {DB_PASS: hunter2-long}", nil, nil, "the app's definition"},
		"one of the environment, beside an env file's": {
			"services: {web: {image: \"web:1\", env_file: web.env, volumes: [\"./conf:/conf\"]}}\n", "env: {}",
			map[string]string{"web.env": "DB_PASS=other-value\n", "conf/x": "hunter2-long"},
			[]string{"DB_PASS=hunter2-long"},
			"conf/x",
		},
		"a variable that an env file and another key name": {
			"services: {web: {image: \"web:1\", env_file: web.env, environment: {COPY: \"${DB_PASS}\"}}}\n", source, map[string]string{"web.env": "DB_PASS=${DB_PASS}\n"}, nil, "",
		},
		"one with a quote, in another value": {url, "env: {}", nil, []string{`DB_PASS=hunter"2\x`, `DB_URL=postgres://u:hunter"2\x@db`}, "the values of the environment"},
		"one with a quote, in a label":       {plain, `labels: {x: 'hunter"2<x'}`, nil, []string{`DB_PASS=hunter"2<x`}, "the app's definition"},
		"one with a quote, in the raw block": {plain, `labels: {}}, marathon: {description: 'hunter"2<x'`, nil, []string{`DB_PASS=hunter"2<x`}, "the app's definition"},
		"one of several lines, in an env file": {
			mounted, source, map[string]string{"conf.env": `K="-----BEGIN KEY-----\nMIIE\n-----END KEY-----\n"`}, []string{"DB_PASS=-----BEGIN KEY-----\nMIIE\n-----END KEY-----\n"}, "conf.env",
		},
		"a number, in the raw block": {plain, `labels: {}}, marathon: {killSelection: 123456789`, nil, []string{"DB_PASS=123456789"}, "the app's definition"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{
				"compose.yaml": test.compose,
				"dce.yaml":     "secrets: [DB_PASS]\nenvironments: {qa: {target: {urls: [http://marathon.example]}, app: {" + test.app + "}}}\n",
			}
			maps.Copy(files, test.files)
			dir := write(t, files)
			_, err := Prepare(t.Context(), options(dir, test.environ...))
			want := ""
			if test.want != "" {
				want = "error: the value of the secret DB_PASS would travel in " + test.want + " [DCE704]\n"
			}
			if got := lines(dir, err); want == "" && err != nil || !strings.Contains(got, want) || strings.Count(got, ": error: ") > 0 {
				t.Errorf("got %s%v, want %q", got, err, want)
			}
		})
	}
}

// What is secret of a raw env file stays here, and the rest travels byte by byte:
// read as a .env, the quote in it would run on over the secret.
func TestARawEnvFileTravelsWithoutItsSecrets(t *testing.T) {
	dir := write(t, map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\", env_file: [{path: web.env, format: raw}]}}\n",
		"web.env":      "A='1\n  B=$x # y \nDB_PASS=hunter2's-long\nC='2",
		"dce.yaml":     "secrets: [DB_PASS]\nenvironments: {qa: {target: {urls: [http://marathon.example]}, app: {secrets: {DB_PASS: \"marathon:shop/db\"}}}}\n",
	})
	s, err := Prepare(t.Context(), options(dir))
	if err != nil {
		t.Fatal(lines(dir, err), err)
	}
	text := unpacked(t, s.Bundle.Data)
	if want := "A='1\n  B=$x # y \nDB_PASS\nC='2"; !strings.Contains(text, want) || strings.Contains(text, "hunter2") {
		t.Errorf("got %q, want %q in it", text, want)
	}
}

// A variable that a compose secret is made of is one wherever it is used.
func TestAVariableOfAComposeSecretIsSecret(t *testing.T) {
	const secrets = "\nsecrets: {db: {environment: DB_PASS}}\n"
	for name, test := range map[string]struct{ service, want string }{
		"in a command":              {`command: [run, "${DB_PASS}"]`, "a secret is used in web.command.${DB_PASS} [DCE705]"},
		"in another key":            {`environment: {PW: "${DB_PASS}"}`, ""},
		"in a key alone":            {`environment: [DB_PASS]`, ""},
		"in a key without a value":  {`environment: {DB_PASS: }`, ""},
		"in a key of another's key": {`environment: [DB_PASS, "COPY=x${DB_PASS}"]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{
				"compose.yaml": "services: {web: {image: \"web:1\", secrets: [db], " + test.service + "}}" + secrets,
				"dce.yaml":     "environments: {qa: {target: {urls: [http://marathon.example]}}}\n",
			})
			s, err := Prepare(t.Context(), options(dir, "DB_PASS=hunter2-long"))
			if test.want != "" || err != nil {
				if got := lines(dir, err); test.want == "" || !strings.Contains(got, test.want) {
					t.Errorf("got %s, want %q", got, test.want)
				}
				return
			}
			services, err := s.Services()
			if err != nil {
				t.Fatal(err)
			}
			if text := encoded(t, services) + unpacked(t, s.Bundle.Data); strings.Contains(text, "hunter2") {
				t.Errorf("shown in %s", text)
			}
		})
	}
}

// What dce itself is let in with is nobody's business on the cluster.
func TestCredentialsOfTheDeployerDoNotTravel(t *testing.T) {
	for name, test := range map[string]struct {
		target, other string
		files         map[string]string
		want          string // the setting whose value is found, "" for none
	}{
		"a file that is mounted":             {`credentials: {basic: "file:marathon.cred"}`, "", map[string]string{"marathon.cred": "me:pass-of-the-deployer\n"}, ""},
		"a file by its whole path":           {`credentials: {token: "file:DIR/deep/t"}`, "", map[string]string{"deep/t": "pass-of-the-deployer\n"}, ""},
		"a file for uploads":                 {`artifacts: {credentials: {basic: "file:store.cred"}}`, "", map[string]string{"store.cred": "me:pass-of-the-deployer"}, ""},
		"a file of another environment":      {"ca: []", `credentials: {basic: "file:prod.cred"}`, map[string]string{"prod.cred": "me:pass-of-the-deployer"}, ""},
		"a copy of the password":             {`credentials: {basic: "file:marathon.cred"}`, "", map[string]string{"marathon.cred": "me:pass-of-the-deployer", "copy": "pass-of-the-deployer"}, "target.credentials.basic"},
		"a file with what a variable holds":  {`credentials: {basic: "env:LOGIN"}`, "", map[string]string{"copy": "me:pass-of-the-deployer"}, "target.credentials.basic"},
		"a variable that is not there":       {`credentials: {basic: "env:NO_SUCH"}`, "", nil, ""},
		"a keyring, which nobody is asked":   {`credentials: {basic: "keyring:x"}`, "", nil, ""},
		"a variable of another environment":  {"ca: []", `artifacts: {credentials: {token: "env:TOKEN"}}`, map[string]string{"copy": "pass-of-the-deployer"}, "environments.prod.target.artifacts.credentials.token"},
		"a setting that only looks like one": {`ca: []}, app: {labels: {target.credentials.basic: "env:LOGIN"}`, "", map[string]string{"copy": "of the deployer"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{
				"compose.yaml": "services: {web: {image: \"web:1\", volumes: [\"./:/srv\"]}}\n",
				"dce.yaml":     "environments:\n  qa: {target: {urls: [http://marathon.example], " + test.target + "}}\n  prod: {target: {" + test.other + "}}\n",
			}
			maps.Copy(files, test.files)
			dir := write(t, files)
			text := strings.ReplaceAll(files["dce.yaml"], "DIR", dir)
			if err := os.WriteFile(filepath.Join(dir, "dce.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Prepare(t.Context(), options(dir, "LOGIN=me:pass-of-the-deployer", "TOKEN=pass-of-the-deployer"))
			if test.want != "" {
				if got := lines(dir, err); !strings.Contains(got, "the value of the secret "+test.want+" would travel in copy [DCE704]") {
					t.Errorf("got %s%v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(lines(dir, err), err)
			}
			if strings.Contains(unpacked(t, s.Bundle.Data), "pass-of-the-deployer") {
				t.Errorf("the credential travels in one of %v", Files(s.Bundle))
			}
		})
	}
}

// An agent has no swarm either; app.secrets can have what stands in its place.
func TestASecretOfASwarmComesFromElsewhereOrIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ app, service, want string }{
		"a secret that nothing is said of": {"env: {}", "secrets: [db]", "compose.yaml:2:26: error: secret db cannot be had: it says external [DCE158]"},
		"a config":                         {"env: {}", "configs: [site]", "compose.yaml:3:28: error: config site cannot be had: it says external [DCE158]"},
		"a secret that the cluster has":    {"secrets: {db: \"marathon:shop/db\"}", "secrets: [db]", ""},
		"one that nobody uses":             {"env: {}", "init: true", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{
				"compose.yaml": "services: {web: {image: \"web:1\", " + test.service + "}}\nsecrets: {db: {external: true}}\nconfigs: {site: {external: true}}\n",
				"dce.yaml":     "environments: {qa: {target: {urls: [http://marathon.example]}, app: {" + test.app + "}}}\n",
			})
			_, err := Prepare(t.Context(), options(dir))
			if got := lines(dir, err); (err != nil) != (test.want != "") || !strings.Contains(got, test.want) {
				t.Errorf("got %s%v, want %q", got, err, test.want)
			}
		})
	}
}
