//go:build unix

package local_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/moby/moby/client"

	"dce/internal/enginetest"
)

const serving = `
services:
  web:
    image: IMAGE
    command: [sh, -c, "echo web is up; trap 'echo web says bye; exit 0' TERM; while :; do sleep 0.1; done"]
    stop_grace_period: 5s
`

func TestAnAttachedPodShowsItsOutputAndStopsGracefully(t *testing.T) {
	p := at(t, serving)
	up := p.dce("up", "--local").start()
	up.until("runs; Ctrl-C stops it").until("web is up")
	if r := p.ps(p.id()); r.State != "running" || r.Keeper != "alive" {
		t.Errorf("ps says %+v", r)
	}
	up.signal(syscall.SIGINT)
	up.wait()
	up.exits(130, "stopping gracefully", "web says bye", "stopped by Ctrl-C")
	if strings.Contains(up.stderr(), "web is up") || !strings.Contains(up.stdout(), "web is up") {
		t.Errorf("the services' output belongs on stdout, all else on stderr:\n%s---\n%s", up.stdout(), up.stderr())
	}
	p.gone(p.id())
	if left, _ := os.ReadDir(filepath.Join(p.dir, "state", "dce", "pods")); len(left) > 0 {
		t.Errorf("left in the state directory: %v", left)
	}
}

func TestASecondInterruptKills(t *testing.T) {
	p := at(t, `
services:
  web:
    image: IMAGE
    command: [sh, -c, "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]
    stop_grace_period: 10m
`)
	up := p.dce("up", "--local").start().until("deaf")
	up.signal(syscall.SIGTERM)
	up.until("stopping gracefully")
	up.signal(syscall.SIGINT)
	up.wait()
	up.exits(143, "killing")
	p.gone(p.id())
}

func TestADetachedPodIsKeptByAMonitor(t *testing.T) {
	p := at(t, serving)
	p.dce("up", "--local", "-d").run().exits(0, "runs", "stop it with: dce down --local "+p.id())
	p.dce("up", "--local", "-d").run().exits(0, "already running with this content")
	p.dce("up", "--local").run().exits(0, "already running with this content")
	p.dce("logs", "--local").run().exits(0, "web is up")
	p.dce("logs", "--local", "-o", "json", "web").run().exits(0, `"text":"web is up"`)
	p.dce("logs", "--local", "nosuch").run().exits(2, `no service "nosuch"`)
	p.dce("ls").run().exits(0, p.id(), "attended")

	p.dce("down", "--local").run().exits(0, "is gone")
	p.gone(p.id())
	p.dce("ps", "--local").run().exits(1, "there is no pod")
	p.dce("down", "--local").run().exits(1, "there is no pod")
}

func TestAPodIsWatchedUntilItIsGone(t *testing.T) {
	p := at(t, serving)
	p.dce("up", "--local", "-d", "--keep").run().exits(0)
	plain := p.dce("ps", "--local", "--watch").start().until("running")
	lines := p.dce("ps", "--local", "--watch", "-o", "json").start().until(`"state":"running"`)
	terminal := p.dce("ps", "--local", "--watch")
	terminal.cmd.Stdout, terminal.cmd.Stderr, terminal.cmd.SysProcAttr = nil, nil, nil // the terminal's
	screen, err := pty.StartWithSize(terminal.cmd, &pty.Winsize{Rows: 24, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	shown := bufio.NewReader(screen)
	enginetest.Eventually(t, within, "the table", func() (bool, string) {
		line, err := shown.ReadString('\n')
		return err != nil || strings.Contains(line, "running"), line
	})

	for _, c := range p.ps(p.id()).Containers {
		if c.Service != "web" {
			continue
		}
		if _, err := p.api.ContainerKill(t.Context(), c.ID, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
			t.Fatal(err)
		}
	}
	plain.wait()
	plain.exits(0, "exited (137)", "pod "+p.id()+": failed: service web")
	lines.wait()
	lines.exits(0, `"state":"failed"`, `"reason":"service`)
	if n := strings.Count(lines.stdout(), "\n"); n < 2 {
		t.Errorf("%d lines of JSON:\n%s", n, lines.stdout())
	}
	rest, _ := io.ReadAll(shown) // ends with EIO when the last writer is gone
	if !strings.Contains(string(rest), "\x1b[4A\r") || !strings.Contains(string(rest), "exited (137)") {
		t.Errorf("the table is not drawn over itself: %q", rest)
	}

	p.dce("down", "--local").run().exits(0)
	p.dce("up", "--local", "-d").run().exits(0)
	plain = p.dce("ps", "--local", "--watch").start().until("running")
	p.dce("down", "--local").run().exits(0)
	plain.wait()
	plain.exits(0, "pod "+p.id()+" is gone")
}

func TestAPodWhoseContentChangedIsReplaced(t *testing.T) {
	p := at(t, serving)
	p.dce("up", "--local", "-d").run().exits(0)
	before := p.ps(p.id())
	p.write(strings.ReplaceAll(serving, "web is up", "web is new"))
	p.dce("up", "--local", "-d").run().exits(0, "has changed: replacing it")
	after := p.ps(p.id())
	if before.Containers[0].ID == after.Containers[0].ID {
		t.Error("the containers are the same")
	}
	p.dce("logs", "--local").run().exits(0, "web is new")
}

func TestAKilledMonitorLeavesAPodThatDownAndUpFind(t *testing.T) {
	p := at(t, serving)
	p.dce("up", "--local", "-d").run().exits(0)
	kill(t, p.monitor(p.id()))
	enginetest.Eventually(t, within, "the pod is unattended", func() (bool, string) {
		c := p.dce("ls").run()
		return strings.Contains(c.stdout(), "unattended"), c.stdout()
	})
	p.dce("logs", "--local").run().exits(0, "web is up")
	p.dce("up", "--local", "-d").run().exits(0, "nothing looks after", "replacing it")
	kill(t, p.monitor(p.id()))
	p.dce("down", "--local").run().exits(0)
	p.gone(p.id())
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestTheWholePodGoesWhenAServiceFailsAndSaysWhy(t *testing.T) {
	cases := map[string]struct {
		compose string
		args    []string
		code    int
		says    []string
	}{
		"a service that exits": {
			`
services:
  web:
    image: IMAGE
    command: [sh, -c, "echo about to fail; sleep 0.5; exit 3"]
  side: {image: IMAGE, command: [sleep, "600"], stop_grace_period: 0s}
`, nil, 1, []string{"service web exited with code 3", "about to fail", "DCE500"},
		},
		"an unhealthy service": {
			`
services:
  web:
    image: IMAGE
    command: [sleep, "600"]
    stop_grace_period: 0s
    healthcheck: {test: [CMD, sh, -c, "test -e /ok || { touch /ok; exit 0; }; echo the disk is on fire; exit 1"], interval: 300ms, retries: 1}
`, nil, 1, []string{"service web became unhealthy", "the disk is on fire", "DCE502"},
		},
		"a service out of memory": {
			`
services:
  web:
    image: IMAGE
    mem_limit: 16m
    command: [sh, -c, "sleep 0.5; exec tail /dev/zero"]
  side: {image: IMAGE, command: [sleep, "600"], stop_grace_period: 0s}
`, nil, 1, []string{"service web was OOM-killed at its limit of 16 MiB", "DCE501"},
		},
		"a service pod with nothing left to do": {
			`
services:
  web: {image: IMAGE, command: ["true"]}
`, nil, 1, []string{"every service has ended", "DCE507"},
		},
		"a pod that is not healthy in time": {
			`
services:
  web:
    image: IMAGE
    command: [sleep, "600"]
    stop_grace_period: 0s
    healthcheck: {test: [CMD, "false"], interval: 1s, retries: 100}
`, []string{"--wait=6s"}, 6, []string{"not running within 6s: service web was not ready", "DCE503"},
		},
		"an image that is nowhere": {
			`
services:
  web: {image: dce-test/nowhere:1}
`, []string{"--pull", "never"}, 1, []string{"dce-test/nowhere:1", "DCE311"},
		},
		"the exit code of one service": {
			`
services:
  web: {image: IMAGE, command: [sh, -c, "sleep 0.5; exit 42"]}
  side: {image: IMAGE, command: [sleep, "600"], stop_grace_period: 0s}
`, []string{"--exit-code-from", "web"}, 42, []string{"service web exited with code 42"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := at(t, c.compose)
			p.dce(append([]string{"up", "--local"}, c.args...)...).run().exits(c.code, c.says...)
			p.gone(p.id())
		})
	}
}

func TestADetachedPodThatFailedTellsWhyAfterwards(t *testing.T) {
	p := at(t, `
services:
  web: {image: IMAGE, command: [sh, -c, "echo last words; sleep 1; exit 7"]}
`)
	p.dce("up", "--local", "-d").run().exits(0)
	enginetest.Eventually(t, within, "ls says why the pod went", func() (bool, string) {
		c := p.dce("ls").run()
		// The reason is there while the pod is still being stopped.
		return strings.Contains(c.stdout(), "failed") && strings.Contains(c.stdout(), "service web exited with code 7"), c.stdout()
	})
	p.dce("ps", "--local").run().exits(0, "exited with code 7", "last words")
	p.dce("logs", "--local").run().exits(0, "last words")
	p.dce("down", "--local").run().exits(0)
	p.dce("ps", "--local").run().exits(1, "there is no pod")
}

func TestAJobEndsWellWhenAllOfItHas(t *testing.T) {
	p := at(t, `
services:
  first: {image: IMAGE, command: [sh, -c, "echo one"]}
  second:
    image: IMAGE
    command: [sh, -c, "echo two"]
    depends_on: {first: {condition: service_completed_successfully}}
`)
	if err := os.WriteFile(filepath.Join(p.dir, "dce.yaml"), []byte("kind: job\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.dce("up", "--local").run().exits(0, "one", "two", "finished")
	p.gone(p.id())
}

func TestAOneShotEndsBeforeThePodRuns(t *testing.T) {
	p := at(t, `
services:
  migrate: {image: IMAGE, command: [sh, -c, "echo migrated"]}
  web:
    image: IMAGE
    command: [sleep, "600"]
    stop_grace_period: 0s
    depends_on: {migrate: {condition: service_completed_successfully}}
`)
	p.dce("up", "--local", "-d").run().exits(0)
	r := p.ps(p.id())
	if r.State != "running" {
		t.Errorf("the pod is %s: %s", r.State, r.Reason)
	}
}

func TestThePodGoesWithItsInfraContainer(t *testing.T) {
	p := at(t, serving)
	up := p.dce("up", "--local").start().until("web is up")
	r := p.ps(p.id())
	for _, c := range r.Containers {
		if c.Service != "infra" {
			continue
		}
		if _, err := p.api.ContainerKill(context.Background(), c.ID, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
			t.Fatal(err)
		}
	}
	up.wait()
	up.exits(1, "the infra container, which holds the pod's network, ended")
	p.gone(p.id())
}

func TestTwoPodsOfOneFileLiveBesideEachOther(t *testing.T) {
	p := at(t, serving+"    ports: [\"80\"]\n")
	second := "local." + p.name + "-b"
	enginetest.Clean(t, p.api, second)
	t.Cleanup(func() { p.dce("down", "--local", second, "--timeout", "0").run() })
	p.dce("up", "--local", "-d").run().exits(0)
	p.dce("up", "--local", "-d", "--name", p.name+"-b").run().exits(0)
	a := p.ps(p.id())
	b := p.ps(second)
	if len(a.Ports) != 1 || len(b.Ports) != 1 || a.Ports[0].HostPort == b.Ports[0].HostPort || a.Ports[0].Service != "web" {
		t.Errorf("ports %+v and %+v", a.Ports, b.Ports)
	}
	p.dce("down", "--local", second).run().exits(0)
	if r := p.ps(p.id()); r.State != "running" {
		t.Errorf("the first pod is %s", r.State)
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	p := at(t, serving+fmt.Sprintf("    ports: [\"%d:80\"]\n", taken))
	p.dce("up", "--local", "-d", "--ports", "fixed").run().
		exits(5, fmt.Sprintf("host port %d, which service web publishes, is in use by another program", taken), "compose.yaml:8:5")
	p.gone(p.id())
	p.dce("up", "--local", "-d").run().exits(0, fmt.Sprintf("port %d of web is in use by another program here: using", taken))
	r := p.ps(p.id())
	if len(r.Ports) != 1 || r.Ports[0].HostPort == taken {
		t.Errorf("ports %+v", r.Ports)
	}
}

func TestATaskFromElsewhereRunsWithItsFacts(t *testing.T) {
	p := at(t, serving+"    ports: [\"80\"]\n    environment: {FIRST: \"${PORT0}\"}\n")
	port := freePort(t)
	facts := fmt.Sprintf(`{"schema_version":1,"settings":{},"task":{"front":"mesos","id":"orders.%s","name":"orders","executor_id":"ex-1",
		"framework_id":"fw-1","pod_id":%q,"sandbox":"/mnt/sandbox","cgroup_parent":"/dce-test/%s","cgroup_driver":"cgroupfs",
		"ports":[{"number":%d}],"env":{"FLAVOUR":"lemon"},"resources":{},"job":false}}`, p.name, p.id(), p.name, port)
	if err := os.WriteFile(filepath.Join(p.dir, "task.json"), []byte(facts), 0o600); err != nil {
		t.Fatal(err)
	}
	p.dce("up", "--local", "-d", "--task", "task.json").run().exits(0)
	r := p.ps(p.id())
	if len(r.Ports) != 1 || r.Ports[0].HostPort != port {
		t.Fatalf("ports %+v, want %d", r.Ports, port)
	}
	look := inspect(t, p, r, "web")
	env := strings.Join(look.Container.Config.Env, "\n")
	for _, want := range []string{fmt.Sprintf("FIRST=%d", port), "FLAVOUR=lemon", "MESOS_TASK_ID=orders." + p.name} {
		if !strings.Contains(env, want) {
			t.Errorf("the environment lacks %s:\n%s", want, env)
		}
	}
	if got := look.Container.HostConfig.CgroupParent; got != "/dce-test/"+p.name {
		t.Errorf("cgroup parent %s", got)
	}
	if l := look.Container.Config.Labels; l["executorId"] != "ex-1" || l["dce.front"] != "local" {
		t.Errorf("labels %v", l)
	}
	p.dce("down", "--local", p.id()).run().exits(0)
	p.gone(p.id())
}

func inspect(t *testing.T, p *place, r row, service string) client.ContainerInspectResult {
	t.Helper()
	for _, c := range r.Containers {
		if c.Service == service {
			look, err := p.api.ContainerInspect(context.Background(), c.ID, client.ContainerInspectOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return look
		}
	}
	t.Fatalf("no container of %s in %+v", service, r)
	return client.ContainerInspectResult{}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestAKillWhileStartingLeavesNothing(t *testing.T) {
	for _, detach := range []bool{false, true} {
		t.Run(fmt.Sprint("detached ", detach), func(t *testing.T) {
			p := at(t, `
services:
  slow: {image: IMAGE, command: [sleep, "600"], stop_grace_period: 0s, healthcheck: {test: [CMD, "false"], interval: 1s, retries: 100}}
  web:
    image: IMAGE
    command: [sleep, "600"]
    depends_on: {slow: {condition: service_healthy}}
`)
			args := []string{"up", "--local"}
			if detach {
				args = append(args, "-d")
			}
			up := p.dce(args...).start()
			enginetest.Eventually(t, within, "a container", func() (bool, string) {
				left := enginetest.Left(context.Background(), t, p.api, p.id())
				return len(left) > 0, fmt.Sprint(left)
			})
			up.signal(syscall.SIGINT)
			up.wait()
			up.exits(130)
			p.gone(p.id())
		})
	}
}

func TestAPodHasItsVolumesUntilTheyAreAskedFor(t *testing.T) {
	p := at(t, `
services:
  web:
    image: IMAGE
    command: [sh, -c, "cat /data/kept; echo remembered > /data/kept; echo written; exec sleep 600"]
    stop_grace_period: 0s
    volumes: ["data:/data"]
volumes:
  data: {}
`)
	p.dce("up", "--local").start().until("written").end()
	p.dce("up", "--local").start().until("remembered").end()
	p.dce("down", "--local", "-v").run().exits(0)
	p.gone(p.id())
}

func TestThePodsLimitsHoldForAllOfIt(t *testing.T) {
	p := at(t, serving)
	p.dce("up", "--local", "-d", "--cpus", "0.5", "--mem", "64M").run().exits(0)
	r := p.ps(p.id())
	parent := inspect(t, p, r, "web").Container.HostConfig.CgroupParent
	for _, file := range []string{"/sys/fs/cgroup/memory" + parent + "/memory.limit_in_bytes", "/sys/fs/cgroup" + parent + "/memory.max"} {
		if limit, err := os.ReadFile(file); err == nil {
			if got := strings.TrimSpace(string(limit)); got != "67108864" {
				t.Errorf("%s is %s", file, got)
			}
			return
		}
	}
	t.Skip("no cgroup of the pod's own can be made here")
}

func TestADozenPodsAtOnce(t *testing.T) {
	p := at(t, serving+"    ports: [\"18999:80\"]\n")
	var ids []string
	for i := range 12 {
		ids = append(ids, fmt.Sprintf("local.%s-%d", p.name, i))
	}
	each := func(do func(id string)) {
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() { do(id) })
		}
		all.Wait()
	}
	for _, id := range ids {
		enginetest.Clean(t, p.api, id)
	}
	each(func(id string) { p.dce("up", "--local", "-d", "--name", id).run().exits(0) })
	seen := map[int]bool{}
	for _, id := range ids {
		r := p.ps(id)
		if len(r.Ports) != 1 || seen[r.Ports[0].HostPort] {
			t.Errorf("pod %s has ports %+v", id, r.Ports)
			continue
		}
		seen[r.Ports[0].HostPort] = true
	}
	each(func(id string) { p.dce("down", "--local", id, "--timeout", "0").run().exits(0) })
}

func TestASecretOfTheEnvironmentReachesTheServiceOnly(t *testing.T) {
	p := at(t, `
services:
  web:
    image: IMAGE
    command: [sh, -c, 'echo "secret $$(cat /run/secrets/token)"; trap "exit 0" TERM; while :; do sleep 0.1; done']
    secrets: [token]
secrets:
  token: {environment: SPINE_TOKEN}
`)
	p.dce("up", "--local", "-d").run().exits(3, "DCE157", "SPINE_TOKEN", "compose.yaml:9")
	p.gone(p.id())
	p.env = append(p.env, "SPINE_TOKEN=s3same")
	up := p.dce("up", "--local").start().until("secret s3same")
	for _, c := range p.ps(p.id()).Containers {
		res, err := p.api.ContainerInspect(t.Context(), c.ID, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(res.Raw), "s3same") {
			t.Errorf("docker inspect shows the secret: %s", res.Raw)
		}
	}
	files, err := filepath.Glob(filepath.Join(p.dir, "state", "dce", "pods", p.id(), "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files of the pod", err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), "s3same") {
			t.Errorf("%s holds the secret: %v", file, err)
		}
	}
	up.end()
}

// Compose v5.5.1 takes an empty value for none: the service finds no file.
func TestAnEmptySecretAndConfigStopNothing(t *testing.T) {
	p := at(t, `
services:
  web:
    image: IMAGE
    command: [sh, -c, 'ls /run/secrets/token /site; cat /run/secrets/word; echo']
    secrets: [token, word]
    configs: [site]
secrets:
  token: {environment: SPINE_TOKEN}
  word: {environment: SPINE_WORD}
configs:
  site: {environment: SPINE_SITE}
`)
	p.env = append(p.env, "SPINE_TOKEN=", "SPINE_SITE=", "SPINE_WORD=s3same")
	p.dce("up", "--local").run().exits(1, "/run/secrets/token: No such file", "/site: No such file", "s3same", "DCE507")
	p.gone(p.id())
}

func TestAVolumeThatWasMadeOtherwiseIsToldOf(t *testing.T) {
	compose := `
services:
  web: {image: IMAGE, command: [sleep, "60"], stop_grace_period: 0s, volumes: ["data:/data"]}
volumes:
  data: {driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}}
`
	p := at(t, compose)
	says := func(no string, args ...string) *call {
		c := p.dce(args...).run()
		if strings.Contains(c.stderr()+c.stdout(), no) {
			t.Errorf("%v says %s: %s", args, no, c.stderr())
		}
		return c
	}
	says("DCE431", "up", "--local", "-d").exits(0)
	p.dce("down", "--local").run().exits(0)
	p.write(strings.ReplaceAll(compose, "size=1m", "size=2m"))
	wants := []string{"DCE431", "(driver_opts.o)", "compose.yaml:6:3", "dce down --local " + p.id() + "; docker", "rm local_" + p.name + "_data"}
	says("size=1m", "up", "--local", "--dry-run").exits(0, wants...)
	says("size=1m", "up", "--local", "-d").exits(0, wants...)
	p.dce("down", "--local", "-v").run().exits(0)
	says("DCE431", "up", "--local", "-d").exits(0)
}

func TestWhatTheEngineDoesNotHaveIsShownInTheFile(t *testing.T) {
	p := at(t, `
services:
  web:
    image: IMAGE
    volumes: ["data:/data"]
    networks: [far]
  db:
    image: IMAGE-nobody-has
    pull_policy: never
volumes:
  data: {external: true, name: dce-test-nobody-has}
networks:
  far: {external: true, name: dce-test-nobody-has}
`)
	wants := []string{
		"DCE311", "compose.yaml:9:12", "DCE325", "compose.yaml:12:3", "needed by web", "DCE326", "compose.yaml:14:3", "3 errors",
	}
	p.dce("up", "--local").run().exits(1, wants...)
	p.dce("up", "--local", "-d").run().exits(1, wants...)
}

func TestAPodThatCannotBeRenderedLeavesNoDirectory(t *testing.T) {
	p := at(t, `
services:
  web: {image: IMAGE, volumes: ["v:/v"]}
`)
	for _, args := range [][]string{{"up", "--local"}, {"up", "--local", "-d"}} {
		p.dce(args...).run().exits(3, "DCE147")
		if left, _ := os.ReadDir(filepath.Join(p.dir, "state", "dce", "pods")); len(left) > 0 {
			t.Errorf("%s leaves %v", args, left)
		}
	}
	p.dce("ls").run().exits(0)
}

func TestAFailedPodIsKeptUntilItIsTakenDown(t *testing.T) {
	p := at(t, `
services:
  web: {image: IMAGE, command: [sh, -c, "exit 3"]}
`)
	p.env = append(p.env, "DCE_KEEP_FAILED=1h")
	p.dce("up", "--local").run().exits(1, "service web exited with code 3", "the containers are kept for inspection")
	r := p.ps(p.id())
	if r.State != "failed" || !r.Kept || !strings.Contains(r.Reason, "code 3") || len(r.Containers) != 2 {
		t.Errorf("ps says %+v", r)
	}
	p.dce("ls").run().exits(0, "kept")
	p.dce("down", "--local").run().exits(0)
	p.gone(p.id())
	p.dce("down", "--local", "-v").run().exits(1, "DCE426")
}

func TestWhatIsRunOfAnImageMadeOfAPodIsNoPod(t *testing.T) {
	p := at(t, serving)
	p.dce("up", "--local", "-d").run().exits(0)
	id := enginetest.Committed(t, p.api, enginetest.ContainerOf(t, p.api, p.id(), "web"), p.name+"-by-hand", "sleep", "1000")
	p.dce("down", "--local").run().exits(0, "container "+p.name+"-by-hand is left alone", "is gone")
	if !enginetest.Runs(t, p.api, id) {
		t.Error("it was removed with the pod")
	}
	ls := p.dce("ls").run()
	ls.exits(0)
	if strings.Contains(ls.stdout(), p.id()) {
		t.Errorf("ls lists it as a pod:\n%s", ls.stdout())
	}
	p.dce("down", "--local").run().exits(1, "there is no pod", "by-hand is left alone")
}
