package marathon

import (
	"encoding/json"
	"errors"
	"net/http"

	"dce/internal/devcluster/scheduler"
)

// reply is an answer to a request.
type reply struct {
	status int
	body   any // JSON; nil means no body
	text   string
	header map[string]string
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

func message400(text string) reply {
	return reply{status: http.StatusBadRequest, body: map[string]any{"message": text}}
}

// notRouted is what Marathon says of a path that it does not know: not 404.
func notRouted() reply {
	return reply{status: http.StatusInternalServerError, body: map[string]any{"message": "URI not found"}}
}

// begun is the answer to what began a deployment.
func begun(d *scheduler.Deployment) reply {
	return reply{
		status: http.StatusOK, header: map[string]string{"Marathon-Deployment-Id": d.ID},
		body: map[string]any{"version": d.Version, "deploymentId": d.ID},
	}
}

// failed is an error as Marathon answers it (api/MarathonExceptionMapper.scala).
func failed(err error) reply {
	body := map[string]any{"message": err.Error()}
	var invalid *scheduler.InvalidError
	var locked *scheduler.LockedError
	switch {
	case errors.As(err, &invalid):
		if invalid.Text != "" {
			body["details"] = invalid.Text

			return reply{status: http.StatusBadRequest, body: body}
		}
		body["details"] = invalid.Details

		return reply{status: http.StatusUnprocessableEntity, body: body}
	case errors.As(err, &locked):
		ids := []map[string]string{}
		for _, id := range locked.Deployments {
			ids = append(ids, map[string]string{"id": id})
		}
		body["deployments"] = ids

		return reply{status: http.StatusConflict, body: body}
	case errors.Is(err, scheduler.ErrNotFound):
		return reply{status: http.StatusNotFound, body: body}
	case errors.Is(err, scheduler.ErrConflict):
		return reply{status: http.StatusConflict, body: body}
	case errors.Is(err, scheduler.ErrRefused):
		return reply{status: http.StatusUnprocessableEntity, body: body}
	}

	return reply{status: http.StatusInternalServerError, body: body}
}

func (a reply) write(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	var data []byte
	switch {
	case a.body != nil:
		var err error
		if data, err = json.Marshal(a.body); err != nil {
			panic(err) // a bug: bodies hold nothing that JSON cannot
		}
		w.Header().Set("Content-Type", "application/json")
	case a.text != "":
		data = []byte(a.text)
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "text/plain")
		}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(data) // the peer is gone or reads it
}
