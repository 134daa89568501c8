package scheduler

import (
	"maps"
	"slices"
	"strings"
)

// Root is everything that is wanted: the apps by id, and the groups. It is never changed; its methods give new ones.
type Root struct {
	Apps    map[string]*App
	Groups  map[string]GroupInfo // those that exist although no app may be in them
	Version Time
}

// GroupInfo is what a group has beside what is in it.
type GroupInfo struct{ Dependencies []string }

func (r Root) clone() Root {
	c := Root{Apps: maps.Clone(r.Apps), Groups: maps.Clone(r.Groups), Version: r.Version}
	if c.Apps == nil {
		c.Apps = map[string]*App{}
	}
	if c.Groups == nil {
		c.Groups = map[string]GroupInfo{}
	}

	return c
}

// With is the root with an app added or replaced. The groups above it exist from then on.
func (r Root) With(apps ...*App) Root {
	next := r.clone()
	for _, app := range apps {
		next.Apps[app.ID] = app
		for id := parentOf(app.ID); id != "/"; id = parentOf(id) {
			if _, ok := next.Groups[id]; !ok {
				next.Groups[id] = GroupInfo{}
			}
		}
	}

	return next
}

// Without is the root without an app.
func (r Root) Without(id string) Root {
	next := r.clone()
	delete(next.Apps, id)

	return next
}

// WithoutGroup is the root without a group and all that is in it.
func (r Root) WithoutGroup(id string) Root {
	next := r.clone()
	maps.DeleteFunc(next.Apps, func(app string, _ *App) bool { return within(app, id) })
	maps.DeleteFunc(next.Groups, func(g string, _ GroupInfo) bool { return g == id || within(g, id) })

	return next
}

// HasGroup says that a group exists. The root always does.
func (r Root) HasGroup(id string) bool {
	_, ok := r.Groups[id]

	return ok || id == "/"
}

// AppsIn are the apps of a group and of the groups in it, by id.
func (r Root) AppsIn(group string) []*App {
	var apps []*App
	for _, id := range sortedKeys(r.Apps) {
		if within(id, group) {
			apps = append(apps, r.Apps[id])
		}
	}

	return apps
}

// Group is a group as Marathon's API shows it.
type Group struct {
	ID           string   `json:"id"`
	Apps         []*App   `json:"apps"`
	Pods         []string `json:"pods"` // always empty
	Groups       []Group  `json:"groups"`
	Dependencies []string `json:"dependencies"`
	EnforceRole  bool     `json:"enforceRole"`
	Version      Time     `json:"version"`
}

// Group is the tree below a group; ok is false if there is none of this id.
func (r Root) Group(id string) (g Group, ok bool) {
	if !r.HasGroup(id) {
		return Group{}, false
	}
	g = Group{
		ID: id, Apps: []*App{}, Pods: []string{}, Groups: []Group{}, Version: r.Version,
		Dependencies: append([]string{}, r.Groups[id].Dependencies...),
	}
	for _, app := range r.AppsIn(id) {
		if parentOf(app.ID) == id {
			g.Apps = append(g.Apps, app)
		}
	}
	for _, sub := range sortedKeys(r.Groups) {
		if parentOf(sub) == id {
			child, _ := r.Group(sub)
			g.Groups = append(g.Groups, child)
		}
	}

	return g, true
}

// needs are the apps that an app depends on: by its own dependencies and by those of the groups it is in, where a
// dependency on a group is one on all of its apps (state/RootGroup.scala applicationDependencies).
func (r Root) needs(id string) []string {
	wanted := slices.Clone(r.Apps[id].Dependencies)
	for g := parentOf(id); ; g = parentOf(g) {
		wanted = append(wanted, r.Groups[g].Dependencies...)
		if g == "/" {
			break
		}
	}
	var needs []string
	for _, w := range wanted {
		if r.Apps[w] != nil {
			needs = append(needs, w)
		}
		for _, app := range r.AppsIn(w) {
			needs = append(needs, app.ID)
		}
	}

	return needs
}

// levels gives every app its distance from apps that need nothing; it refuses circles.
func (r Root) levels() (map[string]int, error) {
	levels := map[string]int{}
	var visit func(id string, above []string) (int, error)
	visit = func(id string, above []string) (int, error) {
		if level, ok := levels[id]; ok {
			return level, nil
		}
		if slices.Contains(above, id) {
			return 0, &InvalidError{Details: []Detail{{
				Path: "/", Errors: []string{"Dependency graph has cyclic dependencies. Cycles found: [" + strings.Join(append(above, id), " -> ") + "]"},
			}}}
		}
		level := 1
		for _, need := range r.needs(id) {
			below, err := visit(need, append(above, id))
			if err != nil {
				return 0, err
			}
			level = max(level, below+1)
		}
		levels[id] = level

		return level, nil
	}
	for _, id := range sortedKeys(r.Apps) {
		if _, err := visit(id, nil); err != nil {
			return nil, err
		}
	}

	return levels, nil
}

// check refuses an app and a group of the same name.
func (r Root) check() error {
	for id := range r.Apps {
		if _, ok := r.Groups[id]; ok {
			return &InvalidError{Details: []Detail{{Path: "/", Errors: []string{"Groups and Applications may not have the same identifier: " + id}}}}
		}
	}

	return nil
}

// withRole gives a role to the apps that have none (api/v2/AppNormalization.scala forPreValidation), and refuses others.
func (r Root) withRole(before Root, role string) (Root, error) {
	var found problems
	next := r.clone()
	for _, id := range sortedKeys(r.Apps) {
		if r.Apps[id] == before.Apps[id] {
			continue
		}
		app := *r.Apps[id]
		setDefault(&app.Role, role)
		app.checkRole(role, &found)
		next.Apps[id] = &app
	}

	return next, found.err(false)
}

// checkSecrets refuses new uses of secrets where the feature is not enabled.
func (r Root) checkSecrets(before Root, enabled bool) error {
	var found problems
	for _, id := range sortedKeys(r.Apps) {
		if app := r.Apps[id]; !enabled && app != before.Apps[id] {
			app.checkNoSecrets(&found)
		}
	}

	return found.err(false)
}

// stamp gives every app of a target its version (core/group/impl/GroupVersioningUtil.scala): that of the deployment for
// what is new or changed, else the one it has.
func stamp(original, target Root, now Time) Root {
	stamped := target.clone()
	stamped.Version = now
	for id, app := range target.Apps {
		stamped.Apps[id] = stampApp(original.Apps[id], app, now)
	}

	return stamped
}

func stampApp(before, app *App, now Time) *App {
	if before == app {
		return app
	}
	next := *app
	next.restart = false
	switch {
	case before == nil || app.restart || before.isUpgrade(app):
		next.Version, next.VersionInfo = now, &VersionInfo{LastScalingAt: now, LastConfigChangeAt: now}
	case before.Instances != app.Instances:
		next.Version, next.VersionInfo = now, &VersionInfo{LastScalingAt: now, LastConfigChangeAt: before.ConfigVersion()}
	default:
		next.Version, next.VersionInfo = before.Version, before.VersionInfo
	}

	return &next
}
