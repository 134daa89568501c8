package executor

import (
	"context"
	"log/slog"
	"time"

	"dce/internal/pod"
)

// witnessTime bounds what a removal waits for the notes on a failed pod.
const witnessTime = 5 * time.Second

// witness writes down what the engine knows of a pod that has failed, before it
// is gone. What cannot be had is left out: the pod's end does not wait for it.
type witness struct {
	ended chan pod.Pod // the terminal report, once
	done  bool
}

// ends takes the terminal report.
func (w *witness) ends(p pod.Pod) {
	select {
	case w.ended <- p:
	default: // it was told already
	}
}

// inspect waits for the terminal report, which comes beside the removal, and
// writes the notes on a failure. Only one goroutine at a time calls it.
func (r *run) inspect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, witnessTime)
	defer cancel()
	if r.witness.done {
		return
	}
	select {
	case p := <-r.witness.ended:
		r.witness.done = true
		if p.State != pod.Failed {
			return
		}
	case <-ctx.Done():
		return
	}
	known, err := r.docker.Inspect(ctx, r.podID)
	if err == nil && known == nil { // it never had a container
		return
	}
	if err == nil {
		known, err = r.redactor.json(known)
	}
	if err == nil {
		err = writeFile(r.dir, inspectFile, known)
	}
	if err != nil {
		r.log.Warn("writing down what the engine knows of the pod", slog.Any("err", err))
	}
}
