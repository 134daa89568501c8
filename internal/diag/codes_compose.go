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
			Code: "DCE104", Title: "unknown key", Exit: ExitInvalid,
			Text: "A compose file has a key that the format does not know at this place, nearly always a mistyped one or one with the wrong indentation. " +
				"Docker Compose refuses it too. Keys of your own begin with x- and may stand anywhere.",
		},
		{
			Code: "DCE105", Title: "wrong value", Exit: ExitInvalid,
			Text: "A key of a compose file holds a value of a type that it does not take, or one that is not among those it knows. Where a variable gives " +
				"the value, the value it comes to counts. Numbers that are meant as text, such as versions, need quotes.",
		},
		{
			Code: "DCE106", Title: "variable not set", Exit: ExitDone,
			Text: "A compose file uses a variable that nothing sets, so an empty text stands in its place, as in Docker Compose. Variables come, strongest " +
				"first, from the task, the process environment, `values` of dce.yaml, and env files (.env, --env-file, env_files). ${NAME:-default} gives " +
				"a default, ${NAME:?message} makes it an error.",
		},
		{
			Code: "DCE107", Title: "required variable not set", Exit: ExitInvalid,
			Text: "A compose file says with ${NAME?} or ${NAME:?message} that a variable must be set, and nothing sets it. Set it in the environment, in " +
				".env, in a file named by --env-file, or below `values` in dce.yaml (for one environment: environments.NAME.values).",
		},
		{
			Code: "DCE108", Title: "variable badly written", Exit: ExitInvalid,
			Text: "A $ in a compose file begins a variable: $NAME, ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME:+other}. What follows this one is " +
				"none of them. A literal $ is written $$.",
		},
		{
			Code: "DCE109", Title: "compose file of version 1", Exit: ExitInvalid,
			Text: "The services stand at the top of the file, as in the first version of the format, which neither Docker Compose nor dce reads any more. " +
				"Put them below `services:`, indented by two blanks. Drop `links` between services: their names resolve. `net` became `network_mode`.",
		},
		{
			Code: "DCE110", Title: "service that does not exist", Exit: ExitInvalid,
			Text: "A service depends on, links to, extends, takes volumes or shares a namespace of another one, and there is none of that name, or it is in " +
				"a profile that is not enabled. Correct the name, enable the profile with --profile, or write `required: false` below that entry of " +
				"depends_on when it may be missing.",
		},
		{
			Code: "DCE111", Title: "services wait for each other", Exit: ExitInvalid,
			Text: "Services depend on each other in a circle, so none can be started first. depends_on, links, volumes_from and namespaces shared with " +
				"`service:NAME` all count. Remove one of the dependencies that the circle names.",
		},
		{
			Code: "DCE155", Title: "no image and no build", Exit: ExitInvalid,
			Text: "A service says neither which image it runs nor how to build one. Write `image: NAME:TAG`, or `build: DIR` for one that is built on this " +
				"machine. Services that leave this machine need an image.",
		},
		{
			Code: "DCE114", Title: "resource that is not declared", Exit: ExitInvalid,
			Text: "A service uses a network, volume, secret or config that the top of the files does not declare. Declare it, even if without any settings: " +
				"`volumes: {data: {}}`. What somebody else makes is declared with `external: true`. A directory of the host begins with ./ or /.",
		},
		{
			Code: "DCE115", Title: "key given twice", Exit: ExitInvalid,
			Text: "A mapping in a compose file has the same key twice, so one of the two values would be lost without a word. Remove one, or merge them.",
		},
		{
			Code: "DCE116", Title: "env file is wrong", Exit: ExitInvalid,
			Text: "A file of environment values (--env-file, .env, env_file of a service) is missing or is not in the format KEY=VALUE, one on " +
				"each line. Values with blanks or # need quotes; of an env_file with `format: raw` everything behind the = is the value. A service's env_file that may be missing is written as " +
				"`- {path: FILE, required: false}`.",
		},
		{
			Code: "DCE117", Title: "file is too large", Exit: ExitInvalid,
			Text: "Compose files, dce.yaml and env files are read up to 4 MiB each. A description of a pod is small; what is larger is the wrong " +
				"file, or holds data that belongs into a volume, an image or a compose config.",
		},
		{
			Code: "DCE118", Title: "file is too complex", Exit: ExitInvalid,
			Text: "dce reads YAML that nests to at most 100 levels and comes to at most 100000 values when aliases, include and extends are followed, and a project of at most " +
				"256 files. What goes beyond is either made to use up memory or generated by mistake. An alias must not stand inside of what it means.",
		},
		{
			Code: "DCE119", Title: "reference out of the project", Exit: ExitInvalid,
			Text: "include, extends, env_file, label_file, and the files of secrets and configs must stay below the directory of the first compose file (or of " +
				"dce.yaml, where that is above it), symbolic links followed: that directory is what travels to an agent, and a job must not read the files of its host. Put a copy of the file into the " +
				"project. A directory of the host is mounted with `volumes`, which the operator of an agent can allow or not.",
		},
		{
			Code: "DCE120", Title: "provider is refused", Exit: ExitInvalid,
			Text: "A service with a `provider:` is no container: it makes Docker Compose run a program of the host. A pod is containers only, and an agent " +
				"does not run programs for a job. Run what it provides as a service, or outside of the pod.",
		},
		{
			Code: "DCE121", Title: "file is not text", Exit: ExitInvalid,
			Text: "Compose files, dce.yaml and env files are UTF-8 text. This one is in another encoding, or has bytes in it that no text has. A byte order " +
				"mark of UTF-8 is allowed. `iconv -f UTF-16 -t UTF-8` or `iconv -f ISO-8859-1 -t UTF-8` turns the usual ones into it.",
		},
		{
			Code: "DCE122", Title: "keys that rule each other out", Exit: ExitInvalid,
			Text: "A service has two keys that say different things about the same matter, or that cannot be together, such as network_mode and networks, or " +
				"scale and container_name. Remove one of them.",
		},
		{
			Code: "DCE123", Title: "file on another machine", Exit: ExitInvalid,
			Text: "include or extends names a URL, a git repository or an OCI artifact. A pod is made of the files of its project only: the same files then " +
				"give the same pod, and an agent needs no network to read them. Put a copy of the file into the project.",
		},
		{
			Code: "DCE124", Title: "several files of one role", Exit: ExitDone,
			Text: "A directory holds more than one compose file of the same role, such as compose.yaml and docker-compose.yml. The first in " +
				"Docker Compose's order of preference is used: compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml. Remove the " +
				"others, or name the files with --file.",
		},
		{
			Code: "DCE125", Title: "compose warns", Exit: ExitDone,
			Text: "compose-go, the library that Docker Compose itself loads files with, warns about something that it accepts. Its words are " +
				"shown; the pod is rendered and runs all the same.",
		},
		{
			Code: "DCE126", Title: "file or service that contains itself", Exit: ExitInvalid,
			Text: "A file includes itself, or services extend each other, in a circle. The text names the way round. Remove one of the references.",
		},
		{
			Code: "DCE127", Title: "name of the project", Exit: ExitInvalid,
			Text: "The project's name is made of lower-case letters, digits, - and _, and begins with a letter or digit: containers, networks and volumes are " +
				"named after it. It comes from --project-name, DCE_PROJECT_NAME, COMPOSE_PROJECT_NAME, dce.yaml, the compose file, or the directory.",
		},
		{
			Code: "DCE128", Title: "nothing to run", Exit: ExitInvalid,
			Text: "The compose files have no service, or every one belongs to a profile that is not enabled. Enable profiles with --profile NAME, with " +
				"COMPOSE_PROFILES, or with `profiles` in dce.yaml.",
		},
		{
			Code: "DCE129", Title: "no such service", Exit: ExitInvalid,
			Text: "A service named on the command line does not exist in the project. `dce render --services` lists those that do.",
		},
		{
			Code: "DCE157", Title: "variable of a secret or config is not set", Exit: ExitInvalid,
			Text: "A service uses a secret or a config whose value is that of an environment variable (secrets: NAME: environment: VARIABLE), and nothing sets the " +
				"variable: not the environment of dce, not an env file, not `values` in dce.yaml. The value is needed where the pod runs; `dce render` does without.\n\n" +
				"Or the facts of a task (`dce up --local --task dce-task.json`) say that it had a secret in a variable: its value is withheld from the file, and must be set here.\n\n" +
				"Set the variable for the run, or give the secret a file. A variable that is set and empty is none of a problem: as with Docker Compose, the service " +
				"then finds no file of that name.",
		},
		{
			Code: "DCE158", Title: "secret or config of a swarm", Exit: ExitInvalid,
			Text: "A service uses a secret or a config that is external, or has a driver or a template_driver. These are kept by a Docker swarm, and Docker Compose, " +
				"which runs the containers of a pod here and on agents, refuses them. Give it a `file` or an `environment` in the place of that. An external secret may " +
				"stay where `app.secrets` of the environment says where the cluster has it (app.secrets: {NAME: marathon:SOURCE}).",
		},
		{
			Code: "DCE159", Title: "file of a secret or config is missing", Exit: ExitInvalid,
			Text: "A service uses a secret or a config whose `file` does not exist on the machine that the pod is to run on, or may not be looked at. The engine " +
				"mounts the file, so it must be there before anything starts. Relative names are relative to the directory of the first compose file.",
		},
		{
			Code: "DCE156", Title: "version is obsolete", Exit: ExitDone,
			Text: "The key `version` at the top of a compose file has no meaning any more: Docker Compose and dce read every file by the current format. Remove it.",
		},
	}
}
