package mesos

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dce/internal/diag"
)

// recordedEnvironment is the environment of a recorded executor.
func recordedEnvironment(tb testing.TB, scenario string) []string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "wire", scenario+".env.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var vars map[string]string
	if err := json.Unmarshal(data, &vars); err != nil {
		tb.Fatal(err)
	}
	environ := make([]string, 0, len(vars))
	for name, value := range vars {
		environ = append(environ, name+"="+value)
	}
	slices.Sort(environ)
	return environ
}

func minimalEnvironment() []string {
	return []string{
		"MESOS_FRAMEWORK_ID=f", "MESOS_EXECUTOR_ID=e", "MESOS_DIRECTORY=/sandbox", "MESOS_SLAVE_PID=slave(1)@10.0.0.1:5051",
	}
}

func TestARecordedEnvironmentIsUnderstood(t *testing.T) {
	env, err := ParseEnvironment(recordedEnvironment(t, "agent-restart"))
	if err != nil {
		t.Fatal(err)
	}
	const sandbox = "/var/lib/mesos/slaves/61fe6097-d4b1-4e7a-9664-2fcf41a0e13d-S0/frameworks/61fe6097-d4b1-4e7a-9664-2fcf41a0e13d-0000/executors/ex-agent-restart/runs/d6d93ac0-a9b0-4db7-990b-637517138a3c"
	want := Environment{
		FrameworkID:     "61fe6097-d4b1-4e7a-9664-2fcf41a0e13d-0000",
		ExecutorID:      "ex-agent-restart",
		AgentID:         "61fe6097-d4b1-4e7a-9664-2fcf41a0e13d-S0",
		Address:         "127.0.0.1:5051",
		AgentProcess:    "slave(1)",
		AgentEndpoint:   "127.0.0.1:5051",
		Directory:       sandbox,
		Sandbox:         sandbox,
		ShutdownGrace:   5 * time.Second,
		Checkpoint:      true,
		RecoveryTimeout: 15 * time.Minute,
		BackoffMax:      2 * time.Second,
	}
	if d := cmp.Diff(want, env, cmpopts.IgnoreUnexported(Environment{})); d != "" {
		t.Error(d)
	}
	if env.Authenticated() {
		t.Error("this agent gave no token")
	}
}

func TestEveryRecordedEnvironmentIsUnderstood(t *testing.T) {
	for _, s := range scenarios(t) {
		t.Run(s, func(t *testing.T) {
			environ := recordedEnvironment(t, s)
			env, err := ParseEnvironment(environ)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := env.DomainSocket != "", s == "domain-socket"; got != want {
				t.Errorf("domain socket: %v", env.DomainSocket)
			}
			if got, want := env.Authenticated(), s == "auth"; got != want {
				t.Errorf("authenticated: %v", got)
			}
			want := slices.DeleteFunc(slices.Clone(environ), func(v string) bool { return strings.HasPrefix(v, TokenVariable) })
			if d := cmp.Diff(want, env.Child()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAnEnvironmentMayLeaveMuchOut(t *testing.T) {
	env, err := ParseEnvironment(minimalEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	want := Environment{
		FrameworkID: "f", ExecutorID: "e", Address: "10.0.0.1:5051", AgentProcess: "slave(1)", AgentEndpoint: "10.0.0.1:5051",
		Directory: "/sandbox", Sandbox: "/sandbox",
		ShutdownGrace: 5 * time.Second, RecoveryTimeout: 15 * time.Minute, BackoffMax: 2 * time.Second,
	}
	if d := cmp.Diff(want, env, cmpopts.IgnoreUnexported(Environment{})); d != "" {
		t.Error(d)
	}
}

func TestAllProblemsOfAnEnvironmentComeAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		want    []string
		exit    int
	}{
		"an empty environment is no agent's": {
			nil, []string{"error: not started by a Mesos agent [DCE600]"}, diag.ExitUnreachable,
		},
		"what is missing and what is malformed": {
			[]string{
				"MESOS_EXECUTOR_ID=e", "MESOS_SLAVE_PID=slave(1)", "MESOS_CHECKPOINT=yes", "MESOS_RECOVERY_TIMEOUT=15m",
				"MESOS_AGENT_ENDPOINT=agent", "LIBPROCESS_SSL_ENABLED=on", "no equals sign",
			},
			[]string{
				"error: not started by a Mesos agent [DCE600]",
				"error: the environment variable LIBPROCESS_SSL_ENABLED cannot be understood [DCE601]",
				"error: the environment variable MESOS_AGENT_ENDPOINT cannot be understood [DCE601]",
				"error: the environment variable MESOS_CHECKPOINT cannot be understood [DCE601]",
				"error: the environment variable MESOS_RECOVERY_TIMEOUT cannot be understood [DCE601]",
				"error: the environment variable MESOS_SLAVE_PID cannot be understood [DCE601]",
			},
			diag.ExitUnreachable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseEnvironment(c.environ)
			list, _ := diag.Of(err)
			var got []string
			for _, d := range list {
				got = append(got, d.String())
				if d.Hint == "" || d.Detail == "" {
					t.Errorf("%s says too little", d)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if got := list.Exit(); got != c.exit {
				t.Errorf("exit code %d, want %d", got, c.exit)
			}
		})
	}
}

func TestAnAgentsAddressStaysOneHostAndOnePath(t *testing.T) {
	for pid, ok := range map[string]bool{
		"slave(1)@10.0.0.1:5051":         true,
		"agent-2@[::1]:5051":             true,
		"slave(1)@host.example:5051":     true,
		"slave(1)/../x@10.0.0.1:5051":    false,
		"slave(1)?@10.0.0.1:5051":        false,
		"@10.0.0.1:5051":                 false,
		"slave(1)@10.0.0.1":              false,
		"slave(1)@10.0.0.1:0":            false,
		"slave(1)@10.0.0.1:99999":        false,
		"slave(1)@user@10.0.0.1:5051":    false,
		"slave(1)@10.0.0.1/x?:5051":      false,
		"slave(1)@:5051":                 false,
		"slave(1)@10.0.0.1 10.0.0.2:505": false,
	} {
		t.Run(pid, func(t *testing.T) {
			_, err := ParseEnvironment(append(minimalEnvironment(), "MESOS_SLAVE_PID="+pid))
			if got := err == nil; got != ok {
				t.Errorf("accepted: %v, want %v (%v)", got, ok, err)
			}
		})
	}
}

func FuzzEnvironment(f *testing.F) {
	f.Add(strings.Join(minimalEnvironment(), "\n"))
	f.Add(strings.Join(recordedEnvironment(f, "auth"), "\n"))
	f.Add(strings.Join(recordedEnvironment(f, "domain-socket"), "\n"))
	f.Add("MESOS_SLAVE_PID=a@b:1\nMESOS_CHECKPOINT=1\nMESOS_RECOVERY_TIMEOUT=1e9weeks\n" + TokenVariable + "=s3cr3t")
	f.Fuzz(func(t *testing.T, text string) {
		env, err := ParseEnvironment(strings.Split(text, "\n"))
		if err != nil {
			if _, ok := diag.Of(err); !ok {
				t.Errorf("not a diagnostic: %v", err)
			}
			return
		}
		if env.FrameworkID == "" || env.ExecutorID == "" || env.Directory == "" || env.Sandbox == "" || env.Address == "" || env.AgentProcess == "" {
			t.Errorf("a needed value is empty: %+v", env)
		}
		if env.ShutdownGrace < 0 || env.RecoveryTimeout < 0 || env.BackoffMax < 0 {
			t.Errorf("a duration is negative: %+v", env)
		}
		for _, v := range env.Child() {
			if strings.HasPrefix(v, TokenVariable+"=") {
				t.Errorf("the token is passed on: %q", v)
			}
		}
		if _, err := newTransport(env, "dce", nil); err != nil && !env.TLS.Enabled {
			t.Errorf("an understood environment cannot be used: %v", err)
		}
	})
}
