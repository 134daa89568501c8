// Package project goes from a directory to a loadable pod: it finds compose
// files and dce.yaml, applies an environment, loads and merges with compose-go,
// and knows where in the files each value stands. It talks to no engine and no
// network.
package project

import (
	"context"
	"io"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// Options say what to load. The zero value loads what Docker Compose would
// find in the current directory.
type Options struct {
	// Dir is the directory to start in; empty is the process's.
	Dir string
	// Files are compose files given by name (-f, DCE_FILE, COMPOSE_FILE); "-" is
	// Stdin. Relative ones are relative to Dir.
	Files []string
	// Name is the project name (-p); empty is what files and directory say.
	Name     string
	Profiles []string
	// EnvFiles are read in place of .env; empty are those of COMPOSE_ENV_FILES.
	EnvFiles []string
	// Config is the path of dce.yaml; empty means the one beside the compose files.
	Config string
	// SystemConfig is the machine's own dce.yaml; empty means /etc/dce/dce.yaml.
	SystemConfig string
	// SystemWins puts the top of the machine's own file above everything else: on
	// an agent its operator has the last word.
	SystemWins bool
	// Root is a directory that no file of the project may stand outside of, named
	// or not: an executor's sandbox. Empty means that named files may be anywhere,
	// and what they refer to must be below the directory of the first.
	Root string
	// Flags are those of the command line that set a key of dce.yaml.
	Flags []Flag
	// Environment is the name after --env; empty is none.
	Environment string
	// Services narrows the pod to these and what they depend on; empty is all.
	Services []string
	// Environ is the process environment as KEY=VALUE, for interpolation and
	// for the DCE_* and COMPOSE_* settings.
	Environ []string
	// NoInterpolate leaves ${...} as it stands, but where a text must be taken
	// apart (a port, a size, a number).
	NoInterpolate bool
	// TaskEnv are the task's facts that interpolation sees beside Environ
	// (PORT0, HOST, ...); they win over it.
	TaskEnv map[string]string
	// Values are what a deployer has decided: with them, interpolation sees
	// nothing else but TaskEnv, and no .env is read.
	Values map[string]string
	// Deploy loads the project as one that is to be deployed: what the cluster will
	// add to its environment is there already, secrets as SecretOnAgent.
	Deploy bool
	// Images replace those of the files, by service.
	Images map[string]string
	// SecretEnv are variables of TaskEnv that are secrets, whatever the files say.
	SecretEnv []string
	// Secrets replace where compose secrets come from, by name: env:NAME for a
	// variable that interpolation sees, file:PATH for an absolute path.
	Secrets map[string]string
	// Stdin is what a compose file "-" is read from; nil is an empty one.
	Stdin io.Reader
}

// SecretOnAgent stands for the value of a secret that only the cluster has.
const SecretOnAgent = "dce-secret-of-the-cluster"

// Project is a loaded pod, ready for render.
type Project struct {
	// Compose is the merged project: interpolated, not normalised, every
	// service's paths absolute, the values of its env_file moved into its
	// environment.
	Compose *types.Project
	// Files are the compose files read, in order of merging, absolute.
	Files []string
	// Config are the effective settings of dce.yaml with the environment applied.
	Config Config
	// Locate finds where a value of the merged project stands. It reads the files'
	// YAML nodes on first use.
	Locate func(path ...string) diag.Pos
	// Order lists the services in the order in which the files name them, also
	// those that a profile leaves out: Compose has only the alphabet's.
	Order func() []string
	// Parts finds what the project is made of.
	Parts func() Parts
	// Warnings are problems that stop nothing.
	Warnings diag.List
}

// Load finds, reads and merges. Its error carries every problem found
// (diag.Of).
func Load(ctx context.Context, o Options) (*Project, error) {
	return load(ctx, o)
}
