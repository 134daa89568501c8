package cluster

import "context"

// Archive is the versions of an app that a scheduler keeps.
type Archive interface {
	// Versions are newest first.
	Versions(ctx context.Context) ([]string, error)
	Version(ctx context.Context, version string) (*Release, error)
}

// Fate is what became of a release, as far as later ones tell.
type Fate string

// The fates.
const (
	Current    Fate = "current"
	Replaced   Fate = "replaced"
	RolledBack Fate = "rolled back"
	Scaled     Fate = "scaled"
	Stopped    Fate = "stopped"
)

// Entry is a version in the history of an app.
type Entry struct {
	Version   string `json:"version"`
	Fate      Fate   `json:"result"`
	Instances int    `json:"instances"`
	Origin    Origin `json:"origin"`
	// Changes are the names of the settings that differ from the version before.
	Changes int `json:"changes"`

	Release Release `json:"-"`
}

// History reads the newest versions of an app, newest first; 0 is all.
func History(ctx context.Context, a Archive, most int) ([]Entry, error) {
	versions, err := a.Versions(ctx)
	if err != nil {
		return nil, err
	}
	if most > 0 && len(versions) > most+1 {
		versions = versions[:most+1] // one more, to compare the last one with
	}
	releases := make([]Release, len(versions))
	for i, v := range versions {
		r, err := a.Version(ctx, v)
		if err != nil {
			return nil, err
		}
		releases[i] = *r
	}
	entries := Entries(releases)
	if most > 0 && len(entries) > most {
		entries = entries[:most]
	}
	return entries, nil
}

// Entries tells of each release, newest first, what the others say of it. One that
// was deployed again or scaled before it was found to be bad has several versions,
// of which only the last is named by what replaces it.
func Entries(releases []Release) []Entry {
	replaced := map[string]bool{}
	for _, r := range releases {
		if v := r.Origin.Replaces; v != "" {
			replaced[v] = true
		}
	}
	var entries []Entry
	failed := false
	for i, r := range releases {
		e := Entry{Version: r.Version, Fate: Replaced, Instances: r.Instances, Origin: r.Origin, Release: r}
		failed = replaced[r.Version] || failed && sameRelease(&e, &entries[i-1])
		scaled := false
		if i+1 < len(releases) {
			before := releases[i+1]
			e.Changes = len(compareSettings(before.Settings, r.Settings))
			scaled = e.Changes == 0 && before.Instances != r.Instances
		}
		switch {
		case i == 0:
			e.Fate = Current
		case failed:
			e.Fate = RolledBack
		case scaled && r.Instances == 0:
			e.Fate = Stopped
		case scaled:
			e.Fate = Scaled
		}
		entries = append(entries, e)
	}
	return entries
}

// Before is the version to go back to: the newest one before the current that is
// another release, did not fail, and had instances. Nil where there is none.
func Before(entries []Entry) *Entry {
	for i := range entries {
		e := &entries[i]
		if e.Fate != RolledBack && e.Instances > 0 && !sameRelease(e, &entries[0]) {
			return e
		}
	}
	return nil
}

// sameRelease says that two versions differ by their number of instances at
// most.
func sameRelease(a, b *Entry) bool {
	return len(compareSettings(a.Release.Settings, b.Release.Settings)) == 0
}
