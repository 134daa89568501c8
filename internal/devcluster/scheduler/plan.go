package scheduler

import (
	"maps"
	"slices"
)

// The kinds of Action.
const (
	StartApplication   = "StartApplication"
	StopApplication    = "StopApplication"
	ScaleApplication   = "ScaleApplication"
	RestartApplication = "RestartApplication"
)

// Action is what a deployment does with one app.
type Action struct {
	Action string `json:"action"`
	App    string `json:"app"`
}

// Step is a set of actions that are under way at once.
type Step struct {
	Actions []Action `json:"actions"`
}

// plan lists the steps from one root to another (core/deployment/DeploymentPlan.scala): stop what is gone, start what is
// new with no instances, then scale or restart, in the order of dependencies.
func plan(original, target Root) ([]Step, error) {
	levels, err := target.levels()
	if err != nil {
		return nil, err
	}
	steps := []Step{}
	add := func(actions []Action) {
		if len(actions) > 0 {
			steps = append(steps, Step{Actions: actions})
		}
	}
	add(missing(original, target, StopApplication))
	add(missing(target, original, StartApplication))

	byLevel := map[int][]Action{}
	for _, id := range sortedKeys(target.Apps) {
		if kind := change(original.Apps[id], target.Apps[id]); kind != "" {
			byLevel[levels[id]] = append(byLevel[levels[id]], Action{kind, id})
		}
	}
	for _, level := range slices.Sorted(maps.Keys(byLevel)) {
		add(byLevel[level])
	}

	return steps, nil
}

// missing is an action for every app that one root has and the other lacks.
func missing(in, lacking Root, kind string) []Action {
	var actions []Action
	for _, id := range sortedKeys(in.Apps) {
		if lacking.Apps[id] == nil {
			actions = append(actions, Action{kind, id})
		}
	}

	return actions
}

// change is how an app gets from one definition to another, "" if nothing is to be done.
func change(before, after *App) string {
	switch {
	case before == after:
		return ""
	case before == nil:
		return ScaleApplication
	case before.ConfigVersion() == after.ConfigVersion() && before.Instances != after.Instances, // only scaled
		before.Version != after.Version && after.Instances == 0:
		return ScaleApplication
	case before.ConfigVersion() != after.ConfigVersion():
		return RestartApplication
	}

	return ""
}

// affected are the apps of a plan, each once, in its order.
func affected(steps []Step) []string {
	ids := []string{}
	for _, step := range steps {
		for _, a := range step.Actions {
			if !slices.Contains(ids, a.App) {
				ids = append(ids, a.App)
			}
		}
	}

	return ids
}
