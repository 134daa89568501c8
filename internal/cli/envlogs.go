package cli

import (
	"context"
	"time"

	"dce/internal/cluster/marathon"
)

// runEnvLogs shows the logs of an environment's instances, from their sandboxes
// on the agents.
func (a *app) runEnvLogs(ctx context.Context, f *logsFlags, services []string) error {
	if f.name != "" {
		return usage("DCE245", "--name and --env exclude each other", "leave one of them out: --name is for a pod of this machine")
	}
	tail, since, err := f.selected(time.Now())
	if err != nil {
		return err
	}
	s, err := a.site(ctx, there{f.environment})
	if err != nil {
		return err
	}
	defer s.close()
	o := marathon.LogOptions{Services: services, Tail: tail, Since: since, Follow: f.follow, Failed: f.failed}
	warn := func(instance string, err error) { a.ui().Say("%s: %s", instance, err) }
	show := f.printer(a, nil)
	err = s.Logs(ctx, s.boxes, o, func(l marathon.LogLine) {
		line := newLogLine(l.Time, l.Service, l.Stderr, l.Text)
		line.Instance = l.Instance
		show(line)
	}, warn)
	if marathon.Missing(err) {
		return s.missing()
	}
	return err
}
