package project

import (
	"io"
	"sync"

	"github.com/sirupsen/logrus"
)

// compose-go says its warnings through logrus' standard logger and nothing
// else. This is the one file that knows: for the time of a call the logger's
// output and hooks are ours.

// logrusTurn lets one load at a time have the standard logger, which is one for
// the process.
//
//nolint:gochecknoglobals // it guards a global of another module
var logrusTurn sync.Mutex

// capture runs f and returns the warnings that compose-go logged meanwhile.
func capture(f func()) []string {
	logrusTurn.Lock()
	defer logrusTurn.Unlock()
	std := logrus.StandardLogger()
	kept := &keeper{}
	out := std.Out
	hooks := std.ReplaceHooks(logrus.LevelHooks{logrus.WarnLevel: {kept}})
	std.SetOutput(io.Discard)
	defer func() {
		std.SetOutput(out)
		std.ReplaceHooks(hooks)
	}()
	f()
	return kept.messages
}

type keeper struct{ messages []string }

// Levels implements logrus.Hook.
func (*keeper) Levels() []logrus.Level { return []logrus.Level{logrus.WarnLevel} }

// Fire implements logrus.Hook.
func (k *keeper) Fire(e *logrus.Entry) error {
	k.messages = append(k.messages, e.Message)
	return nil
}
