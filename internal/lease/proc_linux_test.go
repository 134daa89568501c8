package lease

import "testing"

func TestParsingTheStatOfAProcess(t *testing.T) {
	const rest = " 1 2 3 4 5 4194560 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"
	cases := map[string]struct {
		stat  string
		want  process
		ended bool
		fails bool
	}{
		"plain":                              {stat: "12 (cat) S" + rest, want: process{"S", 4194560, "4711"}},
		"a name with spaces and parentheses": {stat: "12 (a) Z 1 (b) S" + rest, want: process{"S", 4194560, "4711"}},
		"a zombie":                           {stat: "12 (cat) Z" + rest, want: process{"Z", 4194560, "4711"}, ended: true},
		"not yet a zombie, without its files": {
			stat: "12 (cat) R 1 2 3 4 5 4194564 7 8 9 10 11 12 13 14 15 16 17 18 4711 20",
			want: process{"R", 4194564, "4711"}, ended: true,
		},
		"cut short":          {stat: "12 (cat) S 1 2", fails: true},
		"flags of no number": {stat: "12 (cat) S 1 2 3 4 5 x 7 8 9 10 11 12 13 14 15 16 17 18 4711 20", fails: true},
		"not a stat at all":  {stat: "12 cat", fails: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat([]byte(c.stat))
			if got != c.want || got.ended() != c.ended || (err != nil) != c.fails {
				t.Errorf("got %+v %v", got, err)
			}
		})
	}
}
