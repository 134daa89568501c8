package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/cluster"
	"dce/internal/diag"
	"dce/internal/progress"
	"dce/internal/term"
)

// follow shows a deployment to a person: a line for each instance, and what is
// known of one that failed. It is a cluster.Screen.
type follow struct {
	app      *app
	site     *site
	progress *term.Progress
}

func (a *app) follow(s *site) *follow { return &follow{app: a, site: s} }

// Show implements cluster.Screen.
func (f *follow) Show(l cluster.Line) {
	e := progress.Event{ID: l.ID, Text: l.Text}
	switch {
	case l.Failed:
		e.Status = progress.Failed
	case l.Done:
		e.Status = progress.Done
	}
	f.steps().On(e)
}

func (f *follow) steps() *term.Progress {
	if f.progress == nil {
		f.progress = f.app.ui().Progress()
	}
	return f.progress
}

// Close ends what is shown, so that other words can be written.
func (f *follow) Close() {
	if f.progress != nil {
		f.progress.Close()
		f.progress = nil
	}
}

// Troubled implements cluster.Screen.
func (f *follow) Troubled(err error) {
	e := progress.Event{ID: "marathon", Text: "answers again", Status: progress.Done}
	if err != nil {
		e.Text, e.Status = "does not answer; the deployment goes on without us: "+firstLine(err.Error()), progress.Warning
	}
	f.steps().On(e)
}

// Locked implements cluster.Screen.
func (f *follow) Locked(err error) {
	f.Close()
	if list, ok := diag.Of(err); ok {
		f.app.ui().Say("waiting: %s\n  %s", list[0].Summary, list[0].Detail)
	}
}

// Applied implements cluster.Screen.
func (f *follow) Applied(d cluster.Deployment) {
	f.app.ui().Say("deployment %s of version %s has begun; Ctrl-C leaves it going", d.ID, d.Version)
}

// Failed implements cluster.Screen: it shows what is known of the failure while
// the sandboxes are there.
func (f *follow) Failed(w cluster.Watch) {
	f.Close()
	ctx := context.Background() // also where the watch was interrupted
	for i, failure := range w.Failures {
		if i > 0 && firstLine(failure.Message) == firstLine(w.Failures[i-1].Message) {
			continue // the next one failed alike
		}
		f.app.showFailure(ctx, f.site, failure)
	}
	if len(w.Failures) > 0 || w.End != cluster.TimedOut {
		return
	}
	for _, i := range w.Seen.Instances {
		if i.State != cluster.Ready {
			f.app.lastWords(ctx, f.site, i.Agent, i.ID, cluster.Name(i.ID)+" is "+cluster.Words(i)+"; ")
		}
	}
}

// evidenceTime bounds looking for the last words of an instance.
const evidenceTime = 5 * time.Second

// evidenceLines is how many lines of an instance's own words are shown.
const evidenceLines = 12

// lastWords shows the end of an executor's log, where the agent gives it.
func (a *app) lastWords(ctx context.Context, s *site, agent, instance, what string) {
	ctx, cancel := context.WithTimeout(ctx, evidenceTime)
	defer cancel()
	box, err := s.boxes.Find(ctx, agent, instance)
	if err != nil {
		return
	}
	end, err := box.End(ctx, "stderr")
	lines := strings.Split(strings.TrimRight(string(end), "\n"), "\n")
	if err != nil || len(end) == 0 {
		return
	}
	lines = lines[max(0, len(lines)-evidenceLines):]
	a.ui().Say("%sits executor said last:\n  %s", what, strings.Join(lines, "\n  "))
}

// showFailure says what is known of an instance that failed.
func (a *app) showFailure(ctx context.Context, s *site, f cluster.Failure) {
	text := strings.TrimSpace(f.Message)
	if text == "" {
		text = strings.ToLower(strings.TrimPrefix(f.State, "TASK_")) + ", without a word"
	}
	a.ui().Say("%s on %s failed:\n  %s", cluster.Name(f.Instance), f.Host, strings.ReplaceAll(text, "\n", "\n  "))
	if bareEnd(text) && f.Agent != "" {
		a.lastWords(ctx, s, f.Agent, f.Instance, "")
	}
}

// bareEnd says that the words are the agent's, which knows that an executor has
// ended or never came, and not why (src/slave/slave.cpp, Mesos 1.11).
func bareEnd(text string) bool {
	for _, words := range []string{"Executor terminated", "Executor did not register", "Abnormal executor termination"} {
		if strings.HasPrefix(text, words) {
			return true
		}
	}
	return false
}

// Returning implements cluster.Screen.
func (f *follow) Returning(to *cluster.Release) {
	f.Close()
	if to == nil {
		f.app.ui().Say("there was no version before it: stopping the app")
		return
	}
	f.app.ui().Say("rolling back to version %s", to.Version)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// confirm asks before a change that wants it. Where nobody can be asked, the
// change needs --yes.
func (a *app) confirm(ctx context.Context, wanted bool, question string, cmd *cobra.Command) error {
	if !wanted {
		return nil
	}
	if !a.canAsk() {
		return usage("DCE767", cmd.CommandPath()+" wants to be confirmed, and there is nobody to ask", "add --yes")
	}
	answer, err := a.ask(ctx, question+" [y/N] ")
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(answer)) {
		a.ui().Say("nothing was changed")
		return exit(diag.ExitUsage)
	}
	return nil
}

// canAsk says that a person is at both ends of the terminal.
func (a *app) canAsk() bool {
	return !a.common.noInput && a.getenv("CI") == "" && a.ui().Err().TTY && term.IsTerminal(a.env.Stdin)
}

// ask reads a line that a person types. The reading outlives an interrupt: it
// ends with the process.
func (a *app) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(a.ui().Err(), question)
	type typed struct {
		line string
		err  error
	}
	lines := make(chan typed, 1) // taken or not
	go func() {
		line, err := bufio.NewReader(a.env.Stdin).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		lines <- typed{strings.TrimSpace(line), err}
	}()
	select {
	case t := <-lines:
		return t.line, t.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
