package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// disturb is a registry's behaviour: it answers a request itself, or says that
// the registry shall.
type disturb func(w http.ResponseWriter, r *http.Request) (answered bool)

// disturbedRegistry serves an image that can be run, with the behaviour given
// from then on.
func disturbedRegistry(t *testing.T, d disturb) (image string) {
	t.Helper()
	api := enginetest.Require(t)
	inner := enginetest.Registry()
	var up atomic.Bool
	image = enginetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !up.Load() || !d(w, r) {
			inner.ServeHTTP(w, r)
		}
	})) + "/web:1"
	enginetest.PushImage(t, image, shellImage(t, image))
	up.Store(true)
	t.Cleanup(func() {
		_, _ = api.ImageRemove(context.Background(), image, client.ImageRemoveOptions{}) // it was perhaps never pulled
	})
	return image
}

// shellImage is an image with a shell, unlike any other.
func shellImage(t *testing.T, mark string) v1.Image {
	t.Helper()
	shell, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, f := range []struct {
		name string
		data []byte
	}{{"bin/sh", shell}, {"mark", []byte(mark)}} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o755, Size: int64(len(f.data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, packed)
	if err != nil {
		t.Fatal(err)
	}
	image, err = mutate.Config(image, v1.Config{Cmd: []string{"/bin/sh", "-c", `trap "exit 0" TERM; while :; do read -t 1000 x < /dev/zero; done`}, Env: []string{"PATH=/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func ofImage(image string) string {
	return "services: {web: {image: '" + image + "', stop_grace_period: 1s}}\n"
}

func TestAPullOutlivesATroubledRegistry(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	image := disturbedRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") || asked.Add(1) > 2 {
			return false
		}
		http.Error(w, "", http.StatusServiceUnavailable)
		return true
	})
	s := onAgent(t, agent.Options{})
	task := s.launch(map[string]string{"compose.yaml": ofImage(image)})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	if log := s.read("stderr"); !strings.Contains(log, "pulling again") {
		t.Errorf("the registry was not troubled:\n%s", log)
	}
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

func TestAPullThatTakesTooLong(t *testing.T) {
	t.Parallel()
	stalled := enginetest.StartStalled(t)
	s := onAgent(t, agent.Options{})
	s.launch(map[string]string{"compose.yaml": "x-dce: {timeouts: {launch: 3s}}\n" + ofImage(stalled.Image)})
	s.told(mesos.TASK_STARTING)
	failed := s.told(mesos.TASK_FAILED)
	if !strings.HasPrefix(failed.GetMessage(), "not running within ") || failed.GetReason() != mesos.REASON_CONTAINER_LAUNCH_FAILED {
		t.Errorf("message %q, reason %s", failed.GetMessage(), failed.GetReason())
	}
	s.gone()
}

func TestAPullOutlivesARegistryThatHangsUp(t *testing.T) {
	chaotic(t) // the engine itself rests five seconds before it asks for a layer again
	t.Parallel()
	var asked atomic.Int32
	image := disturbedRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") || asked.Add(1) > 3 {
			return false
		}
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write(make([]byte, 1000))
		panic(http.ErrAbortHandler)
	})
	s := onAgent(t, agent.Options{})
	task := s.launch(map[string]string{"compose.yaml": ofImage(image)})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

// chaotic skips what takes long: `make chaos` runs it.
func chaotic(t *testing.T) {
	t.Helper()
	if os.Getenv("DCE_CHAOS") == "" {
		t.Skip("takes long: run make chaos")
	}
}
