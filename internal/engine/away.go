package engine

import (
	"context"
	"time"
)

// awayTime bounds the call that tells whether an engine is going. A ping takes it
// a millisecond.
const awayTime = 5 * time.Second

// Away reports whether the engine is out of reach, or was when a stop of
// containers returned err: then it may be what has ended them.
func (e *Engine) Away(ctx context.Context, err error) bool {
	return Unreachable(err) || e.callNew(ctx) != nil
}

// callNew fails where the engine takes no new calls. One that was asked to end
// (20.10.24: SIGTERM) closes its socket first, stops all containers then and
// ends; what is connected already is answered as long as that takes, so that a
// pod seems to have ended by itself. Where a service manager holds the socket
// (-H fd://), new connections are accepted and wait for the next engine.
func (e *Engine) callNew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(awayTime, e.callTimeout))
	defer cancel()
	answer, err := e.get(ctx, e.fresh(), "/_ping")
	if err != nil {
		return err
	}
	return answer.Close()
}
