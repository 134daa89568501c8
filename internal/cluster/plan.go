package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind says what happens to something.
type Kind string

// The kinds of change.
const (
	Added   Kind = "added"
	Changed Kind = "changed"
	Removed Kind = "removed"
	Same    Kind = "unchanged"
)

// Plan is what a deploy would do. Equal inputs give an equal plan.
type Plan struct {
	// Version is the one it was made against, empty where there is no app.
	Version  string `json:"version"`
	Services []Item `json:"services"`
	// Settings are the changes of the app beside its services.
	Settings []Setting `json:"settings"`
	// Instances are how many there are and will be.
	InstancesNow int `json:"instances_now"`
	Instances    int `json:"instances"`
	// Replaced is how many of the instances that run are replaced.
	Replaced int `json:"replaced"`
	// Destroys says that the app itself goes, with its versions.
	Destroys bool `json:"destroys,omitempty"`
	// Steps are what the scheduler says that it would do, where it was asked.
	Steps []string `json:"steps,omitempty"`
}

// Item is what happens to a service.
type Item struct {
	Name    string    `json:"name"`
	Kind    Kind      `json:"kind"`
	Image   string    `json:"image,omitempty"`
	Changes []Setting `json:"changes,omitempty"`
}

// SettingBundle is the setting that stands for the pod's files: their digest.
const SettingBundle = "bundle"

// Setting is a value that differs. An empty text is none.
type Setting struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Compare plans how to get from what runs, nil for nothing, to what is wanted.
func Compare(running *Release, wanted Release) Plan {
	p := Plan{Services: []Item{}, Settings: []Setting{}, Instances: wanted.Instances}
	was := Release{}
	if running != nil {
		was = *running
		p.Version, p.InstancesNow = was.Version, was.Instances
	}
	p.Services = append(p.Services, compareServices(was.Services, wanted.Services)...)
	p.Settings = append(p.Settings, compareSettings(was.Settings, wanted.Settings)...)
	if running != nil && p.restarts() {
		p.Replaced = was.Instances
	}
	return p
}

func compareServices(was, is map[string]map[string]string) []Item {
	var items []Item
	for _, name := range keys(was, is) {
		before, had := was[name]
		after, has := is[name]
		item := Item{Name: name, Kind: Same, Image: cmp.Or(after["image"], before["image"])}
		switch {
		case !had:
			item.Kind = Added
		case !has:
			item.Kind = Removed
		default:
			if item.Changes = compareSettings(before, after); len(item.Changes) > 0 {
				item.Kind = Changed
			}
		}
		items = append(items, item)
	}
	return items
}

func compareSettings(was, is map[string]string) []Setting {
	var changes []Setting
	for _, name := range keys(was, is) {
		if was[name] != is[name] {
			changes = append(changes, Setting{name, was[name], is[name]})
		}
	}
	return changes
}

func keys[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

// Empty says that a deploy would change nothing.
func (p Plan) Empty() bool {
	return p.Version != "" && p.InstancesNow == p.Instances && !p.restarts() && !p.Destroys
}

// OnlyScales says that the number of instances is all that changes, so that none
// of those that run needs to be replaced.
func (p Plan) OnlyScales() bool {
	return p.Version != "" && p.InstancesNow != p.Instances && !p.restarts()
}

func (p Plan) restarts() bool {
	return len(p.Settings) > 0 || slices.ContainsFunc(p.Services, func(i Item) bool { return i.Kind != Same })
}

// Count is the number of services and settings of each kind.
func (p Plan) Count() map[Kind]int {
	n := map[Kind]int{}
	for _, i := range p.Services {
		n[i.Kind]++
	}
	for _, s := range p.Settings {
		if p.shows(s) {
			n[s.kind()]++
		}
	}
	if p.Version != "" && p.InstancesNow != p.Instances {
		n[Changed]++
	}
	return n
}

func (s Setting) kind() Kind {
	switch {
	case s.From == "":
		return Added
	case s.To == "":
		return Removed
	default:
		return Changed
	}
}

// Summary is the plan in one line.
func (p Plan) Summary() string {
	if p.Empty() {
		return "no changes"
	}
	if p.Destroys {
		return "the app is removed"
	}
	n := p.Count()
	return fmt.Sprintf("%d added, %d changed, %d removed", n[Added], n[Changed], n[Removed])
}

// Lines are the plan in words, one for each service and setting.
func (p Plan) Lines() []string {
	rows := p.rows()
	var wide [2]int
	for _, r := range rows {
		wide[0], wide[1] = max(wide[0], len(r.subject)), max(wide[1], len(r.name))
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = strings.TrimRight(fmt.Sprintf("%s %-*s  %-*s  %s", r.mark, wide[0], r.subject, wide[1], r.name, r.text), " ")
	}
	return append(lines, p.consequences()...)
}

// shows says that a setting is worth a line: not the files, where the services
// tell of them, and of a new app only what it costs.
func (p Plan) shows(s Setting) bool {
	if p.Version == "" {
		return slices.Contains([]string{"cpus", "mem", "disk", "gpus"}, s.Name)
	}
	return s.Name != SettingBundle || !p.tellsFiles()
}

// tellsFiles says that the services show what is new in the bundle.
func (p Plan) tellsFiles() bool {
	return slices.ContainsFunc(p.Services, func(i Item) bool { return i.Kind != Same })
}

type planRow struct{ mark, subject, name, text string }

func (p Plan) rows() []planRow {
	var rows []planRow
	for _, i := range p.Services {
		rows = append(rows, i.rows()...)
	}
	for _, s := range p.Settings {
		if p.shows(s) {
			rows = append(rows, s.row("app"))
		}
	}
	if p.Version != "" && p.InstancesNow != p.Instances {
		rows = append(rows, planRow{"~", "app", "instances", fmt.Sprintf("%d → %d", p.InstancesNow, p.Instances)})
	}
	return rows
}

func (i Item) rows() []planRow {
	switch i.Kind {
	case Added:
		return []planRow{{"+", i.Name, "service", i.Image}}
	case Removed:
		return []planRow{{"-", i.Name, "service", i.Image}}
	case Same:
		return []planRow{{"=", i.Name, "unchanged", ""}}
	case Changed:
	}
	var rows []planRow
	for _, c := range i.Changes {
		rows = append(rows, c.row(i.Name))
	}
	return rows
}

func (s Setting) row(subject string) planRow {
	switch s.kind() {
	case Added:
		return planRow{"+", subject, s.Name, short(s.To)}
	case Removed:
		return planRow{"-", subject, s.Name, short(s.From)}
	default:
		return planRow{"~", subject, s.Name, short(s.From) + " → " + short(s.To)}
	}
}

// longest is how much of a value a line shows.
const longest = 60

func short(value string) string {
	value = strings.Join(strings.Fields(value), " ")
	if r := []rune(value); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return value
}

// consequences say what happens to the instances.
func (p Plan) consequences() []string {
	switch {
	case p.Destroys:
		return []string{count(p.InstancesNow, "running instance") + " will be stopped, and the app removed with its history"}
	case p.Version == "":
		return []string{fmt.Sprintf("a new app with %s", count(p.Instances, "instance"))}
	case p.Replaced > 0:
		return []string{count(p.Replaced, "running instance") + " will be replaced"}
	case p.InstancesNow < p.Instances:
		return []string{count(p.Instances-p.InstancesNow, "instance") + " will be started, none replaced"}
	case p.InstancesNow > p.Instances:
		return []string{count(p.InstancesNow-p.Instances, "instance") + " will be stopped, none replaced"}
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
