package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"

	"dce/internal/render"
)

// prefix starts the id of every pod whose facts were made up here.
const prefix = "local."

// podID is the stable id of a local pod: a second `up` of the same project and
// environment means the same pod, --name another beside it.
func podID(project, environment, name string) string {
	switch {
	case name != "":
		return prefix + strings.TrimPrefix(name, prefix)
	case environment != "":
		return prefix + project + "-" + environment
	}
	return prefix + project
}

// checkName refuses a --name that could not be part of ids, paths and names.
func checkName(name string) error {
	short := strings.TrimPrefix(name, prefix)
	ok := short != "" && len(short) <= 200 && alphanumeric(rune(short[0]))
	for _, r := range short {
		ok = ok && (alphanumeric(r) || strings.ContainsRune("._-", r))
	}
	if !ok {
		return badName(name)
	}
	return nil
}

func alphanumeric(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

// elementOf is an id as one element of a path. An id of a task from elsewhere
// may hold anything; one that is changed gets a hash, so that two never meet.
func elementOf(id string) string {
	safe := strings.Map(func(r rune) rune {
		if alphanumeric(r) || r >= 'A' && r <= 'Z' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, id)
	safe = strings.TrimLeft(safe, ".-")
	if safe == id && id != "" && len(id) <= 200 {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return safe[:min(len(safe), 150)] + "_" + hex.EncodeToString(sum[:6])
}

// Named is the id of the pod that a person calls by this name: what --name
// was, or a whole id. That of a task may look like a name: it is meant where
// there is such a pod and none of that name.
func (m *Machine) Named(ctx context.Context, name string) (string, error) {
	if strings.Contains(name, ".") {
		return name, nil
	}
	if _, err := os.Stat(m.Dirs.pod(prefix + name)); err == nil {
		return prefix + name, nil
	}
	pods, err := m.Engine.Pods(ctx, map[string]string{render.LabelPod: name})
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(m.Dirs.pod(name)); err == nil || len(pods) > 0 {
		return name, nil
	}
	return prefix + name, nil
}

// IDOf is the id of the pod of a project.
func IDOf(project, environment string) string { return podID(project, environment, "") }
