package executor

import (
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/bundle"
	"dce/internal/diag"
	"dce/internal/mesos"
	"dce/internal/project"
	"dce/internal/render"
)

func packed(t *testing.T) bundle.Bundle {
	t.Helper()
	b, err := bundle.Pack(
		bundle.Manifest{Project: "shop", Dir: ".", Files: []string{"compose.yaml"}, Values: map[string]string{"TAG": "7"}, Secrets: map[string]string{"TOKEN": "env:GIVEN"}},
		[]bundle.File{{Path: "compose.yaml", Data: []byte("services: {web: {image: \"web:${TAG}\", environment: {TOKEN: \"${TOKEN:?}\"}}}\n")}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func codes(err error) string {
	list, _ := diag.Of(err)
	var all []string
	for _, d := range list {
		all = append(all, string(d.Code))
	}
	return strings.Join(all, " ")
}

func TestAJobsBundleIsCheckedBeforeItIsUnpacked(t *testing.T) {
	b := packed(t)
	inline := base64.StdEncoding.EncodeToString(b.Data)
	for name, tc := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"none":                         {map[string]string{"fileName": "a.yml"}, ""},
		"in a label":                   {map[string]string{"dce.bundle": inline, "dce.bundle.digest": b.Digest}, ""},
		"in a label of Aurora":         {map[string]string{"org.apache.aurora.metadata.dce.bundle": inline, "org.apache.aurora.metadata.dce.bundle.digest": b.Digest}, ""},
		"fetched":                      {map[string]string{"dce.bundle.file": "shop.dce", "dce.bundle.digest": b.Digest}, ""},
		"without a digest":             {map[string]string{"dce.bundle": inline}, "DCE713"},
		"of another digest":            {map[string]string{"dce.bundle": inline, "dce.bundle.digest": "sha256:1"}, "DCE713"},
		"cut off":                      {map[string]string{"dce.bundle": inline[:40], "dce.bundle.digest": b.Digest}, "DCE712"},
		"no base64":                    {map[string]string{"dce.bundle": "%", "dce.bundle.digest": b.Digest}, "DCE712"},
		"not fetched":                  {map[string]string{"dce.bundle.file": "other.dce", "dce.bundle.digest": b.Digest}, "DCE712"},
		"fetched, but outside":         {map[string]string{"dce.bundle.file": "../shop.dce", "dce.bundle.digest": b.Digest}, "DCE712"},
		"fetched, but behind a link":   {map[string]string{"dce.bundle.file": "link", "dce.bundle.digest": b.Digest}, "DCE712"},
		"fetched, but it is no file":   {map[string]string{"dce.bundle.file": ".", "dce.bundle.digest": b.Digest}, "DCE712"},
		"an absolute name, outside it": {map[string]string{"dce.bundle.file": "/etc/passwd", "dce.bundle.digest": b.Digest}, "DCE712"},
	} {
		t.Run(name, func(t *testing.T) {
			above := t.TempDir()
			sandbox := filepath.Join(above, "sandbox")
			for _, file := range []string{filepath.Join(sandbox, "shop.dce"), filepath.Join(above, "shop.dce")} {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, b.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(filepath.Join(above, "shop.dce"), filepath.Join(sandbox, "link")); err != nil {
				t.Fatal(err)
			}
			s := &stager{o: Options{Environment: mesos.Environment{Sandbox: sandbox}}}
			p := &plan{facts: render.Task{Labels: tc.labels}, dir: sandbox}
			err := s.unpack(p)
			if got := codes(err); got != tc.want || (err != nil) != (tc.want != "") {
				t.Fatalf("%v, want %q", err, tc.want)
			}
			_, statErr := os.Stat(filepath.Join(sandbox, bundleDir, "compose.yaml"))
			if unpacked := statErr == nil; unpacked != (p.bundle != nil) {
				t.Errorf("unpacked %t, known %t", unpacked, p.bundle != nil)
			}
		})
	}
}

func TestALinkOfTheJobDoesNotLeadTheBundleElsewhere(t *testing.T) {
	b := packed(t)
	sandbox, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(sandbox, bundleDir)); err != nil {
		t.Fatal(err)
	}
	s := &stager{o: Options{Environment: mesos.Environment{Sandbox: sandbox}}}
	p := &plan{dir: sandbox, facts: render.Task{Labels: map[string]string{
		"dce.bundle": base64.StdEncoding.EncodeToString(b.Data), "dce.bundle.digest": b.Digest,
	}}}
	if err := s.unpack(p); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
		t.Errorf("elsewhere there is %v, %v", left, err)
	}
}

// A framework may give a secret as a plain variable: it must not be written
// down with the facts.
func TestSecretsAreNoFacts(t *testing.T) {
	env := map[string]string{"GIVEN": "s3cret", "LEFT": "s3cret too", "OTHER": "1"}
	got := withoutSecrets(env, bundle.Manifest{Secrets: map[string]string{"A": "env:GIVEN", "B": "file:x"}, Left: []string{"LEFT"}})
	if diff := cmp.Diff(map[string]string{"OTHER": "1"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSecretsComeFromTheAgentOnly(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "secrets")
	for name, text := range map[string]string{"secrets/shop/db": "file-secret\n", "shadow": "root:x\n", "secrets/large": strings.Repeat("x", maxSecret+1)} {
		path := filepath.Join(above, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../shadow", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"GIVEN": "env-secret", "LEFT": "left-secret", "MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "jwt", "LIBPROCESS_SSL_KEY_FILE": "/key"}
	s := &stager{o: Options{SecretsDir: dir, Lookupenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}}

	got, err := s.secrets(bundle.Manifest{Secrets: map[string]string{"A": "env:GIVEN", "B": "file:shop/db"}, Left: []string{"LEFT", "MISSING"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A": "env-secret", "GIVEN": "env-secret", "B": "file-secret", "LEFT": "left-secret"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, source := range []string{
		"env:MISSING", "env:MESOS_EXECUTOR_AUTHENTICATION_TOKEN", "env:LIBPROCESS_SSL_KEY_FILE", "file:../shadow", "file:link", "file:large",
		"file:/etc/passwd", "file:shop", "file:missing", "vault:x", "",
	} {
		_, err := s.secrets(bundle.Manifest{Secrets: map[string]string{"X": source}})
		if codes(err) != "DCE660" {
			t.Errorf("%q: %v", source, err)
		}
		if err != nil && (strings.Contains(err.Error(), "jwt") || strings.Contains(err.Error(), "root:x")) {
			t.Errorf("%q is quoted: %v", source, err)
		}
	}
}

func TestWhatASecretComesFromIsLookedAtBeforeTheEngineIs(t *testing.T) {
	for name, tc := range map[string]struct{ given, want string }{
		"a file":                      {"{file: here}", ""},
		"a file that is not there":    {"{file: nowhere}", "DCE159"},
		"a variable that nobody sets": {"{environment: UNSET}", "DCE157"},
		"a swarm":                     {"{external: true}", "DCE158"},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox := t.TempDir()
			for file, text := range map[string]string{
				"here": "x", "compose.yaml": "services: {web: {image: x, secrets: [it]}}\nsecrets: {it: " + tc.given + "}\n",
			} {
				if err := os.WriteFile(filepath.Join(sandbox, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := &stager{
				o:   Options{Environment: mesos.Environment{Sandbox: sandbox}, SystemConfig: filepath.Join(sandbox, "none")},
				log: slog.New(slog.DiscardHandler),
			}
			if err := s.load(t.Context(), &plan{}); codes(err) != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// What a sandbox of a shipped pod is rendered with elsewhere.
func TestAShippedPodIsLoadedFromItsSandbox(t *testing.T) {
	b := packed(t)
	m, files, err := bundle.Open(b.Data, b.Digest)
	if err != nil {
		t.Fatal(err)
	}
	sandbox := t.TempDir()
	if err := os.Mkdir(filepath.Join(sandbox, bundleDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := bundle.Write(filepath.Join(sandbox, bundleDir), m, files); err != nil {
		t.Fatal(err)
	}
	load := func(labels map[string]string, look bool, environ ...string) (string, error) {
		o := project.Options{Dir: sandbox, SystemConfig: filepath.Join(sandbox, "none"), Environ: environ}
		if shipped, err := Shipped(sandbox, labels, &o, look); err != nil || !shipped {
			t.Fatalf("shipped %t, %v", shipped, err)
		}
		p, err := project.Load(t.Context(), o)
		if err != nil {
			return "", err
		}
		return p.Compose.Services["web"].Image + " " + *p.Compose.Services["web"].Environment["TOKEN"], nil
	}
	labels := map[string]string{"dce.bundle.digest": b.Digest}
	if got, err := load(labels, true); err != nil || got != "web:7 "+project.SecretOnAgent {
		t.Errorf("to look at: %s, %v", got, err)
	}
	if got, err := load(labels, false, "TOKEN=mine", "TAG=8"); err != nil || got != "web:7 mine" {
		t.Errorf("to run: %s, %v", got, err)
	}
	if _, err := load(labels, false); codes(err) != "DCE107" {
		t.Errorf("to run without its secret: %v", err)
	}
	if shipped, err := Shipped(t.TempDir(), labels, &project.Options{}, true); shipped || err != nil {
		t.Errorf("another directory: %t, %v", shipped, err)
	}
	if shipped, err := Shipped(sandbox, nil, &project.Options{}, true); shipped || err != nil {
		t.Errorf("a job without a bundle: %t, %v", shipped, err)
	}
}

func TestSecretsOfThisMachineStandForTheAgents(t *testing.T) {
	m := bundle.Manifest{
		Secrets: map[string]string{"TOKEN": "env:CLUSTER_TOKEN", "KEY": "env:CLUSTER_TOKEN", "DB": "file:db", "NONE": "env:NOWHERE"},
		Left:    []string{"PLAIN", "ABSENT"},
	}
	for name, tc := range map[string]struct {
		environ []string
		want    map[string]string
	}{
		"none":                      {nil, map[string]string{}},
		"by the names of sources":   {[]string{"CLUSTER_TOKEN=c"}, map[string]string{"TOKEN": "c", "KEY": "c", "CLUSTER_TOKEN": "c"}},
		"by their own, which count": {[]string{"DB=d", "NONE=n", "PLAIN=p", "OTHER=o"}, map[string]string{"DB": "d", "NONE": "n", "NOWHERE": "n", "PLAIN": "p"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, substitutes(m, tc.environ)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
