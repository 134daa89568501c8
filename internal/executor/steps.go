package executor

import (
	"log/slog"

	"dce/internal/progress"
)

// steps logs the steps of a launch as they end. What goes on in between is for
// people who watch.
type steps struct{ log *slog.Logger }

// On implements progress.Sink.
func (s steps) On(e progress.Event) {
	switch e.Status {
	case progress.Failed:
		s.log.Warn("step failed", slog.String("step", e.ID), slog.String("text", e.Text))
	case progress.Done:
		s.log.Info("step done", slog.String("step", e.ID), slog.String("text", e.Text))
	default:
		s.log.Debug("step", slog.String("step", e.ID), slog.String("text", e.Text))
	}
}
