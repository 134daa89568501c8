package project

import (
	"bytes"
	"encoding/json"
	"strings"
)

// schemaID names the schema of dce.yaml; files refer to it.
const schemaID = "https://dce.dev/schema/dce.schema.json"

// Schema is the JSON Schema (draft 2020-12) of dce.yaml.
func Schema() []byte {
	return schemaOf(Fields(), schemaID, "dce.yaml", "Settings of a project that dce runs as a pod")
}

// ExtensionSchema is the JSON Schema of x-dce in a compose file.
func ExtensionSchema() []byte {
	return schemaOf(PodFields(), strings.Replace(schemaID, "dce.schema", "x-dce.schema", 1), "x-dce", "A pod's settings inside a compose file")
}

func schemaOf(fields []Field, id, title, doc string) []byte {
	s := newKeyTree(fields).schema()
	s["$schema"], s["$id"], s["title"], s["description"] = "https://json-schema.org/draft/2020-12/schema", id, title, doc
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	// Maps of strings, numbers and maps always encode.
	_ = enc.Encode(s)
	return b.Bytes()
}

func (t *keyTree) schema() map[string]any {
	if t.field != nil {
		return t.field.schema()
	}
	properties := map[string]any{}
	s := map[string]any{
		"type": []string{"object", "null"}, "additionalProperties": false,
		"patternProperties": map[string]any{"^x-": map[string]any{}},
	}
	for key, sub := range t.children {
		if key == "*" {
			s["additionalProperties"] = sub.schema()
			s["propertyNames"] = map[string]any{"pattern": environmentName.String()}
			delete(s, "patternProperties")
			continue
		}
		properties[key] = sub.schema()
	}
	if len(properties) > 0 {
		s["properties"] = properties
	}
	return s
}

func (f *Field) schema() map[string]any {
	s := f.typeSchema()
	s["description"] = f.Doc
	if f.Default != "" {
		// A test holds that every default is a value of its field's type.
		s["default"], _ = f.parse(f.Default)
		if f.Type == TypeDuration {
			s["default"] = f.Default
		}
	}
	return s
}

func (f *Field) typeSchema() map[string]any {
	strings := map[string]any{"type": []string{"string", "number", "boolean"}}
	switch f.Type {
	case TypeBool:
		return map[string]any{"type": "boolean"}
	case TypeInt:
		if f.Enum != nil {
			return map[string]any{"type": "integer", "enum": f.enumValues()}
		}
		return map[string]any{"type": "integer", "minimum": 0}
	case TypeNumber:
		return map[string]any{"type": "number", "minimum": 0}
	case TypeSize:
		return map[string]any{"type": []string{"number", "string"}, "minimum": 0, "pattern": `^[0-9.]+ ?([bB]|[kKmMgGtT]([iI]?[bB])?)?$`}
	case TypeDuration:
		return map[string]any{"type": "string", "pattern": `^([0-9.]+(ns|us|ms|s|m|h))+$|^0$`}
	case TypeStrings, TypePaths:
		return map[string]any{"type": []string{"array", "string"}, "items": map[string]any{"type": "string"}}
	case TypeValues:
		return map[string]any{"type": "object", "additionalProperties": strings}
	case TypeAny:
		return map[string]any{"type": "object"}
	default:
		if f.Enum != nil {
			return map[string]any{"type": "string", "enum": f.enumValues()}
		}
		return map[string]any{"type": "string"}
	}
}

func (f *Field) enumValues() []any {
	values := make([]any, 0, len(f.Enum))
	for _, text := range f.Enum {
		v, _ := f.parse(text)
		values = append(values, v)
	}
	return values
}
