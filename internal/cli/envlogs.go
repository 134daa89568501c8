package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"dce/internal/cluster"
	"dce/internal/cluster/marathon"
	"dce/internal/term"
)

// runEnvLogs shows the logs of an environment's instances, from their sandboxes
// on the agents.
func (a *app) runEnvLogs(ctx context.Context, f *logsFlags, services []string) error {
	for _, name := range []struct {
		flag  string
		given bool
	}{{"since", f.since != ""}, {"timestamps", f.timestamps}, {"name", f.name != ""}} {
		if name.given {
			return usage("DCE245", "--"+name.flag+" and --env exclude each other", "leave it out: the files on the agents have the lines only")
		}
	}
	tail := -1
	if f.tail != "all" {
		n, err := strconv.Atoi(f.tail)
		if err != nil || n < 0 {
			return usage("DCE241", fmt.Sprintf("flag --tail does not take %q", f.tail), "give a number of lines, or all")
		}
		tail = n
	}
	s, err := a.site(ctx, there{f.environment})
	if err != nil {
		return err
	}
	defer s.close()
	o := marathon.LogOptions{Services: services, Tail: tail, Follow: f.follow, Failed: f.failed}
	warn := func(instance string, err error) { a.ui().Say("%s: %s", instance, err) }
	err = s.Logs(ctx, s.boxes, o, f.envPrinter(a), warn)
	if marathon.Missing(err) {
		return s.missing()
	}
	return err
}

// envLogLine is one line of `dce logs --env NAME -o json`.
type envLogLine struct {
	Instance string `json:"instance"`
	Service  string `json:"service"`
	Stream   string `json:"stream"`
	Text     string `json:"text"`
}

func (f *logsFlags) envPrinter(a *app) func(marathon.LogLine) {
	if f.output.value == "json" {
		return func(l marathon.LogLine) {
			line := envLogLine{Instance: l.Instance, Service: l.Service, Stream: "stdout", Text: l.Text}
			if l.Stderr {
				line.Stream = "stderr"
			}
			a.jsonLine(line)
		}
	}
	logs := a.ui().Logs(a.ui().Out(), term.LogOptions{NoPrefix: f.noPrefix})
	return func(l marathon.LogLine) {
		logs.Line(strings.TrimPrefix(cluster.Name(l.Instance), "instance ")+"/"+l.Service, l.Text)
	}
}

// jsonLine writes one value on a line of its own.
func (a *app) jsonLine(v any) {
	if b, err := json.Marshal(v); err == nil {
		fmt.Fprintf(a.ui().Out(), "%s\n", b)
	}
}
