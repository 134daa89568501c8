package render

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxProjectName keeps the names of containers, networks and volumes, which
// start with the project's, short enough to read and legal as a DNS label.
const maxProjectName = 63

// hashBytes of a task id's SHA-256 tell ids apart that look the same.
const hashBytes = 6

// ProjectName is the compose project name of a task: valid for compose
// ([a-z0-9][a-z0-9_-]*), at most 63 characters, different for different task
// ids. A dot becomes an underscore; where more than that is lost, a hash of the
// whole id ends the name.
func ProjectName(taskID string) string {
	if taskID == "" {
		return "dce"
	}
	name := strings.Map(projectRune, strings.ToLower(taskID))
	name = strings.TrimLeft(name, "_-")
	if reversible(taskID, name) {
		return name
	}
	sum := sha256.Sum256([]byte(taskID))
	hash := hex.EncodeToString(sum[:hashBytes])
	if room := maxProjectName - len(hash) - 1; len(name) > room {
		name = name[:room]
	}
	if name = strings.TrimRight(name, "_-"); name == "" {
		return "dce-" + hash
	}
	return name + "-" + hash
}

func projectRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
		return r
	}
	return '_'
}

// reversible says that no other id can have this name: only dots were changed,
// nothing was cut, and it does not look like a name that ends in a hash.
func reversible(taskID, name string) bool {
	return len(name) <= maxProjectName && strings.ReplaceAll(name, "_", ".") == taskID && !endsInHash(name)
}

func endsInHash(name string) bool {
	i := strings.LastIndexByte(name, '-')
	return i >= 0 && len(name)-i-1 == 2*hashBytes && strings.Trim(name[i+1:], "0123456789abcdef") == ""
}

func nameRule(d *draft) {
	name := ProjectName(d.in.Task.ID)
	if d.p.Name == name {
		return
	}
	d.p.Name = name
	d.changed("made from the task id, so that any number of pods of these files live on one host", "name")
}
