package cluster

import (
	"strings"
	"testing"
)

func namesKey(setting string) bool { return strings.HasSuffix(setting, "KEY") }

func TestAPlanHidesValuesAndNotThatTheyDiffer(t *testing.T) {
	was := release("v1", 1, map[string]string{"env.KEY": "was", "env.GONE_KEY": "gone", "env.LEVEL": "info"},
		map[string]map[string]string{"web": {"image": "web:1", "environment.KEY": "was", "environment.SAME_KEY": "same"}})
	is := release("", 1, map[string]string{"env.KEY": "is", "env.NEW_KEY": "new", "env.LEVEL": "debug"},
		map[string]map[string]string{"web": {"image": "web:1", "environment.KEY": "is", "environment.SAME_KEY": "same"}})
	plan := Compare(was, *is)
	text := strings.Join(plan.Hidden(namesKey).Lines(), "\n")
	want := `~ web  environment.KEY  *** (before) → *** (after)
- app  env.GONE_KEY     ***
~ app  env.KEY          *** (before) → *** (after)
~ app  env.LEVEL        info → debug
+ app  env.NEW_KEY      ***
1 running instance will be replaced`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if plan.Summary() != plan.Hidden(namesKey).Summary() {
		t.Error("hiding changes what the plan comes to")
	}
	if !strings.Contains(strings.Join(plan.Lines(), "\n"), "was → is") {
		t.Error("hiding has changed the plan itself")
	}
}

func TestTextsHideValuesAndNotThatTheyDiffer(t *testing.T) {
	services := func(key string) map[string]map[string]string {
		return map[string]map[string]string{"web": {"environment.KEY": key, "environment.SAME_KEY": "same"}}
	}
	was, is := HideBetween(release("v1", 1, nil, services("was")), *release("", 1, nil, services("is")), namesKey)
	if got, want := was.Text(), "instances: 1\nservice web:\n  environment.KEY: *** (before)\n  environment.SAME_KEY: ***\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := is.Text(), "instances: 1\nservice web:\n  environment.KEY: *** (after)\n  environment.SAME_KEY: ***\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	none, is := HideBetween(nil, *release("", 1, nil, services("is")), namesKey)
	if none != nil || strings.Contains(is.Text(), "is\n") {
		t.Errorf("got %v and\n%s", none, is.Text())
	}
}
