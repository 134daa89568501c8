package devcluster

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"dce/internal/diag"
	"dce/internal/lease"
)

// Stop ends the cluster of a home and waits until it is gone, or until ctx ends. It says whether there was one; of one
// that was killed it removes what is left.
func (h Home) Stop(ctx context.Context, now bool) (bool, error) {
	r, runs, err := h.Record()
	if err != nil {
		return false, err
	}
	if !runs {
		return false, h.tidy()
	}
	id := h.identity(r.PID)
	id.Start, id.BootID = r.Start, r.BootID
	if err := signal(id); err != nil {
		return true, err
	}
	if now {
		if err := signal(id); err != nil {
			return true, err
		}
	}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		if held, err := h.held(); err != nil || !held {
			return true, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return true, diag.Fail(diag.Diagnostic{
				Code: "DCE691", Summary: "the devcluster did not end in time",
				Detail: "It was told to, and ends its tasks within their grace.",
				Hint:   "look into " + h.Log() + ", or kill its tasks with `dce devcluster stop --now`", Cause: context.Cause(ctx),
			})
		}
	}
}

// signal asks the process of a cluster to end, if it provably is that one.
func signal(id lease.Identity) error {
	if !lease.Here().SameProcess(id) {
		return nil
	}
	p, err := os.FindProcess(id.PID)
	if err == nil {
		err = p.Signal(syscall.SIGTERM)
	}
	if err != nil {
		return fmt.Errorf("asking the devcluster to end: %w", err)
	}

	return nil
}
