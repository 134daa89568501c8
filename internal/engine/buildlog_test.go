package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/progress"
)

func TestABuildIsReadAlong(t *testing.T) {
	t.Parallel()
	var steps []string
	l := &buildLog{image: "web:1", to: progress.Func(func(e progress.Event) { steps = append(steps, e.ID+": "+e.Text) })}
	output := `{"stream":"Step 1/2 : FROM scratch\n"}
{"stream":" ---\u003e \n"}
{"stream":"Step 2/2 : RUN x\n"}

{"stream":" ---\u003e Running in 4902c7ae7aaa\n"}
{"stream":"\u001b[91mx: not found\n\u001b[0m"}
{"stream":"Removing intermediate container 4902c7ae7aaa\n"}
`
	write := func(text string) {
		for len(text) > 0 { // as it comes from a socket, in pieces
			n := min(7, len(text))
			if _, err := l.Write([]byte(text[:n])); err != nil {
				t.Fatal(err)
			}
			text = text[n:]
		}
	}
	write(output)
	lines, failed := l.last()
	if diff := cmp.Diff([]string{"Step 1/2 : FROM scratch", "Step 2/2 : RUN x", "x: not found"}, lines); diff != "" || failed {
		t.Errorf("failed %v, lines (-want +got):\n%s", failed, diff)
	}
	if diff := cmp.Diff([]string{"image web:1: Step 1/2 : FROM scratch", "image web:1: Step 2/2 : RUN x"}, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}

	write(`{"stream":"` + strings.Repeat("x", 2*buildLineSize) + `\n"}` + "\n")
	for i := range 2 * buildLines {
		write(fmt.Sprintf(`{"stream":"line %d\n"}`+"\n", i))
	}
	write(`{"errorDetail":{"code":1,"message":"returned a non-zero code: 1"},"error":"returned a non-zero code: 1"}` + "\r\n")
	lines, failed = l.last()
	if len(lines) != buildLines || lines[buildLines-1] != fmt.Sprintf("line %d", 2*buildLines-1) || !failed {
		t.Errorf("failed %v, lines %q", failed, lines)
	}
}
