package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dce/internal/devcluster"
	"dce/internal/devcluster/marathon"
)

// The targets of deploying what is deployed already.
const (
	diffTarget     = 60 * time.Millisecond
	bundleTarget   = 150 * time.Millisecond
	requestsTarget = 4
)

// The pod's files whose packing is measured.
const (
	bundleFiles = 100
	bundleSize  = 5_000_000 // bytes, of all together
)

// shopProject is a pod of some services, as the examples are.
const shopProject = `services:
  web:
    image: registry.example/web:1.9
    environment: {STAGE: "${STAGE:-test}", ORDERS: "orders:8080"}
    ports: ["8080"]
    depends_on: {orders: {condition: service_healthy}}
  orders:
    image: registry.example/orders:1.9
    environment: {STAGE: "${STAGE:-test}"}
    healthcheck: {test: [CMD, /health], interval: 5s}
    volumes: ["data:/data"]
  metrics:
    image: registry.example/metrics:2
volumes: {data: {}}
`

// withFiles adds a directory that travels.
const withFiles = `  files:
    image: registry.example/files:1
    volumes: ["./files:/files:ro"]
`

// unchanged measures the commands that compare a pod with what is deployed, and
// find that nothing is to be done: whole processes, less the time in which they
// waited for the cluster.
func (b *bench) unchanged(ctx context.Context, r *report) (err error) {
	front, stop, err := b.front(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()

	plain, files := filepath.Join(b.dir, "deploy"), filepath.Join(b.dir, "deploy-files")
	if err := writeDeployable(plain, front.url, "plain", false); err != nil {
		return err
	}
	if err := writeDeployable(files, front.url, "files", true); err != nil {
		return err
	}
	for _, dir := range []string{plain, files} {
		if err := b.command(dir, b.dce, "deploy", "--env", "bench", "--detach")(ctx); err != nil {
			return err
		}
	}
	diff := func(dir string) step {
		return measured("diff", front.without(b.command(dir, b.dce, "diff", "--env", "bench", "--exit-code")))
	}
	taken, err := compare(ctx, "diff", b.rounds, []contender{
		{"plain", []step{diff(plain)}},
		{"files", []step{diff(files)}},
		{"start", []step{timed("diff", b.command(plain, b.dce, "version"))}},
	})
	if err != nil {
		return err
	}
	times := taken["diff"]
	r.reactions = append(r.reactions,
		reaction{"`dce version`: what every process begins with", median(times["start"]), 0},
		reaction{"`dce diff` of 3 services with no change, whole process less the cluster's own time", median(times["plain"]), diffTarget},
		reaction{fmt.Sprintf("the same with %d files of 5 MB that travel: read, checked, packed, compared", bundleFiles), median(times["files"]), bundleTarget},
	)
	front.taken()
	if err := b.command(plain, b.dce, "deploy", "--env", "bench")(ctx); err != nil {
		return err
	}
	asked, _ := front.taken()
	r.counts = append(r.counts, count{"`dce deploy` with no change: requests to the cluster", asked, requestsTarget})
	return nil
}

// writeDeployable writes a pod that can be deployed to a cluster.
func writeDeployable(dir, url, id string, files bool) error {
	text := shopProject
	if files {
		text = "services:\n" + withFiles + text[len("services:\n"):]
	}
	if err := writeProject(dir, text); err != nil {
		return err
	}
	// What does not travel in the app is to be fetched; the address of the cluster
	// stands for that of a server of files: it takes every PUT here.
	settings := fmt.Sprintf(`environments:
  bench:
    values: {STAGE: bench}
    resources: {cpus: 0.1, mem: 64M}
    app: {id: /bench/%s, images: trust}
    target:
      urls: [%q]
      artifacts: {url: %q}
`, id, url, url+"/files")
	if err := os.WriteFile(filepath.Join(dir, "dce.yaml"), []byte(settings), 0o644); err != nil {
		return fmt.Errorf("writing a project: %w", err)
	}
	if !files {
		return nil
	}
	return writeFiles(filepath.Join(dir, "files"))
}

// writeFiles fills a directory with what is half text and half noise.
func writeFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing files: %w", err)
	}
	noise := rand.NewChaCha8([32]byte{})
	for n := range bundleFiles {
		data := make([]byte, bundleSize/bundleFiles)
		_, _ = noise.Read(data[:len(data)/2]) // never fails
		for i := len(data) / 2; i < len(data); i++ {
			data[i] = "setting = value\n"[i%16]
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%03d", n)), data, 0o644); err != nil {
			return fmt.Errorf("writing files: %w", err)
		}
	}
	return nil
}

// front stands before a cluster, and takes the time that it needs.
type front struct {
	url  string
	pass http.Handler

	mu       sync.Mutex
	requests int
	spent    time.Duration
}

// front starts a cluster that has room for nothing, and what stands before it.
func (b *bench) front(ctx context.Context) (*front, func(context.Context) error, error) {
	dir := filepath.Join(b.dir, "front")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("making a directory: %w", err)
	}
	c, err := devcluster.Start(ctx, devcluster.Options{Dir: dir, Marathon: marathon.Faults{Starve: "InsufficientCpus"}})
	if err != nil {
		return nil, nil, fmt.Errorf("starting a cluster: %w", err)
	}
	target, err := url.Parse(c.URL())
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("finding the cluster: %w", err), c.Close(ctx))
	}
	f := &front{pass: httputil.NewSingleHostReverseProxy(target)}
	server := httptest.NewServer(f)
	f.url = server.URL
	return f, func(ctx context.Context) error {
		server.Close()
		return c.Close(ctx)
	}, nil
}

func (f *front) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	began := time.Now()
	if q.URL.Path == "/files" || filepath.Dir(q.URL.Path) == "/files" {
		w.WriteHeader(http.StatusCreated)
	} else {
		f.pass.ServeHTTP(w, q)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	f.spent += time.Since(began)
}

// taken is what was asked since it was asked last, and how long the answers
// took.
func (f *front) taken() (requests int, spent time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	requests, spent = f.requests, f.spent
	f.requests, f.spent = 0, 0
	return requests, spent
}

// without takes the time of a command, less the cluster's.
func (f *front) without(do func(context.Context) error) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		f.taken()
		began := time.Now()
		err := do(ctx)
		took := time.Since(began)
		_, spent := f.taken()
		return took - spent, err
	}
}
