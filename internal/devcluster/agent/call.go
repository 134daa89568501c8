package agent

import (
	"mime"
	"net/http"
	"strings"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

const (
	typeJSON     = "application/json"
	typeProtobuf = "application/x-protobuf"
	maxCall      = 64 << 20 // a call is an update with a message, or a list of them
)

// answer is a response that is not a stream.
type answer struct {
	status int
	text   string
}

// parseCall reads a call; the refusal is nil when it is good. Its order of checks and its texts are those recorded.
func parseCall(contentType string, body []byte) (*executor.Call, *answer) {
	if contentType == "" {
		return nil, &answer{http.StatusBadRequest, "Expecting 'Content-Type' to be present"}
	}
	call := &executor.Call{}
	hasType := false
	switch contentType {
	case typeJSON:
		if err := unmarshalJSON(body, call); err != nil {
			return nil, &answer{http.StatusBadRequest, err.Error()}
		}
		hasType = call.Type != executor.Call_UNKNOWN || namesUnknownType(body)
	case typeProtobuf:
		if err := call.Unmarshal(body); err != nil {
			return nil, &answer{http.StatusBadRequest, "Failed to parse body into Call protobuf"}
		}
		hasType = call.Type != executor.Call_UNKNOWN
	default:
		return nil, &answer{http.StatusUnsupportedMediaType, "Expecting 'Content-Type' of application/json or application/x-protobuf"}
	}
	if err := validateCall(call, hasType); err != nil {
		return nil, &answer{http.StatusBadRequest, "Failed to validate Executor::Call: " + err.Error()}
	}

	return call, nil
}

// acceptable gives the type of the event stream: JSON when both would do; "" when neither does.
func acceptable(accept string) string {
	if accept == "" {
		return typeJSON
	}
	for _, mediaType := range []string{typeJSON, typeProtobuf} {
		for offer := range strings.SplitSeq(accept, ",") {
			name, params, err := mime.ParseMediaType(offer)
			group, _, _ := strings.Cut(mediaType, "/")
			if err == nil && params["q"] != "0" && (name == mediaType || name == "*/*" || name == group+"/*") {
				return mediaType
			}
		}
	}

	return ""
}

func encoder(mediaType string) func(*executor.Event) ([]byte, error) {
	if mediaType == typeProtobuf {
		return func(e *executor.Event) ([]byte, error) { return e.Marshal() }
	}

	return func(e *executor.Event) ([]byte, error) { return marshalJSON(e), nil }
}
