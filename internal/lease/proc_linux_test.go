package lease

import "testing"

func TestParsingTheStatOfAProcess(t *testing.T) {
	const rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"
	cases := map[string]struct {
		stat         string
		state, start string
		fails        bool
	}{
		"plain":                              {"12 (cat)" + rest, "S", "4711", false},
		"a name with spaces and parentheses": {"12 (a) Z 1 (b)" + rest, "S", "4711", false},
		"cut short":                          {"12 (cat) S 1 2", "", "", true},
		"not a stat at all":                  {"12 cat", "", "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			state, start, err := parseStat([]byte(c.stat))
			if state != c.state || start != c.start || (err != nil) != c.fails {
				t.Errorf("got %q %q %v", state, start, err)
			}
		})
	}
}
