package project

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestCommittedSchemasAreWhatTheFieldsSay(t *testing.T) {
	for name, want := range map[string][]byte{"dce.schema.json": Schema(), "x-dce.schema.json": ExtensionSchema()} {
		path := filepath.Join("..", "..", "schema", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s differs from the fields (-fields +file): go test ./internal/project -update\n%s", name, diff)
		}
	}
}

// The schema and the decoder come from one table, but by different code.
func TestSchemaAndDecoderAgree(t *testing.T) {
	schema := compiled(t, Schema())
	for name, tc := range configCases() {
		t.Run(name, func(t *testing.T) {
			var v any
			if err := yaml.Unmarshal([]byte(tc.text), &v); err != nil {
				t.Skip("not YAML")
			}
			if v == nil {
				return
			}
			err := schema.Validate(v)
			if accepted := len(tc.want) == 0; accepted != (err == nil) {
				t.Errorf("decoder accepts: %v, schema says: %v", accepted, err)
			}
		})
	}
}

func compiled(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("dce.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("dce.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryDefaultAndEnumIsAValueOfItsField(t *testing.T) {
	for _, f := range append(Fields(), PodFields()...) {
		if f.Doc == "" {
			t.Errorf("%s has no doc", f.Path)
		}
		for _, text := range append(f.Enum, f.Default) {
			if text == "" {
				continue
			}
			if _, err := f.parse(text); err != nil {
				t.Errorf("%s: %q is not %s", f.Path, text, f.want())
			}
		}
	}
}
