package supervisor

import (
	"encoding/json"
	"log/slog"

	"dce/internal/pod"
)

// outbox tells the world what happened, in order, in a goroutine of its own: a
// slow disk or a slow front delays nothing of the pod.
type outbox struct {
	mail *mailbox[func()]
	done chan struct{}
	o    Options
	torn bool // writing the timeline failed once: said once, not at every line
}

func newOutbox(o Options) *outbox {
	b := &outbox{mail: newMailbox[func()](), done: make(chan struct{}), o: o}
	go b.run()
	return b
}

func (b *outbox) run() {
	defer close(b.done)
	for range b.mail.ready {
		items, closed := b.mail.take()
		for _, tell := range items {
			tell()
		}
		if closed {
			return
		}
	}
}

// end waits until everything was told.
func (b *outbox) end() {
	b.mail.close()
	<-b.done
}

func (b *outbox) report(p pod.Pod) { b.mail.put(func() { b.o.Front.Report(p) }) }

func (b *outbox) reach(back bool) {
	if b.o.Reach != nil {
		b.mail.put(func() { b.o.Reach(back) })
	}
}

func (b *outbox) line(l Line) {
	if b.o.Events == nil {
		return
	}
	b.mail.put(func() { b.write(l) })
}

func (b *outbox) write(l Line) {
	bytes, err := json.Marshal(l)
	if err == nil {
		_, err = b.o.Events.Write(append(bytes, '\n'))
	}
	if err != nil && !b.torn {
		b.torn = true
		b.o.Log.Error("writing the timeline", slog.Any("err", err))
	}
}
