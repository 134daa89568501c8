package render

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

// checkMarshal holds that the fast way prints what compose-go prints.
func checkMarshal(tb testing.TB, p *types.Project) {
	tb.Helper()
	want, err := p.MarshalYAML()
	if err != nil {
		tb.Skip("compose-go cannot print it either")
	}
	got, err := marshal(p)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		tb.Fatalf("not what compose-go prints (-want +got):\n%s", diff)
	}
}

func environmentsOf(all ...types.MappingWithEquals) *types.Project {
	p := &types.Project{Name: "p", Services: types.Services{"none": {Name: "none", Image: "x"}}}
	for i, env := range all {
		name := "s" + strings.Repeat("i", i)
		p.Services[name] = types.ServiceConfig{Name: name, Image: "x", Environment: env}
	}
	return p
}

func TestEnvironmentsArePrintedAsComposePrintsThem(t *testing.T) {
	for name, p := range map[string]*types.Project{
		"none":            environmentsOf(),
		"numbers in keys": environmentsOf(types.MappingWithEquals{"PORT10": new("1"), "PORT9": new("2"), "PORT": new(""), "PORT_A": nil}),
		"two":             environmentsOf(types.MappingWithEquals{"A": new("1"), "B": new("true")}, types.MappingWithEquals{"B": new("true"), "A": new("2")}),
		"long texts":      environmentsOf(types.MappingWithEquals{"CERT": new("-----\nabc\n\n  def\n-----\n"), "TRAIL": new("a\n\n"), "LEAD": new("\n a"), "ONE": new("\n")}),
		"odd values":      environmentsOf(types.MappingWithEquals{"A": new("a: b"), "B": new("# c"), "C": new(" x "), "D": new("\x00\x85\u2028"), "E": new("$$"), "F": new("é"), "G": new(strings.Repeat("word ", 200))}),
		"odd keys": environmentsOf(types.MappingWithEquals{
			"": new("x"), "a b": new("y"), "a: b": new("z"), "1": new("n"), "true": new("b"), "k\nl": new("m"), strings.Repeat("k", 200): new("long"), "? x": nil, "<<": new("merge"), "~": new("null"),
		}),
		"reads like a stand-in": environmentsOf(types.MappingWithEquals{standIn: new("number 0")}, types.MappingWithEquals{"A": new("\n" + standIn + ": number 1\n")}),
		"a stand-in elsewhere": {Name: "p", Services: types.Services{
			"a": {Image: "x", Environment: types.MappingWithEquals{"A": nil}, Labels: types.Labels{standIn: "number 0"}},
		}},
	} {
		t.Run(name, func(t *testing.T) { checkMarshal(t, p) })
	}
}

func FuzzEnvironmentsArePrintedAsComposePrintsThem(f *testing.F) {
	f.Add("PORT10", "31000", "PORT9", "a\nb\n", "x")
	f.Add("a: b", "- c", "? d", "\n\n e", standIn+": number 0")
	f.Fuzz(func(t *testing.T, key1, value1, key2, value2, label string) {
		// YAML's library sorts such keys as they come (v4.0.0-rc.6: it compares
		// runes, and all that is no UTF-8 is the same one). No file has them: a YAML
		// file must be UTF-8 (DCE121), and an env file's keys are words (DCE116).
		if !utf8.ValidString(key1) || !utf8.ValidString(key2) || !utf8.ValidString(label) {
			t.Skip("not UTF-8")
		}
		p := environmentsOf(types.MappingWithEquals{key1: &value1, key2: nil}, types.MappingWithEquals{key2: &value2, key1: &value1})
		s := p.Services["s"]
		s.Labels = types.Labels{"l": label, label: "l"}
		p.Services["s"] = s
		checkMarshal(t, p)
	})
}
