package doctest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBlocks(t *testing.T) {
	got, err := Blocks("# Title\n\n```yaml compose.yaml\na: 1\n```\ntext\n```console exit=3\n$ true\n```\n```\nplain\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{
		{Line: 4, Lang: "yaml", Args: []string{"compose.yaml"}, Text: "a: 1\n"},
		{Line: 8, Lang: "console", Args: []string{"exit=3"}, Text: "$ true\n"},
		{Line: 11, Text: "plain\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestABlockMustBeClosed(t *testing.T) {
	if _, err := Blocks("text\n```sh\ntrue\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
}

func TestSteps(t *testing.T) {
	got := Steps(Block{Line: 10, Text: "$ echo a \\\n    b\na b\n$ true\n$ seq 2\n1\n2\n"})
	want := []Step{
		{Line: 10, Command: "echo a \\\n    b", Want: "a b\n"},
		{Line: 13, Command: "true"},
		{Line: 14, Command: "seq 2", Want: "1\n2\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMatch(t *testing.T) {
	for name, test := range map[string]struct {
		want, got string
		match     bool
	}{
		"the same text":                     {"a\nb\n", "a\nb\n", true},
		"another text":                      {"a\n", "b\n", false},
		"more than was promised":            {"a\n", "a\nb\n", false},
		"less than was promised":            {"a\nb\n", "a\n", false},
		"nothing, as promised":              {"", "", true},
		"nothing, where text was promised":  {"a\n", "", false},
		"text, where nothing was promised":  {"", "a\n", false},
		"spaces at the end of lines":        {"a\nb\n", "a  \nb\n", true},
		"dots stand for lines in between":   {"a\n...\nd\n", "a\nb\nc\nd\n", true},
		"dots stand for no line, too":       {"a\n...\n", "a\n", true},
		"dots do not stand for the rest":    {"...\nd\n", "d\ne\n", false},
		"an ellipsis stands for characters": {"id … up\n", "id 3f2a up\n", true},
		"an ellipsis ends with its line":    {"id …\n", "id 3\nid 4\n", false},
		"what looks like a pattern is none": {"a.c\n", "abc\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			if Match(test.want, test.got) != test.match {
				t.Errorf("Match(%q, %q) = %v", test.want, test.got, !test.match)
			}
		})
	}
}
