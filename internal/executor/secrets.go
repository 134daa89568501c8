package executor

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/bundle"
	"dce/internal/diag"
	"dce/internal/life"
	"dce/internal/project"
	taskfile "dce/internal/task"
)

// SecretsDir is where an operator puts files that pods may have as secrets:
// those of a job's bundle that come from a file of the agent are below it.
const SecretsDir = "/etc/dce/secrets"

// maxSecret bounds the file of a secret, in bytes: what Docker takes for one.
const maxSecret = 500 << 10

// secrets are the values that a bundle leaves to the agent, by name. They are
// kept in memory only.
func (s *stager) secrets(m bundle.Manifest) (map[string]string, error) {
	values := map[string]string{}
	var problems diag.List
	for name, source := range m.Secrets {
		value, err := s.secret(source)
		if err != nil {
			problems = append(problems, noSecret(name, source, err))
			continue
		}
		values[name] = value
		if variable, ok := strings.CutPrefix(source, "env:"); ok {
			values[variable] = value
		}
	}
	for _, name := range m.Left {
		if value, err := s.variable(name); err == nil {
			values[name] = value
		}
	}
	return values, problems.Err()
}

// given lets interpolation see the variables that the framework calls secret, and
// tells which there are.
func (s *stager) given(env map[string]string) []string {
	return slices.DeleteFunc(taskfile.SecretVariables(&s.info), func(name string) bool {
		value, err := s.variable(name)
		if err == nil {
			env[name] = value
		}
		return err != nil
	})
}

func (s *stager) secret(source string) (string, error) {
	kind, name, _ := strings.Cut(source, ":")
	switch kind {
	case "env":
		return s.variable(name)
	case "file":
		return s.secretFile(name)
	}
	return "", fmt.Errorf("it is neither env:NAME nor file:PATH")
}

// variable is one of the executor's environment. What belongs to the agent and
// the executor is no secret of a pod.
func (s *stager) variable(name string) (string, error) {
	own := strings.HasPrefix(name, "MESOS_") || strings.HasPrefix(name, "LIBPROCESS_")
	value, ok := "", false
	if s.o.Lookupenv != nil && !own {
		value, ok = s.o.Lookupenv(name)
	}
	if !ok {
		return "", fmt.Errorf("the executor has no variable %s", name)
	}
	return value, nil
}

// secretFile reads below the directory of secrets, wherever links lead. The
// line end that editors put there is none of the value.
func (s *stager) secretFile(name string) (string, error) {
	root, err := os.OpenRoot(s.secretsDir())
	if err != nil {
		return "", fmt.Errorf("this agent has no directory %s", s.secretsDir())
	}
	defer root.Close()
	data, err := readRegular(root, name, maxSecret)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), nil
}

func (s *stager) secretsDir() string {
	if s.o.SecretsDir != "" {
		return s.o.SecretsDir
	}
	return SecretsDir
}

// fill gives services the secrets that the cluster has for their keys. What
// interpolation has made of them stays where nothing stands for the key itself.
func fill(values map[string]map[string]string, merged *types.Project, secrets map[string]string, keys []string) {
	for name, s := range merged.Services {
		for _, key := range keys {
			value, ok := secrets[key]
			if _, named := s.Environment[key]; !named || !ok {
				continue
			}
			if values[name] == nil {
				values[name] = map[string]string{}
			}
			values[name][key] = value
		}
	}
}

// values are those of all secrets that the pod has: by service and key, and of
// compose secrets by name.
func (p *plan) values() (keys map[string]map[string]string, files map[string]string) {
	keys, files = life.Secrets(p.project.Compose, p.settings.Secrets), life.SecretFiles(p.project.Compose)
	fill(keys, p.project.Compose, p.secrets, p.settings.Secrets)
	return keys, files
}

// keeps refuses a rendered pod that tells the value of a secret. Loading finds where
// a file uses one, but not every way there (a value of .env made of another). A value
// that stands in the job's files or facts is told already, or is a common word: the
// password postgres of postgres:16.
func (p *plan) keeps(rendered, facts []byte) error {
	keys, files := p.values()
	var told []byte // read when there is a need to
	for _, of := range append(slices.Collect(maps.Values(keys)), files) {
		for _, key := range slices.Sorted(maps.Keys(of)) {
			value := []byte(strings.ReplaceAll(strings.TrimSpace(of[key]), "$", "$$"))
			if len(value) < shortest || !bytes.Contains(rendered, value) {
				continue
			}
			if told == nil {
				told = append(p.sources(), facts...)
			}
			if !bytes.Contains(told, value) {
				return diag.Fail(seenSecret(key))
			}
		}
	}
	return nil
}

// sources are the texts of the files that the project was merged of.
func (p *plan) sources() []byte {
	var all []byte
	for _, path := range p.project.Parts().Sources {
		if text, err := os.ReadFile(path); err == nil { // loading has read it
			all = append(all, text...)
		}
	}
	return all
}

func seenSecret(key string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE705", Summary: fmt.Sprintf("the value of the secret %s stands in the rendered pod, outside of that key", key),
		Detail: "Only a service's environment may hold one, where its value is filled in when the container is created.",
		Hint:   "let the service put the value together itself, or name the key that holds it below secrets in dce.yaml too",
	}
}

// withSecrets lets interpolation see the secrets.
func withSecrets(o *project.Options, values map[string]string) {
	maps.Copy(o.Values, values)
}

func noSecret(name, source string, why error) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE660", Summary: fmt.Sprintf("the secret %s cannot be had on this agent from %s: %s", name, source, why),
		Detail: "The values of secrets travel with no job: each comes from where app.secrets says.",
		Hint:   "put it there, or correct app.secrets in dce.yaml and deploy again; files stand below " + SecretsDir,
	}
}
