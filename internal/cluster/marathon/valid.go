package marathon

import (
	"fmt"
	"regexp"
	"strings"

	"dce/internal/diag"
)

// maxID bounds an id: a task's id is made of it, and Mesos and the file system
// take 255 bytes.
const maxID = 150

// validID: absolute, not the root, segments of lower-case letters, digits and
// dashes, with dots between labels (reference/marathon.md A.2.1).
func validID(id string) bool {
	segment := `[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*`
	return len(id) <= maxID && regexp.MustCompile(`^(/`+segment+`)+$`).MatchString(id)
}

// validExecutor: marathon/state/AppDefinition.scala:613.
func validExecutor(path string) bool {
	return regexp.MustCompile(`^/?[^/]+(/[^/]+)*$`).MatchString(path) && !strings.Contains(path, "'")
}

func badID(id string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE720", Summary: fmt.Sprintf("%q cannot be the id of an app on Marathon", id),
		Detail: fmt.Sprintf("An id is a path such as /shop/web: lower-case letters, digits and dashes between the slashes, with a letter or digit at both ends, %d characters at most.", maxID),
		Hint:   fmt.Sprintf("set app.id, for example %q", "/"+strings.Trim(regexp.MustCompile(`[^a-z0-9/]+`).ReplaceAllString(strings.ToLower(id), "-"), "-/")),
	}
}

func badExecutor(path string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE721", Summary: fmt.Sprintf("%q cannot be the path of an executor on Marathon", path),
		Detail: "Marathon writes it into a shell line, between single quotes, and takes names, ./name and absolute paths.",
		Hint:   "set target.executor.path, for example ./dce for one that is fetched, or /usr/local/bin/dce",
	}
}

func badConstraint(text string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE722", Summary: fmt.Sprintf("%q is no constraint", text),
		Detail: "A constraint is FIELD:OPERATOR or FIELD:OPERATOR:VALUE; the operators are " + strings.Join(operators(), ", ") + ".",
		Hint:   "write, for example, hostname:UNIQUE",
	}
}

func badPart(setting string, v float64) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE723", Summary: fmt.Sprintf("%s must be from 0 to 1, not %g", setting, v),
		Hint: "write a part of the instances, such as 0.5",
	}
}

func badProtocol(p Port, protocol string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE724", Summary: fmt.Sprintf("port %d/%s of %s cannot be had from Marathon", p.Container, protocol, p.Service), Pos: p.Pos,
		Detail: "Marathon gives host ports for tcp and udp only.",
		Hint:   "remove the port, or reach it from within the pod only, with `expose`",
	}
}
