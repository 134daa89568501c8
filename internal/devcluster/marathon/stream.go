package marathon

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"dce/internal/devcluster/scheduler"
)

// keepAlive is how often a silent stream gets an empty line, so that both ends see whether the other lives.
const keepAlive = 5 * time.Second

// stream serves /v2/events.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		w.Header().Set("Content-Type", "text/html;charset=utf-8")
		reply{status: http.StatusMethodNotAllowed, text: page("405", "Method Not Allowed")}.write(w)

		return
	}
	kinds := r.URL.Query()["event_type"]
	events, stop := s.events.subscribe(kinds)
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream;charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache, no-store, must-revalidate")
	w.WriteHeader(http.StatusOK)
	attached := messageOf(scheduler.Tell{
		Type: "event_stream_attached", At: scheduler.Time{Time: time.Now()}, Fields: map[string]any{"remoteAddress": hostOf(r.RemoteAddr)},
	})
	control := http.NewResponseController(w)
	send := func(text string) bool {
		_, err := fmt.Fprint(w, text)

		return err == nil && control.Flush() == nil
	}
	if !send(frame(attached)) {
		return
	}
	ticker := time.NewTicker(keepAlive)
	defer ticker.Stop()
	for {
		alive := true
		select {
		case m, open := <-events:
			if !open {
				panic(http.ErrAbortHandler) // cut off, not ended
			}
			alive = send(frame(m))
		case <-ticker.C:
			alive = send("\r\n")
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		}
		if !alive {
			return
		}
	}
}

func frame(m message) string { return fmt.Sprintf("event: %s\r\ndata: %s\r\n\r\n", m.kind, m.data) }

// page is an error as the web server of Marathon writes it.
func page(status, text string) string {
	return "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n<title>Error " + status + " " + text +
		"</title>\n</head>\n<body><h2>HTTP ERROR " + status + "</h2>\n<p>Problem accessing the page. Reason:\n<pre>    " + text +
		"</pre></p><hr><i><small>Powered by Jetty://</small></i><hr/>\n</body>\n</html>\n"
}
