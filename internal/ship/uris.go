package ship

import (
	"net/url"
	"strconv"
	"strings"

	"dce/internal/diag"
)

// uris refuses a password in what agents are told to fetch: it would be in the
// app, which everyone may read who may look at the scheduler, and in the logs of
// every agent.
func (l *loaded) uris() diag.List {
	c := l.config()
	var problems diag.List
	check := func(setting, text string) {
		if hasPassword(text) {
			problems = append(problems, passwordIn(setting, l.locateSetting(setting)))
		}
	}
	check("target.artifacts.fetch_url", c.Target.Artifacts.FetchURL)
	for i, text := range c.Target.ExecutorURIs {
		check("target.executor.uris."+strconv.Itoa(i), text)
	}
	for i, text := range c.App.Fetch {
		check("app.fetch."+strconv.Itoa(i), text)
	}
	for i, one := range list(c.App.Marathon["fetch"]) {
		if entry, ok := one.(map[string]any); ok {
			text, _ := entry["uri"].(string) // another type, Build refuses
			check("marathon.fetch."+strconv.Itoa(i)+".uri", text)
		}
	}
	return problems
}

func list(v any) []any {
	all, _ := v.([]any) // another type, Build refuses
	return all
}

// hasPassword reports whether a URI holds one. To a web server a name alone may be
// a token; other schemes have users who are none (hdfs://USER@HOST). What cannot be
// taken apart, and has an @, may hold anything.
func hasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return strings.Contains(text, "://") && strings.Contains(text, "@")
	}
	_, password := u.User.Password()
	return password || u.User != nil && (u.Scheme == "http" || u.Scheme == "https")
}

func passwordIn(setting string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE715", Summary: setting + " holds a user's name or password", Pos: pos.Hidden(),
		Detail: "What agents fetch stands in the app, which everyone reads who may look at the scheduler.",
		Hint:   "take it out: let agents fetch from where they need none, or have the file on every agent and name its path",
	}
}
