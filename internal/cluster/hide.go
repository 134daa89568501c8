package cluster

import (
	"maps"
	"slices"
)

// What stands for a value that is not shown: in what runs and what is wanted
// where they differ, as kubectl does, so that the difference is seen.
const (
	hidden       = "***"
	hiddenBefore = "*** (before)"
	hiddenAfter  = "*** (after)"
)

// Hidden is the plan without the values of the settings that secret names.
// Everything else that can be asked of it is answered alike.
func (p Plan) Hidden(secret func(setting string) bool) Plan {
	p.Services = slices.Clone(p.Services)
	for i, item := range p.Services {
		p.Services[i].Changes = hideChanges(item.Changes, secret)
	}
	p.Settings = hideChanges(p.Settings, secret)
	return p
}

func hideChanges(changes []Setting, secret func(string) bool) []Setting {
	changes = slices.Clone(changes)
	for i, c := range changes {
		if secret(c.Name) {
			changes[i].From, changes[i].To = hide(c.From, c.To)
		}
	}
	return changes
}

// hide keeps what can be seen of two values: whether each is there, and whether
// they differ.
func hide(was, is string) (string, string) {
	switch {
	case was == is && was != "":
		return hidden, hidden
	case was == "" || is == "":
		return hideOne(was), hideOne(is)
	}
	return hiddenBefore, hiddenAfter
}

func hideOne(value string) string {
	if value == "" {
		return ""
	}
	return hidden
}

// HideBetween is two releases without the values of the settings that secret
// names; running is nil for none.
func HideBetween(running *Release, wanted Release, secret func(setting string) bool) (*Release, Release) {
	was := Release{}
	if running != nil {
		was = *running
	}
	was.Settings, wanted.Settings = hideSettings(was.Settings, wanted.Settings, secret)
	before, after := map[string]map[string]string{}, map[string]map[string]string{}
	for _, name := range keys(was.Services, wanted.Services) {
		was, is := hideSettings(was.Services[name], wanted.Services[name], secret)
		if was != nil {
			before[name] = was
		}
		if is != nil {
			after[name] = is
		}
	}
	was.Services, wanted.Services = before, after
	if running == nil {
		return nil, wanted
	}
	return &was, wanted
}

func hideSettings(was, is map[string]string, secret func(string) bool) (map[string]string, map[string]string) {
	was, is = maps.Clone(was), maps.Clone(is)
	for _, name := range keys(was, is) {
		if !secret(name) {
			continue
		}
		before, after := hide(was[name], is[name])
		replace(was, name, before)
		replace(is, name, after)
	}
	return was, is
}

// replace changes what is there, and adds nothing.
func replace(settings map[string]string, name, value string) {
	if _, ok := settings[name]; ok {
		settings[name] = value
	}
}
