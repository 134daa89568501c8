package agent

// runTestExecutor is a small executor with one behaviour; it returns its exit code.
func runTestExecutor(string) int { return 0 }
