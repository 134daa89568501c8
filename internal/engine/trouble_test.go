package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/enginetest"
	"dce/internal/progress"
)

func refuse(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

const webOf = "\n  web:\n    image: %s\n    network_mode: service:infra\n    %%labels%%\n"

func TestImagesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	enginetest.Require(t)
	empty := enginetest.Serve(t, enginetest.Registry())
	private := enginetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		refuse(http.StatusUnauthorized, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)(w, r)
	}))
	forbidden := enginetest.Serve(t, refuse(http.StatusForbidden, `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}`))
	busy := enginetest.Serve(t, refuse(http.StatusTooManyRequests, `{"errors":[{"code":"TOOMANYREQUESTS","message":"rate limited"}]}`))
	broken := enginetest.Serve(t, refuse(http.StatusInternalServerError, ""))
	for label, test := range map[string]struct {
		image string
		pull  string
		code  diag.Code
	}{
		"the registry does not have it":      {empty + "/nosuch/img:1", "", "DCE310"},
		"it must not be pulled":              {empty + "/nosuch/img:1", "never", "DCE311"},
		"the registry wants credentials":     {private + "/web:1", "", "DCE312"},
		"the registry forbids it":            {forbidden + "/web:1", "", "DCE312"},
		"the registry has had enough":        {busy + "/web:1", "", "DCE313"},
		"the registry is broken":             {broken + "/web:1", "", "DCE314"},
		"there is no registry":               {"127.0.0.1:1/web:1", "", "DCE314"},
		"it is not a name":                   {"127.0.0.1:1/Web:1", "", "DCE316"},
		"always asks, though it is not here": {"127.0.0.1:1/web:2", "always", "DCE314"},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, "img")
			p := f.pod(fmt.Sprintf(webOf, test.image), func(s *engine.Spec) { s.Pull = test.pull })
			err := p.Prepare(t.Context())
			if !hasCode(err, test.code) {
				t.Fatalf("got %v, want %s", err, test.code)
			}
			if text := err.Error(); !strings.Contains(text, test.image) || !strings.Contains(text, "web") {
				t.Errorf("without image or service: %s", text)
			}
		})
	}
}

func TestAllMissingThingsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "ext")
	p := f.pod(`
  web:
    image: 127.0.0.1:1/web:1
    networks: [other]
    volumes: [data:/data]
    %labels%
volumes:
  data: {external: true, name: %id%-nodata}
networks:
  other: {external: true, name: %id%-nonet}
`)
	err := p.Prepare(t.Context())
	for _, code := range []diag.Code{"DCE314", "DCE325", "DCE326"} {
		if !hasCode(err, code) {
			t.Errorf("no %s in: %v", code, err)
		}
	}
	if !strings.Contains(err.Error(), f.id+"-nodata") || !strings.Contains(err.Error(), "needed by web") {
		t.Errorf("got: %v", err)
	}
}

func TestAPullIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "slow")
	stalled := enginetest.StartStalled(t)
	var seen sync.Map
	p := f.pod(fmt.Sprintf(webOf, stalled.Image), func(s *engine.Spec) {
		s.Progress = progress.Func(func(e progress.Event) { seen.Store(e.ID, e) })
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Prepare(ctx) }()
	stalled.Await(t)
	cancel()
	if err := <-done; err == nil || ctx.Err() == nil {
		t.Errorf("got %v", err)
	}
	if _, ok := seen.Load("image " + stalled.Image); !ok {
		t.Error("no progress of the image")
	}
	f.down(p)
}

func TestAHostPortThatIsTakenNamesItsService(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "taken")
	l := enginetest.Listen(t, 0)
	defer l.Close()
	var port uint16
	if _, err := fmt.Sscanf(l.Addr().String(), "127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	p := f.podOf(f.yamlWithPort(port), func(s *engine.Spec) { s.Owners = map[uint16]string{port: "web"} })
	if err := p.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := p.Start(t.Context())
	if !hasCode(err, "DCE320") || !strings.Contains(err.Error(), fmt.Sprint(port)) || !strings.Contains(err.Error(), "service web") {
		t.Errorf("got %v", err)
	}
	f.down(p)
}

func TestAContainerNameThatIsTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "name")
	taken := f.id + "-fixed"
	res, err := f.api.ContainerCreate(t.Context(), client.ContainerCreateOptions{Name: taken, Config: &container.Config{Image: f.image}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = f.api.ContainerRemove(context.Background(), res.ID, client.ContainerRemoveOptions{Force: true})
	})
	p := f.pod("\n  web:\n    %shared%\n    container_name: " + taken + "\n")
	if err := p.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); !hasCode(err, "DCE322") || !strings.Contains(err.Error(), "service web") {
		t.Errorf("got %v", err)
	}
	f.down(p)
}

func TestBuild(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "build")
	dir := t.TempDir()
	write := func(file, content string) {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Dockerfile", "FROM "+f.image+"\nRUN echo built > /made\nCMD [\"sh\", \"-c\", \"cat /made\"]\n")
	service := "\n  web:\n    build: {context: " + dir + "}\n    image: " + f.id + ":1\n    network_mode: service:infra\n    %labels%\n"
	p := f.pod(service) // missing, so it is built unasked, as compose does
	t.Cleanup(func() {
		_, _ = f.api.ImageRemove(context.Background(), f.id+":1", client.ImageRemoveOptions{Force: true})
	})
	f.up(p)
	enginetest.Eventually(t, time.Minute, "the program to end", func() (bool, string) {
		states := fmt.Sprint(f.states())
		return strings.Contains(states, "exited"), states
	})
	evidence, err := p.Stop(t.Context(), atOnce, f.id+"-web-1")
	if err != nil || strings.Join(evidence.Logs, "") != "built" {
		t.Errorf("evidence %+v, %v", evidence, err)
	}
	f.down(p)
	build := func(s *engine.Spec) { s.Build = true }
	write("Dockerfile", "FROM "+f.image+"\nRUN echo why >&2; exit 9\n")
	err = f.pod(service, build).Prepare(t.Context())
	problems, _ := diag.Of(err)
	if !hasCode(err, "DCE317") || !strings.Contains(err.Error(), f.id+":1") || !strings.Contains(problems[0].Detail, ": RUN echo why >&2; exit 9\n  why") {
		t.Fatalf("a step that fails: %v: %s", err, problems[0].Detail)
	}
	if diff := cmp.Diff([]string{"services", "web", "build"}, problems[0].Subject); diff != "" {
		t.Error(diff)
	}
	inline := strings.Replace(service, "{context: "+dir+"}", "{context: "+dir+", dockerfile_inline: \"FROM scratch\", secrets: [s]}", 1) +
		"secrets:\n  s: {environment: HOME}\n"
	if err := f.pod(inline, build).Prepare(t.Context()); !hasCode(err, "DCE318") || !strings.Contains(err.Error(), "dockerfile_inline") {
		t.Errorf("what the classic builder cannot do: %v", err)
	}
}
