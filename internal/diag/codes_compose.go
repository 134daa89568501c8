package diag

// composeCodes are the codes 1xx: what a compose file says.
func composeCodes() []Entry {
	return []Entry{
		{
			Code: "DCE100", Title: "compose file cannot be loaded", Exit: ExitInvalid,
			Text: "compose-go, the library that Docker Compose itself loads files with, refuses the project for a reason that dce has no " +
				"explanation of its own for. Its words are shown. `docker compose config` on the same files says the same. " +
				"Look at the key it names; https://docs.docker.com/reference/compose-file/ says what it may hold.",
		},
		{
			Code: "DCE101", Title: "no compose file", Exit: ExitInvalid,
			Text: "dce looks for compose.yaml, compose.yml, docker-compose.yml and docker-compose.yaml in the directory it is started in and in " +
				"every directory above, as Docker Compose does. None was found. Name a file with --file (repeatable; a later one overrides an " +
				"earlier one), set DCE_FILE or COMPOSE_FILE, or start elsewhere with -C DIR.",
		},
		{
			Code: "DCE102", Title: "file cannot be read", Exit: ExitInvalid,
			Text: "A file that the project is made of is missing, is a directory, or may not be read by this user. The position names it. " +
				"Relative names after --file are relative to the directory that dce is started in; names in a compose file are relative to the " +
				"directory of the first compose file.",
		},
		{
			Code: "DCE103", Title: "not YAML", Exit: ExitInvalid,
			Text: "The file is not YAML, so nothing in it can be used. The position is where the parser gave up; the mistake is there or shortly " +
				"before: a tab in the indentation, a quote or bracket that is not closed, a value with `: ` or ` #` in it that needs quotes.",
		},
		{
			Code: "DCE116", Title: "env file is wrong", Exit: ExitInvalid,
			Text: "A file of environment values (--env-file, .env, env_file of a service) is missing or is not in the format KEY=VALUE, one on " +
				"each line. Values with blanks or # need quotes. A service's env_file that may be missing is written as " +
				"`- {path: FILE, required: false}`.",
		},
		{
			Code: "DCE117", Title: "file is too large", Exit: ExitInvalid,
			Text: "Compose files, dce.yaml and env files are read up to 4 MiB each. A description of a pod is small; what is larger is the wrong " +
				"file, or holds data that belongs into a volume, an image or a compose config.",
		},
		{
			Code: "DCE124", Title: "several files of one role", Exit: ExitInvalid,
			Text: "A directory holds more than one compose file of the same role, such as compose.yaml and docker-compose.yml. The first in " +
				"Docker Compose's order of preference is used: compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml. Remove the " +
				"others, or name the files with --file.",
		},
		{
			Code: "DCE125", Title: "compose warns", Exit: ExitInvalid,
			Text: "compose-go, the library that Docker Compose itself loads files with, warns about something that it accepts. Its words are " +
				"shown; the pod is rendered and runs all the same.",
		},
	}
}
