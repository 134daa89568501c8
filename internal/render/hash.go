package render

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// ContentHash is the hash of what a pod is made of: project, settings, what of
// the task changes the pod's content. It does not depend on facts of one run
// (ids, host ports, sandbox, cgroup, lease, process), so that a second `up` of
// the same content can be told. Values of secret keys are left out: the hash
// becomes a label, which must not help to guess them.
//
// A pod of this machine is another one in another directory. One of an agent is
// not: its directory is the task's sandbox, wherever that is.
func ContentHash(in Input) string {
	in.Task.Sandbox = "/sandbox"
	d := newDraft(in)
	d.each(d.rebaseService)
	d.rebaseFiles()
	p := d.p
	p.Name = ""
	emptySecrets(p, in.Settings)
	env := map[string]string{} // never nil: no environment hashes as one of run facts alone
	maps.Copy(env, in.Task.Env)
	maps.DeleteFunc(env, func(k, _ string) bool {
		return runFact(k) || slices.Contains(in.Settings.Secrets, k)
	})
	return hashOf(p, in.Settings, in.Task.Job, in.Task.Resources, env)
}

// WithoutSecrets is the project of an input as it may be shown: without the values
// of secret environment keys.
func WithoutSecrets(in Input) *types.Project {
	p := newDraft(in).p
	emptySecrets(p, in.Settings)
	return p
}

func emptySecrets(p *types.Project, settings Settings) {
	for _, s := range p.Services {
		for _, key := range settings.Secrets {
			if _, ok := s.Environment[key]; ok {
				s.Environment[key] = nil
			}
		}
	}
}

// runFact says that a key of a task's environment differs from run to run.
func runFact(key string) bool {
	return key == "HOST" || strings.HasPrefix(key, "PORT") || strings.HasPrefix(key, "MESOS_") || strings.HasPrefix(key, "MARATHON_")
}

// ServiceHashes are the hashes of a project's services by name, the same that
// `docker compose config --hash` gives for that file.
func ServiceHashes(p *types.Project) map[string]string {
	hashes := map[string]string{}
	for name, s := range p.Services {
		// What compose leaves out, since it needs no new container
		// (docker/compose v5.5.1 pkg/compose/hash.go).
		s.Build, s.PullPolicy, s.Scale, s.DependsOn, s.Profiles = nil, "", nil, nil, nil
		if s.Deploy != nil {
			deploy := *s.Deploy
			deploy.Replicas = nil
			s.Deploy = &deploy
		}
		hashes[name] = hashOf(s)
	}
	return hashes
}

// hashOf is the SHA-256 of the values' JSON, in hex. A value without a JSON
// form, such as an extension with a key that is no string, counts by how Go
// prints it.
func hashOf(values ...any) string {
	h := sha256.New()
	for _, v := range values {
		out, err := json.Marshal(v)
		if err != nil {
			out = fmt.Append(nil, v)
		}
		h.Write(out)
	}
	return hex.EncodeToString(h.Sum(nil))
}
