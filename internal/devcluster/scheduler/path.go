package scheduler

import (
	"path"
	"regexp"
	"strings"
)

// canonical is an app or group id as an absolute path; a relative one is below base.
func canonical(id, base string) string {
	if !strings.HasPrefix(id, "/") {
		id = base + "/" + id
	}

	return path.Clean("/" + strings.TrimRight(id, "/"))
}

// CanonicalID is an id as it is named in a URL.
func CanonicalID(id string) string { return canonical(id, "/") }

// within says that an id is in a group or in a group of it.
func within(id, group string) bool { return group == "/" || strings.HasPrefix(id, group+"/") }

func parts(p string) []string {
	if p = strings.Trim(p, "/"); p == "" {
		return nil
	}

	return strings.Split(p, "/")
}

// safePath is a path as it stands in instance ids: /shop/web is shop_web (state/PathId.scala safePath).
func safePath(id string) string { return strings.Join(parts(id), "_") }

// Hostname is a path as a host name: /shop/web is web.shop.
func Hostname(id string) string {
	p := parts(id)
	for i, j := 0, len(p)-1; i < j; i, j = i+1, j-1 {
		p[i], p[j] = p[j], p[i]
	}

	return strings.Join(p, ".")
}

// idProblem says what is wrong with an absolute id, in Marathon's words (state/PathId.scala pathIdValidator).
func idProblem(id string) string {
	pattern := regexp.MustCompile(`^(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])$|^(\.|\.\.)$`)
	for _, part := range parts(id) {
		if !pattern.MatchString(part) {
			return "must fully match regular expression '" + pattern.String() + "'"
		}
	}

	return ""
}

// AppOfTask is the app that an instance or task id names, "" if it is none.
func AppOfTask(id string) string {
	name, _, ok := strings.Cut(id, ".instance-")
	if !ok || name == "" {
		return ""
	}

	return "/" + strings.ReplaceAll(name, "_", "/")
}

// instanceOf is the instance that a task id names: the task id without its incarnation.
func instanceOf(task string) string {
	id, _, _ := strings.Cut(task, "._app.")

	return id
}
