package project

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

const rendered = `name: pod-1
services:
  infra:
    image: sha256:abc
    network_mode: bridge
    ports: [{mode: ingress, target: 80, published: "31000", protocol: tcp}]
  web:
    image: web:1
    network_mode: service:infra
    command: [sh, -c, "echo $$HOME $${X}"]
    environment: {DOLLAR: a$$b, SECRET: null}
    volumes: [{type: volume, source: data, target: /data}]
volumes: {data: {}}
`

func TestLoadRenderedMakesAProjectThatTheEngineCanRun(t *testing.T) {
	p, err := LoadRendered(t.Context(), []byte(rendered))
	if err != nil {
		t.Fatal(err)
	}
	web := p.Services["web"]
	dollar := "a$b"
	got := map[string]any{
		"name": p.Name, "command": strings.Join(web.Command, " "), "dollar": web.Environment["DOLLAR"], "secret": web.Environment["SECRET"],
		"volume": p.Volumes["data"].Name, "waits for": web.DependsOn["infra"].Condition, "networks": len(p.Networks), "files": len(p.ComposeFiles),
	}
	want := map[string]any{
		"name": "pod-1", "command": "sh -c echo $HOME ${X}", "dollar": &dollar, "secret": (*string)(nil),
		"volume": "pod-1_data", "waits for": "service_started", "networks": 0, "files": 0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadRenderedOpensNoFile(t *testing.T) {
	dir := writeFiles(t, map[string]string{"part.yaml": "services: {part: {image: x}}\n", "x.env": "A=1\n"})
	text := "name: p\ninclude: [" + dir + "/part.yaml]\nservices:\n  web: {image: x, env_file: [" + dir + "/x.env]}\n"
	p, err := LoadRendered(t.Context(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.Services["part"]; ok {
		t.Error("an include was followed")
	}
	if len(p.Services["web"].Environment) != 0 {
		t.Error("an env file was read")
	}
}

func TestLoadRenderedRefusesWhatIsNoRenderedFile(t *testing.T) {
	for name, text := range map[string]string{
		"not YAML": "a: [", "empty": "", "a list": "- a\n", "no name": "services: {web: {image: x}}\n",
		"not text": "a: \x00", "too large": strings.Repeat("#", maxFileBytes+1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := LoadRendered(t.Context(), []byte(text))
			if l, ok := diag.Of(err); !ok || l.Exit() != diag.ExitInvalid {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLoadGivesUpWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := writeFiles(t, map[string]string{"compose.yaml": "services: {web: {image: x}}\n"})
	if _, err := Load(ctx, isolated(dir)); !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("got %v", err)
	}
}
