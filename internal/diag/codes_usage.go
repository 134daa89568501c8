package diag

// usageCodes are the codes DCE240 to DCE259: the command line.
func usageCodes() []Entry {
	return []Entry{
		{Code: "DCE240", Title: "unknown flag", Exit: ExitUsage, Text: `The command does not take this flag. Flags are those of the command itself and
the ones that every command takes; ` + "`--help`" + ` after the command lists both. A flag
that another command takes is not taken silently: it would have no effect.`},
		{Code: "DCE241", Title: "flag value not accepted", Exit: ExitUsage, Text: `The flag is known but its value is missing or is not one that it takes.
` + "`--help`" + ` after the command says what each flag takes. A value that begins with a
dash is given as --flag=VALUE.`},
		{Code: "DCE242", Title: "unknown command", Exit: ExitUsage, Text: `The word is not a command of dce. ` + "`dce --help`" + ` lists all commands, grouped by
what they are for. Flags that every command takes may stand before the command.`},
		{Code: "DCE243", Title: "arguments not accepted", Exit: ExitUsage, Text: `The command takes fewer arguments, or needs one of a few words. The usage line
of its ` + "`--help`" + ` shows them: what stands in brackets may be left out.`},
		{Code: "DCE244", Title: "no place given", Exit: ExitUsage, Text: `A command that touches a place is told which: --local for this machine, --env
NAME for an environment of dce.yaml. dce never guesses one: what runs on a
laptop and what runs in production differ by one word that you typed. ` + "`dce config show`" + ` lists the environments.`},
		{Code: "DCE245", Title: "flags exclude each other", Exit: ExitUsage, Text: `Two flags were given that ask for different things, so that one would be
ignored. Give the one that is meant. A flag may also come from the environment,
as DCE_<FLAG>; ` + "`dce help environment`" + ` lists them.`},
		{Code: "DCE246", Title: "environment variable of a flag not accepted", Exit: ExitUsage, Text: `Every flag can be set by an environment variable: --no-input by DCE_NO_INPUT,
--project-name by DCE_PROJECT_NAME. The value of this one is not one that the
flag takes. Unset the variable or correct it; a flag on the command line wins
over it.`},
		{Code: "DCE247", Title: "no such directory", Exit: ExitUsage, Text: `The directory after -C (or in DCE_DIRECTORY) does not exist or is a file. All
relative paths on the command line are relative to it.`},
		{Code: "DCE248", Title: "nothing of that name to explain", Exit: ExitUsage, Text: `dce explain knows diagnostic codes (DCE240), rewrite rules (ports), keys of
dce.yaml (resources.mem), exit codes (3) and help topics (config). ` + "`dce explain`" + `
without a name lists them all.`},
		{Code: "DCE249", Title: "task cannot be read", Exit: ExitUsage, Text: `The file after --task cannot be opened. It is dce-task.json, which an executor
writes into the sandbox of its task, or a Mesos TaskInfo, or the executor's
LAUNCH event around one, as JSON or protobuf. A dash reads it from stdin. Where
the bundle of a TaskInfo does not travel in a label, the file that the agent
would fetch must be in the current directory.`},
		{Code: "DCE250", Title: "output cannot be written", Exit: ExitFailed, Text: `A file that the command was to write could not be written: the directory does
not exist and cannot be made, is not yours to write in, or its disk is full.
Nothing half-written is left: files are written beside their place and moved
into it.`},
		{Code: "DCE259", Title: "defect of dce", Exit: ExitFailed, Text: `dce came to a state that its authors held impossible. This is never caused by
your input alone. Please report it, with the output of ` + "`dce version -o json`" + ` and
of the same command with --debug, which adds the stack. Where a pod was being
started or stopped, ` + "`dce ls`" + ` shows what is left and ` + "`dce down --local`" + ` removes it.`},
	}
}
