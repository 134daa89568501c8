package mesos

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/mesos/mesos-go/api/v1/lib"
)

func TestAStatusHasAllThatAnAgentWants(t *testing.T) {
	healthy, protocol, ip, value := true, v1.IPv4, "172.18.0.2", "1"
	u := Update{
		TaskID: "a", State: v1.TASK_RUNNING, Message: "all up", Reason: v1.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum(), Healthy: &healthy,
		Container: &v1.ContainerStatus{NetworkInfos: []v1.NetworkInfo{{IPAddresses: []v1.NetworkInfo_IPAddress{{Protocol: &protocol, IPAddress: &ip}}}}},
		Labels:    []v1.Label{{Key: "port", Value: &value}},
		Data:      []byte("\x00\xff"),
	}
	got, err := u.status("e", time.Unix(1795354556, 500_000_000))
	if err != nil {
		t.Fatal(err)
	}
	timestamp, message := 1795354556.5, "all up"
	want := v1.TaskStatus{
		TaskID: v1.TaskID{Value: "a"}, State: v1.TASK_RUNNING.Enum(), Source: v1.SOURCE_EXECUTOR.Enum(), Message: &message,
		Reason: u.Reason, Healthy: u.Healthy, ContainerStatus: u.Container, Labels: &v1.Labels{Labels: u.Labels}, Data: u.Data,
		ExecutorID: &v1.ExecutorID{Value: "e"}, Timestamp: &timestamp, UUID: got.UUID,
	}
	if d := cmp.Diff(want, got); d != "" || len(got.UUID) != 16 {
		t.Errorf("%s, uuid %x", d, got.UUID)
	}
	*u.Healthy, *u.Container.NetworkInfos[0].IPAddresses[0].IPAddress, u.Data[0] = false, "changed", 'x'
	if !got.GetHealthy() || got.ContainerStatus.NetworkInfos[0].IPAddresses[0].GetIPAddress() != "172.18.0.2" || got.Data[0] != 0 {
		t.Error("what the caller changes later must not reach the agent")
	}
}

func TestAnUpdateWithoutTaskOrOfAnAgentsStateIsRefused(t *testing.T) {
	for name, u := range map[string]Update{
		"no task":      {State: v1.TASK_RUNNING},
		"TASK_STAGING": {TaskID: "a", State: v1.TASK_STAGING},
	} {
		if _, err := u.status("e", time.Now()); !errors.Is(err, errUpdate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMessagesAreCutAtTenThousandCharacters(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"a short one":               {"image registry/x:1 not found", "image registry/x:1 not found"},
		"10,000 characters":         {strings.Repeat("ü", 10_000), strings.Repeat("ü", 10_000)},
		"10,001 characters":         {strings.Repeat("ü", 10_001), strings.Repeat("ü", 9_994) + " [...]"},
		"bytes that are not UTF-8":  {"last line: \xff\xfe", "last line: �"},
		"many that are not UTF-8":   {strings.Repeat("\xffa", 20_000), strings.Repeat("�a", 4_997) + " [...]"},
		"nothing":                   {"", ""},
		"a control character stays": {"a\x1b[0m\n\tb", "a\x1b[0m\n\tb"},
	} {
		t.Run(name, func(t *testing.T) {
			got := cut(c.in)
			if got != c.want || !utf8.ValidString(got) {
				t.Errorf("got %d characters: %.40q", utf8.RuneCountInString(got), got)
			}
		})
	}
}

func TestUUIDsAreOfVersion4AndDiffer(t *testing.T) {
	a, b := newUUID(), newUUID()
	if len(a) != 16 || string(a) == string(b) || a[6]>>4 != 4 || a[8]>>6 != 2 {
		t.Errorf("got %x and %x", a, b)
	}
}

func TestTerminalStates(t *testing.T) {
	terminal := map[string]bool{
		"TASK_FINISHED": true, "TASK_FAILED": true, "TASK_KILLED": true, "TASK_ERROR": true, "TASK_LOST": true,
		"TASK_DROPPED": true, "TASK_GONE": true, "TASK_GONE_BY_OPERATOR": true,
	}
	for number, name := range v1.TaskState_name {
		if got := Terminal(v1.TaskState(number)); got != terminal[name] {
			t.Errorf("%s: %v", name, got)
		}
	}
}
