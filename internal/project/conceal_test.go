package project

import "testing"

func TestWhatOfASettingIsShown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ path, text, want string }{
		"a reference":                         {"target.credentials.basic", "env:LOGIN", "env:LOGIN"},
		"a login":                             {"target.credentials.basic", "me:pw", stars},
		"a token":                             {"environments.prod.target.artifacts.credentials.token", "t0ken", stars},
		"an unknown key beside":               {"target.credentials.password", "pw", stars},
		"a scalar in their place":             {"target.credentials", "me:pw", stars},
		"a source of a secret":                {"app.secrets.DB", "marathon:shop/db", "marathon:shop/db"},
		"a secret":                            {"app.secrets.DB", "pw", stars},
		"a secret with a colon":               {"app.secrets.DB", "me:pw", stars},
		"the name of a secret":                {"secrets", "DB", "DB"},
		"an address":                          {"target.urls", "http://marathon.example:8080", "http://marathon.example:8080"},
		"an address with a password":          {"target.urls", "http://me:pw@marathon.example:8080", "http://***@marathon.example:8080"},
		"one with a user alone":               {"app.fetch", "ftp://me@x/y", "ftp://***@x/y"},
		"one with an @ in its path":           {"app.fetch", "http://x/a@b", "http://x/a@b"},
		"one with both":                       {"app.fetch", "http://me:pw@x/a@b", "http://***@x/a@b"},
		"one with what no address may have":   {"app.fetch", "http://me:p%w@x/y", "http://***@x/y"},
		"in a command":                        {"hooks.pre_deploy", "curl -f 'https://me:pw@x/y' | sh", "curl -f 'https://***@x/y' | sh"},
		"what is no address, with an @ in it": {"app.labels.OWNER", "me@example.org", "me@example.org"},
	} {
		if got := masked(test.path, test.text); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
