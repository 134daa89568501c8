package project

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLocate(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"compose.yaml": `include: [part.yaml]
x-env: &env
  SHARED: "1"
services:
  web:
    image: web:1
    command: [serve, slowly]
    ports:
      - "80:80"
      - "9000-9001:9000-9001"
    environment:
      <<: *env
      A: base
      B: base
    volumes: ["data:/data", "./src:/src"]
    depends_on: [db]
  db:
    extends: {file: base.yaml, service: store}
    ports: ["5432"]
volumes:
  data: {}
`,
		"compose.override.yaml": `services:
  web:
    image: web:2
    command: [serve]
    ports: ["443:443"]
    environment: ["B=override", "C=override"]
    volumes: ["other:/data"]
    depends_on:
      db: {condition: service_started}
volumes: {other: {}}
`,
		"part.yaml": "services:\n  side:\n    image: side:1\n",
		"base.yaml": "services:\n  store:\n    image: store:1\n    environment: {X: \"1\"}\n    ports: [\"1234\"]\n",
	})
	p, err := Load(t.Context(), isolated(dir))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"services web image":                "compose.override.yaml:3:12",
		"services web command 0":            "compose.override.yaml:4:15",
		"services web ports 0":              "compose.yaml:9:9",
		"services web ports 1":              "compose.yaml:10:9",
		"services web ports 2":              "compose.yaml:10:9",
		"services web ports 3":              "compose.override.yaml:5:13",
		"services web environment A":        "compose.yaml:13:10",
		"services web environment B":        "compose.override.yaml:6:19",
		"services web environment C":        "compose.override.yaml:6:33",
		"services web environment SHARED":   "compose.yaml:3:11",
		"services web volumes 0":            "compose.override.yaml:7:15",
		"services web volumes 1":            "compose.yaml:15:29",
		"services web depends_on db":        "compose.override.yaml:9:7",
		"services db image":                 "base.yaml:3:12",
		"services db environment X":         "base.yaml:4:22",
		"services db ports 0":               "base.yaml:5:13",
		"services db ports 1":               "compose.yaml:19:13",
		"services side image":               "part.yaml:3:12",
		"services web healthcheck interval": "compose.override.yaml:2:3",
		"volumes data":                      "compose.yaml:21:3",
		"services nobody image":             "compose.override.yaml:1:1",
		"services web ports 9":              "compose.override.yaml:5:5",
		"":                                  "compose.override.yaml",
	}
	for path, want := range tests {
		got := strings.TrimPrefix(p.Locate(strings.Fields(path)...).String(), dir+"/")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if got := p.Locate("services", "web", "ports", "0").Width; got != len(`"80:80"`) {
		t.Errorf("underlines %d characters", got)
	}
}

func TestResetAndOverrideHideWhatIsBelow(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"compose.yaml":          "services:\n  web:\n    image: web:1\n    ports: [\"80\", \"81\"]\n    environment: {A: b}\n",
		"compose.override.yaml": "services:\n  web:\n    ports: !override [\"90\"]\n    environment: !reset null\n",
	})
	p, err := Load(t.Context(), isolated(dir))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(p.Compose.Services["web"].Ports); got != 1 {
		t.Fatalf("%d ports", got)
	}
	for path, want := range map[string]string{
		"services web ports 0":       "compose.override.yaml:3:23",
		"services web environment A": "compose.override.yaml:4:18",
	} {
		if got := strings.TrimPrefix(p.Locate(strings.Fields(path)...).String(), dir+"/"); got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
	}
}

func TestOrderIsThatOfTheFiles(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"compose.yaml":          "services: {zed: {image: a}, mid: {image: a}}\n",
		"compose.override.yaml": "services: {abc: {image: a}, mid: {image: b}}\n",
	})
	p, err := Load(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"zed", "mid", "abc"}, p.Order()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Where a service is extended in several documents, there are as many ways to the
// last one as their number to the power of their depth.
func TestLocatingAServiceThatIsExtendedInManyDocuments(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("services:\n")
	for i := range 16 {
		fmt.Fprintf(&doc, "  s%d: {image: \"i:1\", extends: s%d}\n", i, i+1)
	}
	doc.WriteString("  s16: {image: \"i:1\", stop_signal: HUP}\n")
	dir := writeFiles(t, map[string]string{"compose.yaml": strings.Repeat("---\n"+doc.String(), 3)})
	p, err := Load(t.Context(), isolated(dir))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Locate("services", "s0", "stop_signal"); got.Line != 57 {
		t.Errorf("got %v", got)
	}
}

func TestLocatingTheLastOfThousandsOfPorts(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": "services:\n  sip:\n    image: i:1\n    ports: [\"10000-20000:10000-20000/udp\", \"80\"]\n"})
	p, err := Load(t.Context(), isolated(dir))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10002 { // a parse of the whole list for each would take minutes
		want := 13
		if i == 10001 {
			want = 44
		}
		if got := p.Locate("services", "sip", "ports", strconv.Itoa(i)); got.Line != 4 || got.Column != want {
			t.Fatalf("port %d is at %v", i, got)
		}
	}
}
