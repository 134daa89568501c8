package diag

// configCodes are the codes 2xx: dce.yaml, flags and the environment.
func configCodes() []Entry {
	return []Entry{
		{
			Code: "DCE202", Title: "unknown environment", Exit: ExitInvalid,
			Text: "An environment exists when dce.yaml has it under `environments`, or when a file beside the compose file is named after it " +
				"(compose.prod.yaml makes --env prod). The name given is neither. With --env the override file (compose.override.yaml) is left " +
				"out: it is a developer's own.",
		},
	}
}
