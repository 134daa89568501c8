package project

import "github.com/compose-spec/compose-go/v2/schema"

// Ready does ahead of time what the first load of a process does for all of
// them: compiling compose's schema takes 15 ms, which a process may spend while
// it waits for something else. Any goroutine may call it, also beside a load.
func Ready() { _ = schema.Validate(map[string]any{"name": "ready"}) } // only the compiling matters
