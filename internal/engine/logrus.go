package engine

import (
	"log/slog"

	"github.com/sirupsen/logrus"
)

// compose and the docker CLI say their warnings through logrus' standard
// logger, by default to the process's stderr, across any progress. This file
// leads them to our logger. It is one for the process, as is theirs: the last
// engine connected to has it. The formatter is what is set, since it alone is
// both set and used under logrus' own lock, and project sets the output.
func takeOverLogrus(log *slog.Logger) { logrus.SetFormatter(forward{log}) }

// forward is a logrus formatter that passes entries on and prints nothing.
type forward struct{ to *slog.Logger }

// Format implements logrus.Formatter. What compose says is a debugging matter
// for dce: what a person must know comes back as an error.
func (f forward) Format(e *logrus.Entry) ([]byte, error) {
	f.to.Debug("compose said", "text", e.Message, "level", e.Level.String())
	return nil, nil
}
