package term_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dce/internal/progress"
	"dce/internal/term"
)

// work is a pull that takes a while, in the clock of a synctest bubble.
func work(p *term.Progress, takes time.Duration) {
	p.On(progress.Event{ID: "web", Text: "pulling"})
	<-time.After(takes / 2)
	p.On(progress.Event{ID: "layer", Parent: "web", Current: 512 << 10, Total: 1 << 20})
	<-time.After(takes / 2)
	p.On(progress.Event{ID: "web", Status: progress.Done, Text: "pulled"})
}

func TestWorkThatIsSoonOverShowsNothing(t *testing.T) {
	for _, mode := range []string{"plain", "tty"} {
		synctest.Test(t, func(t *testing.T) {
			ui, _, stderr := screen(term.Config{Progress: mode})
			p := ui.Progress()
			work(p, 200*time.Millisecond)
			p.Close()
			if stderr.Len() > 0 {
				t.Errorf("%s: %q", mode, stderr)
			}
		})
	}
}

func TestPlainProgressIsALinePerChangeWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ui, _, stderr := screen(term.Config{Progress: "plain"})
		p := ui.Progress()
		start := time.Now()
		work(p, 4*time.Second)
		p.On(progress.Event{ID: "web", Status: progress.Done, Text: "pulled"})
		p.On(progress.Event{ID: "db", Status: progress.Failed, Text: "no such image"})
		p.Close()
		end := start.Add(4 * time.Second).Format(time.TimeOnly)
		want := start.Format(time.TimeOnly) + " web pulling\n" + end + " web done pulled (4.0s)\n" + end + " db failed no such image\n"
		if got := stderr.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestATerminalIsRedrawnInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ui, _, stderr := screen(term.Config{Progress: "tty"})
		p := ui.Progress()
		work(p, 2*time.Second)
		p.Close()
		shown := stderr.String()
		if !strings.Contains(shown, "\x1b[1A") {
			t.Errorf("nothing is redrawn: %q", shown)
		}
		if !strings.Contains(shown, "[██████████░░░░░░░░░░] 512.0K/1.0M pulling") {
			t.Errorf("no bar at one half: %q", shown)
		}
		last := shown[strings.LastIndex(shown, "\r"):]
		if !strings.Contains(last, "✓ web pulled") || !strings.Contains(last, "2.0s") {
			t.Errorf("the last line is %q", last)
		}
	})
}

func TestATerminalWithoutUnicodeGetsASCII(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ui, _, stderr := screen(term.Config{Progress: "tty", Getenv: environment(map[string]string{"LC_ALL": "C"})})
		p := ui.Progress()
		work(p, 2*time.Second)
		p.Close()
		for _, r := range stderr.String() {
			if r > 126 {
				t.Fatalf("%q in %q", r, stderr)
			}
		}
	})
}

func TestMoreStepsThanLinesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ui, _, stderr := screen(term.Config{Progress: "tty"})
		p := ui.Progress()
		for i := range 40 {
			p.On(progress.Event{ID: "service-" + string(rune('A'+i)), Text: "starting"})
		}
		<-time.After(time.Second)
		p.Close()
		if shown := stderr.String(); !strings.Contains(shown, "and 18 more") {
			t.Errorf("not counted: %q", shown)
		}
	})
}

func TestJSONProgressIsALinePerEvent(t *testing.T) {
	ui, _, stderr := screen(term.Config{Progress: "json"})
	p := ui.Progress()
	p.On(progress.Event{ID: "web", Text: "pulling", Current: 1, Total: 2})
	p.Close()
	var line struct {
		Time    time.Time `json:"time"`
		ID      string    `json:"id"`
		Status  string    `json:"status"`
		Current int64     `json:"current"`
	}
	if err := json.Unmarshal(bytes.TrimSpace(stderr.Bytes()), &line); err != nil {
		t.Fatal(err)
	}
	if line.ID != "web" || line.Status != "working" || line.Current != 1 || line.Time.IsZero() {
		t.Errorf("%s", stderr)
	}
}

func TestQuietShowsNoProgress(t *testing.T) {
	for name, c := range map[string]term.Config{"the flag": {Quiet: true}, "the mode": {Progress: "quiet"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ui, _, stderr := screen(c)
				p := ui.Progress()
				work(p, time.Hour)
				p.Close()
				if stderr.Len() > 0 {
					t.Errorf("%q", stderr)
				}
			})
		})
	}
}

func TestClosingTwiceAndSendingLateAreHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ui, _, _ := screen(term.Config{Progress: "tty"})
		p := ui.Progress()
		p.Close()
		p.Close()
		for range 1000 {
			p.On(progress.Event{ID: "late"})
		}
	})
}

func TestBytesAreInUnitsOf1024(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 1023: "1023B", 1024: "1.0K", 1 << 20: "1.0M", 3 << 29: "1.5G", 1 << 41: "2.0T"} {
		if got := term.Bytes(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
