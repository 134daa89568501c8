package executor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/cgroup"
	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/life"
	"dce/internal/project"
	"dce/internal/render"
)

func TestSettingsOfDCEGo(t *testing.T) {
	tests := map[string]struct {
		config map[string]string
		want   jobOptions
		wrong  string
	}{
		"none": {},
		"a launch timeout, of which a bare number is of milliseconds": {
			config: map[string]string{"launchtask.timeout": "90000"},
			want: jobOptions{
				flags: []project.Flag{{Path: "timeouts.launch", Value: "1m30s", Name: "label config.launchtask.timeout"}},
				notes: []string{"label config.launchtask.timeout: 90000 is taken for 1m30s"},
			},
		},
		"a stop timeout, of which a bare number is of seconds": {
			config: map[string]string{"cleanpod.timeout": "25"},
			want: jobOptions{
				flags: []project.Flag{{Path: "timeouts.stop", Value: "25s", Name: "label config.cleanpod.timeout"}},
				notes: []string{"label config.cleanpod.timeout: 25 is taken for 25s"},
			},
		},
		"switches": {
			config: map[string]string{
				"launchtask.skippull": "false", "cleanpod.cleanfailtask": "false", "cleanpod.cleanvolumeandcontaineronmesoskill": "false",
			},
			want: jobOptions{
				pull: "always", keepVolumes: true,
				flags: []project.Flag{{Path: "keep_failed", Value: "1h0m0s", Name: "label config.cleanpod.cleanfailtask"}},
			},
		},
		"what means nothing here is named": {
			config: map[string]string{"launchtask.retryinterval": "1s", "foldername": "x"},
			want:   jobOptions{ignored: []string{"label config.foldername", "label config.launchtask.retryinterval"}},
		},
		"an infra container of the job's own": {
			config: map[string]string{"infracontainer.image": "acme/infra:2", "infracontainer.networks.name": "net"},
			want: jobOptions{flags: []project.Flag{
				{Path: "infra.image", Value: "acme/infra:2", Name: "label config.infracontainer.image"},
				{Path: "infra.network", Value: "net", Name: "label config.infracontainer.networks.name"},
			}},
		},
		"dce-go's own infra container, on a network of the pod's own": {
			config: map[string]string{
				"infracontainer.image": "dcego/networkproxy:1.2", "infracontainer.networks.name": "net", "infracontainer.networks.pre_existing": "false",
			},
			want: jobOptions{
				ignored: []string{"label config.infracontainer.networks.name"},
				notes:   []string{"label config.infracontainer.image: dce's own infra container stands for dcego/networkproxy:1.2"},
			},
		},
		"a plugin that there is not": {config: map[string]string{"plugins.pluginorder": "general,acme"}, wrong: `label config.plugins.pluginorder names the plugin "acme"`},
		"a duration that is none":    {config: map[string]string{"cleanpod.timeout": "soon"}, wrong: `"soon", which is no duration`},
		"a switch that is none":      {config: map[string]string{"launchtask.skippull": "maybe"}, wrong: `neither true nor false`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := jobWith(tt.config).options()
			if tt.wrong != "" {
				if problems, _ := diag.Of(err); len(problems) != 1 || !strings.Contains(problems[0].Summary, tt.wrong) {
					t.Fatalf("problems %v", err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(jobOptions{})); err != nil || diff != "" {
				t.Errorf("%v, -want +got:\n%s", err, diff)
			}
		})
	}
}

// jobWith is a job whose labels set these.
func jobWith(config map[string]string) job {
	labels := map[string]string{}
	for key, value := range config {
		labels[labelConfig+key] = value
	}
	return job{config: configOf(labels)}
}

func TestParentOf(t *testing.T) {
	const container = "c-1"
	facts := render.Task{PodID: container, Resources: render.Resources{CPUs: 1, MemMB: 64}}
	tests := map[string]struct {
		member  string
		driver  string
		want    life.Cgroup
		why     string
		refused bool
	}{
		"the agent's cgroup, whatever its root": {
			member: "4:memory:/any/root/c-1\n", want: life.Cgroup{Parent: "/any/root/c-1"},
		},
		"the root of a cgroup namespace": {
			member: "4:memory:/\n", want: life.Cgroup{Parent: "/dce/shared"}, why: "in a cgroup namespace",
		},
		"the agent's own, under the posix launcher": {
			member: "4:memory:/system.slice/agent\n", want: life.Cgroup{Parent: "/dce/shared"}, why: "posix launcher",
		},
		"an engine with the systemd driver": {member: "4:memory:/mesos/c-1\n", driver: "systemd", refused: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := cgroup.Parse(tt.member)
			if err != nil {
				t.Fatal(err)
			}
			// No tree at all: nothing can be made here.
			got, why, err := parentOf(facts, container, m, engine.Info{CgroupDriver: tt.driver, Local: true}, cgroup.Tree{})
			if (err != nil) != tt.refused {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || !strings.Contains(why, tt.why) {
				t.Errorf("why %q, -want +got:\n%s", why, diff)
			}
		})
	}
}

func TestWhereOf(t *testing.T) {
	w := whereOf([]string{"172.17.0.2"}, []render.PortMapping{
		{Service: "web", Protocol: "tcp", ContainerPort: 80, HostPort: 31000},
		{Service: "dns", Protocol: "udp", ContainerPort: 53, HostPort: 31001, HostIP: "127.0.0.1"},
	})
	if n := w.status.NetworkInfos[0]; len(n.IPAddresses) != 1 || len(n.PortMappings) != 2 || n.PortMappings[1].GetProtocol() != "udp" {
		t.Errorf("%v", n)
	}
	got := map[string]string{}
	for _, l := range w.labels {
		got[l.Key] = l.GetValue()
	}
	want := map[string]string{"dce.port.web.80/tcp": "31000", "dce.port.dns.53/udp": "127.0.0.1:31001"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if whereOf(nil, nil).status != nil {
		t.Error("without an address the agent's own is lost")
	}
}
