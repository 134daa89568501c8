package agent

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the executor that some tests launch: the agent starts this binary again.
func TestMain(m *testing.M) {
	if behaviour := os.Getenv("TEST_EXECUTOR"); behaviour != "" {
		os.Exit(runTestExecutor(behaviour)) //nolint:forbidigo // this process is the executor
	}
	goleak.VerifyTestMain(m)
}
