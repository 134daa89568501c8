package engine

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/google/go-cmp/cmp"

	"dce/internal/render"
)

func labelsOf(t *testing.T, text string) map[string]string {
	t.Helper()
	var got map[string]string
	of := fields{"Labels": labelsInto(&got)}
	if err := of.read(json.NewDecoder(&shorten{from: strings.NewReader(text), most: mostOfText})); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOnlyLabelsThatMeanSomethingAreKept(t *testing.T) {
	t.Parallel()
	want := map[string]string{otherOurs: ""} // a mark, however many there are
	for _, key := range append(render.Labels(), api.ProjectLabel, api.ServiceLabel, api.ContainerNumberLabel, api.DependenciesLabel) {
		want[key] = "its value"
	}
	all := map[string]string{"dce.x0": "a", "dce.x1": "b", "dce.project": "c", "dcex": "d", "somebody's": "e", "com.docker.compose.config-hash": "f"}
	for key, value := range want {
		if key != otherOurs {
			all[key] = value
		}
	}
	text, err := json.Marshal(map[string]any{"Id": "c1", "Ports": []any{map[string]any{"dce.pod": "no label"}, []int{1}}, "Labels": all, "Mounts": nil})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, labelsOf(t, string(text))); d != "" {
		t.Error(d)
	}
	for _, none := range []string{`{"Labels":null}`, `{"Labels":{}}`, `{}`, `null`} {
		if got := labelsOf(t, none); len(got) > 0 {
			t.Errorf("%s: %v", none, got)
		}
	}
}

// What a pod's containers depend on, of hundreds of services, gives their order.
func TestLabelsAreAsLongAsTheyMeanSomething(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 60<<10)
	got := labelsOf(t, `{"Labels":{"`+api.DependenciesLabel+`":"`+long+`","dce.lease":"`+long+`"}}`)
	if len(got[api.DependenciesLabel]) != len(long) || len(got[render.LabelLease]) != mostOfLabel {
		t.Errorf("%d and %d bytes", len(got[api.DependenciesLabel]), len(got[render.LabelLease]))
	}
}

func TestWhatIsLongIsCutAndStaysJSON(t *testing.T) {
	t.Parallel()
	for name, unit := range map[string]string{
		"letters": "x", "quotes": `\"`, "backslashes": `\\`, "what is written in hexadecimal": `\u003c`, "pairs": `\ud83d\ude00`, "other letters": "é",
	} {
		for i, ahead := range []string{"", "x", "xx", "xxx", "xxxx", "xxxxx"} {
			const most = 40
			reader := []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader}[i%3]
			text := `{"a":"` + ahead + strings.Repeat(unit, 3*most) + `","b\\":"` + ahead + unit + `"}`
			cut, err := io.ReadAll(&shorten{from: reader(strings.NewReader(text)), most: most})
			if err != nil {
				t.Fatal(err)
			}
			var got, whole map[string]string
			if err := json.Unmarshal(cut, &got); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := json.Unmarshal([]byte(text), &whole); err != nil {
				t.Fatal(err)
			}
			if got[`b\`] != whole[`b\`] || len(got) != len(whole) {
				t.Errorf("%s: %q", name, got[`b\`])
			}
			if len(cut) > 8*most || len(got["a"]) < most {
				t.Errorf("%s: %d bytes, and the label %d", name, len(cut), len(got["a"]))
			}
		}
	}
}
