package scheduler

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Update is what a PUT asks of an app: a merge, a whole new definition, or a version of before.
type Update struct {
	ID      string // absolute
	Body    []byte
	Partial bool // what is not sent stays
	Create  bool // an app that is not there is made
}

// Target is the root after an update, without new versions. versions finds an app of before.
func (u Update) Target(root Root, versions func(id string, v Time) *App) (Root, error) {
	o, err := parseObject(u.Body)
	if err != nil {
		return Root{}, err
	}

	return u.target(root, o, versions)
}

func (u Update) target(root Root, o object, versions func(string, Time) *App) (Root, error) {
	before := root.Apps[u.ID]
	if before == nil && !u.Create {
		return Root{}, UnknownApp(u.ID)
	}
	if u.Partial && o["version"] != nil {
		return u.rollBack(root, o, versions)
	}
	o["id"] = u.ID
	if before == nil || !u.Partial {
		app, err := appOf(o, "/")
		if err != nil {
			return Root{}, err
		}
		if before != nil {
			app.Version, app.VersionInfo = before.Version, before.VersionInfo
		}

		return root.With(app), nil
	}
	app, err := merge(before, o)
	if err != nil {
		return Root{}, err
	}

	return root.With(app), nil
}

func (u Update) rollBack(root Root, o object, versions func(string, Time) *App) (Root, error) {
	for key := range o {
		if key != "version" && key != "id" {
			return Root{}, &InvalidError{Details: []Detail{{Path: "/", Errors: []string{"The 'version' field may only be combined with the 'id' field."}}}}
		}
	}
	var wanted struct {
		Version Time `json:"version"`
	}
	if err := decodeInto(o, &wanted); err != nil {
		return Root{}, err
	}
	app := versions(u.ID, wanted.Version)
	if app == nil {
		return Root{}, UnknownApp(u.ID)
	}

	return root.With(app), nil
}

// Updates applies the updates of a list in one go.
func Updates(root Root, body []byte, partial, create bool, versions func(string, Time) *App) (Root, error) {
	value, err := parse(body)
	if err != nil {
		return Root{}, err
	}
	list, ok := value.([]any)
	if !ok {
		return Root{}, &InvalidError{JSON: true, Details: []Detail{{Path: "/", Errors: []string{"error.expected.jsarray"}}}}
	}
	for _, item := range list {
		o, _ := item.(object)
		id, _ := o["id"].(string)
		if id == "" {
			return Root{}, refused("requirement failed: App Update must have app id set")
		}
		u := Update{ID: CanonicalID(id), Partial: partial, Create: create}
		if root, err = u.target(root, o, versions); err != nil {
			return Root{}, err
		}
	}

	return root, nil
}

// GroupUpdate is the root after a group was created or replaced: lists that are sent replace what was there, those that
// are not sent stay (core/group/impl/GroupManagerImpl.scala, raml/GroupConversion.scala). roots finds a root of before.
func GroupUpdate(root Root, id string, body []byte, roots func(v Time) (Root, bool)) (Root, error) {
	o, err := parseObject(body)
	if err != nil {
		return Root{}, err
	}
	var sent struct {
		ID      string   `json:"id"`
		ScaleBy *float64 `json:"scaleBy"`
		Version *Time    `json:"version"`
	}
	if err := decodeInto(o, &sent); err != nil {
		return Root{}, err
	}
	switch {
	case sent.Version != nil:
		return groupOfVersion(root, id, *sent.Version, roots)
	case sent.ScaleBy != nil:
		return scaleGroup(root, id, *sent.ScaleBy)
	}

	return replaceGroup(root, id, o)
}

func groupOfVersion(root Root, id string, v Time, roots func(Time) (Root, bool)) (Root, error) {
	before, ok := roots(v)
	if !ok || !before.HasGroup(id) {
		return Root{}, UnknownGroup(id)
	}
	next := root.WithoutGroup(id).With(before.AppsIn(id)...)
	for g, info := range before.Groups {
		if g == id || within(g, id) {
			next.Groups[g] = info
		}
	}

	return next, nil
}

func scaleGroup(root Root, id string, by float64) (Root, error) {
	if !root.HasGroup(id) {
		return Root{}, UnknownGroup(id)
	}
	next := root
	for _, app := range root.AppsIn(id) {
		next = next.With(app.WithInstances(int(math.Ceil(float64(app.Instances) * by))))
	}

	return next, nil
}

// groupSent is a group of a request; a nil list was not sent.
type groupSent struct {
	ID           string   `json:"id"`
	Apps         []object `json:"apps"`
	Groups       []object `json:"groups"`
	Dependencies []string `json:"dependencies"`
	EnforceRole  *bool    `json:"enforceRole"`
}

func replaceGroup(root Root, id string, o object) (Root, error) {
	var sent groupSent
	if err := decodeInto(o, &sent); err != nil {
		return Root{}, err
	}
	if problem := idProblem(id); problem != "" {
		return Root{}, &InvalidError{Details: []Detail{{Path: "/id", Errors: []string{problem}}}}
	}
	next := root.clone()
	info := next.Groups[id]
	if sent.Dependencies != nil {
		info.Dependencies = nil
		for _, d := range sent.Dependencies {
			info.Dependencies = append(info.Dependencies, canonical(d, parentOf(id)))
		}
	}
	if id != "/" || len(info.Dependencies) > 0 {
		next.Groups[id] = info
	}
	next, err := replaceApps(next, id, sent.Apps)
	if err != nil {
		return Root{}, err
	}

	return replaceGroups(next, id, sent.Groups)
}

func replaceApps(root Root, group string, sent []object) (Root, error) {
	if sent == nil {
		return root, nil
	}
	next := root
	for _, app := range root.AppsIn(group) {
		if parentOf(app.ID) == group {
			next = next.Without(app.ID)
		}
	}
	for i, o := range sent {
		o, err := numbered(o)
		if err != nil {
			return Root{}, err
		}
		app, err := appOf(o, group)
		if err != nil {
			return Root{}, err
		}
		if parentOf(app.ID) != group {
			return Root{}, &InvalidError{Details: []Detail{{
				Path:   fmt.Sprintf("/apps(%d)/id", i),
				Errors: []string{"Identifier is not child of '" + group + "'. Hint: use relative paths."},
			}}}
		}
		if before := root.Apps[app.ID]; before != nil {
			app.Version, app.VersionInfo = before.Version, before.VersionInfo
		}
		next = next.With(app)
	}

	return next, nil
}

func replaceGroups(root Root, group string, sent []object) (Root, error) {
	if sent == nil {
		return root, nil
	}
	next := root
	var kept []string
	for _, o := range sent {
		o, err := numbered(o)
		if err != nil {
			return Root{}, err
		}
		name, _ := o["id"].(string)
		if name == "" {
			return Root{}, &InvalidError{JSON: true, Details: []Detail{{Path: "/groups/id", Errors: []string{"error.path.missing"}}}}
		}
		id := canonical(name, group)
		kept = append(kept, id)
		if next, err = replaceGroup(next, id, o); err != nil {
			return Root{}, err
		}
	}
	for _, id := range sortedKeys(root.Groups) {
		if parentOf(id) == group && !slices.Contains(kept, id) {
			next = next.WithoutGroup(id)
		}
	}

	return next, nil
}

// numbered is an object whose numbers are as they were written: decoding into maps has made floats of them.
func numbered(o object) (object, error) {
	text, _ := json.Marshal(o) //nolint:errchkjson // came from JSON

	return parseObject(text)
}
