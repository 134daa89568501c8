package agent

import (
	"encoding/json"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// namesUnknownType tells a call of type UNKNOWN from one without a type, which mesos-go reads alike.
func namesUnknownType(body []byte) bool {
	var call struct{ Type string }

	return json.Unmarshal(body, &call) == nil && call.Type == "UNKNOWN"
}

// validateCall is Mesos' validation of executor calls.
func validateCall(call *executor.Call, hasType bool) error {
	if !hasType {
		return wordf("Expecting 'type' to be present")
	}
	switch call.Type {
	case executor.Call_SUBSCRIBE:
		if call.Subscribe == nil {
			return wordf("Expecting 'subscribe' to be present")
		}
	case executor.Call_UPDATE:
		if call.Update == nil {
			return wordf("Expecting 'update' to be present")
		}

		return validateUpdate(call, &call.Update.Status)
	case executor.Call_MESSAGE:
		if call.Message == nil {
			return wordf("Expecting 'message' to be present")
		}
	default:
	}

	return nil
}

func validateUpdate(call *executor.Call, status *mesos.TaskStatus) error {
	id := call.ExecutorID.Value
	switch {
	case status.UUID == nil:
		return wordf("Expecting 'uuid' to be present")
	case len(status.UUID) != 16:
		return wordf("Not a valid UUID")
	case status.ExecutorID != nil && status.ExecutorID.Value != id:
		return wordf("ExecutorID in Call: %s does not match ExecutorID in TaskStatus: %s", id, status.ExecutorID.Value)
	case status.Source == nil || *status.Source != mesos.SOURCE_EXECUTOR:
		return wordf("Received Call from executor %s of framework %s with invalid source, expecting 'SOURCE_EXECUTOR'", id, call.FrameworkID.Value)
	case status.GetState() == mesos.TASK_STAGING:
		return wordf("Received TASK_STAGING from executor %s of framework %s which is not allowed", id, call.FrameworkID.Value)
	}

	return nil
}
