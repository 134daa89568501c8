package cli

import "context"

func run(_ context.Context, _ Env) int { return 2 }
