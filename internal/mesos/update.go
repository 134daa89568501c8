package mesos

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
)

// Update is the state of a task as it is to be told. The session adds source,
// uuid, timestamp and the executor's id.
type Update struct {
	TaskID string
	State  v1.TaskState
	// Message is for a person to read; what is over 10,000 characters is cut,
	// as Marathon would (MarathonScheduler.scala), and what is not UTF-8 is
	// replaced.
	Message string
	// Reason is nil for none: the enum's zero is a reason too.
	Reason *v1.TaskStatus_Reason
	// Healthy is nil where nothing is known of the task's health.
	Healthy   *bool
	Container *v1.ContainerStatus
	Labels    []v1.Label
	Check     *v1.CheckStatusInfo
	Data      []byte
}

const (
	maxMessage = 10_000
	cutMark    = " [...]"
)

// ErrEnded refuses an update for a task whose last update was given before. An
// agent forwards such an update as if the task lived again.
var ErrEnded = errors.New("the task has ended")

var errUpdate = errors.New("the update cannot be sent")

// Terminal reports whether a task is over in that state.
func Terminal(s v1.TaskState) bool {
	switch s {
	case v1.TASK_FINISHED, v1.TASK_FAILED, v1.TASK_KILLED, v1.TASK_ERROR, v1.TASK_LOST,
		v1.TASK_DROPPED, v1.TASK_GONE, v1.TASK_GONE_BY_OPERATOR:
		return true
	default:
		return false
	}
}

// status makes the status to send. It is a deep copy: the caller may change
// what it gave.
func (u Update) status(executorID string, now time.Time) (v1.TaskStatus, error) {
	switch {
	case u.TaskID == "":
		return v1.TaskStatus{}, fmt.Errorf("%w: it names no task", errUpdate)
	case u.State == v1.TASK_STAGING:
		return v1.TaskStatus{}, fmt.Errorf("%w: TASK_STAGING is not an executor's to say", errUpdate)
	}
	timestamp := float64(now.UnixNano()) / float64(time.Second)
	status := v1.TaskStatus{
		TaskID:          v1.TaskID{Value: u.TaskID},
		State:           u.State.Enum(),
		Source:          v1.SOURCE_EXECUTOR.Enum(),
		Reason:          u.Reason,
		Data:            u.Data,
		ExecutorID:      &v1.ExecutorID{Value: executorID},
		Timestamp:       &timestamp,
		UUID:            newUUID(),
		Healthy:         u.Healthy,
		CheckStatus:     u.Check,
		ContainerStatus: u.Container,
	}
	if m := cut(u.Message); m != "" {
		status.Message = &m
	}
	if len(u.Labels) > 0 {
		status.Labels = &v1.Labels{Labels: u.Labels}
	}
	var c v1.TaskStatus
	if err := deepCopy(&c, &status); err != nil {
		return v1.TaskStatus{}, fmt.Errorf("%w: %w", errUpdate, err)
	}
	return c, nil
}

// deepCopy copies a message by way of its encoding.
func deepCopy(to interface{ Unmarshal([]byte) error }, from interface{ Marshal() ([]byte, error) }) error {
	encoded, err := from.Marshal()
	if err != nil {
		return fmt.Errorf("copying a message: %w", err)
	}
	return to.Unmarshal(encoded)
}

// newUUID is a random one of version 4. An agent looks at its length only.
func newUUID() []byte {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails, see crypto/rand
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// cut keeps the first 10,000 characters, the mark of the cut included.
func cut(message string) string {
	message = strings.ToValidUTF8(message, "�")
	if utf8.RuneCountInString(message) <= maxMessage {
		return message
	}
	return string([]rune(message)[:maxMessage-len(cutMark)]) + cutMark
}
