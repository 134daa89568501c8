package diag

// configCodes are the codes 2xx: dce.yaml, flags and the environment.
func configCodes() []Entry {
	return []Entry{
		{
			Code: "DCE200", Title: "unknown key in the settings", Exit: ExitInvalid,
			Text: "dce.yaml (and x-dce of a compose file, /etc/dce/dce.yaml, the personal config.yaml) is read strictly: a key that dce does not " +
				"know is an error and not ignored, since it is nearly always a mistyped one. `dce explain KEY` tells of each key, `dce schema` " +
				"prints a JSON Schema that editors complete from. Keys that begin with x- are yours.",
		},
		{
			Code: "DCE201", Title: "wrong value in the settings", Exit: ExitInvalid,
			Text: "A key of dce.yaml holds a value of another type than it takes, or one that is not among those it knows. Sizes are a number of " +
				"MiB or a number with a unit (512M, 2G); durations are written as 90s, 10m or 1h30m; `dce explain KEY` shows an example.",
		},
		{
			Code: "DCE202", Title: "unknown environment", Exit: ExitInvalid,
			Text: "An environment exists when dce.yaml has it under `environments`, or when a file beside the compose file is named after it " +
				"(compose.prod.yaml makes --env prod). The name given is neither. With --env the override file (compose.override.yaml) is left " +
				"out: it is a developer's own.",
		},
		{
			Code: "DCE203", Title: "settings cannot be read", Exit: ExitInvalid,
			Text: "The file of settings named by --config or DCE_CONFIG is missing, or a file of settings may not be read by this user. Settings are " +
				"read from /etc/dce/dce.yaml, $XDG_CONFIG_HOME/dce/config.yaml and dce.yaml beside the compose files; a project without any of " +
				"them works. `dce config path` lists them.",
		},
		{
			Code: "DCE204", Title: "wrong value in a variable", Exit: ExitUsage,
			Text: "A DCE_* environment variable sets a key of dce.yaml, to a value that the key does not take. Lists are separated by commas. " +
				"`dce config show --origin` says which variable sets what; unset the variable, or correct it.",
		},
		{
			Code: "DCE205", Title: "wrong value of a flag", Exit: ExitUsage,
			Text: "A flag sets a key of dce.yaml for this command, to a value that the key does not take. Sizes are a number of MiB or a number " +
				"with a unit (512M, 2G), durations are written as 90s or 10m, lists are separated by commas.",
		},
		{
			Code: "DCE206", Title: "key twice in the settings", Exit: ExitInvalid,
			Text: "A mapping in a file of settings has the same key twice, so one of the two values would be lost without a word. Remove one of them.",
		},
		{
			Code: "DCE207", Title: "a project sets what is the operator's", Exit: ExitInvalid,
			Text: "The keys below `agent` say how executors work on a machine: where its Docker engine is, which keys a job may set. " +
				"They stand in /etc/dce/dce.yaml of the agents, which only their operator writes. In a project's dce.yaml or a " +
				"person's own file they would have no effect, so they are refused there. Take them out.",
		},
		{
			Code: "DCE208", Title: "a job sets what it may not set on this agent", Exit: ExitDone,
			Text: "On an agent a job may set only the keys that its operator allows: those in agent.allow of /etc/dce/dce.yaml, or a " +
				"built-in list (`dce explain agent.allow` shows it). The value, from the job's dce.yaml, x-dce, a label or a DCE_* " +
				"variable in its .env, is left out, and the operator's or dce's own counts. Ask the operator for the key, or take it " +
				"out of the job so that a run on your own machine is the same.",
		},
	}
}
