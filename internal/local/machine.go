package local

import (
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
