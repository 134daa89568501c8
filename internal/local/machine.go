package local

import (
	"context"
	"log/slog"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/progress"
)

// Machine is this machine as a place for pods.
type Machine struct {
	Engine *engine.Engine
	Dirs   Dirs
	Screen Screen
	// Log takes what helps to find a fault; nil is silence.
	Log *slog.Logger

	info engine.Info
}

// Meet asks the engine what it is. Up and DryRun need to know, and ask by
// themselves where nobody has; the answer takes the engine some milliseconds,
// in which a pod can be loaded.
func (m *Machine) Meet(ctx context.Context) error {
	if m.info != (engine.Info{}) {
		return nil
	}
	var err error
	m.info, err = m.Engine.Info(ctx)
	return err
}

// Screen is where a person sees what happens.
type Screen interface {
	// Say is a line about what happens; the log lines of services are Line's.
	Say(format string, args ...any)
	Warn(problems diag.List)
	Line(l engine.LogLine)
	// Progress opens a progress display; it is closed before anything else is
	// said.
	Progress() Progress
}

// Progress is a sink that is closed when its work has ended.
type Progress interface {
	progress.Sink
	Close()
}
