package agent

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// The JSON of Mesos' own converter (stout), not that of protobuf: fields under their proto names in the order of the
// proto file, enums by name, bytes in base64, doubles always with a fraction (64.0), what is unset left out.
// The messages of mesos-go are walked by their struct tags, so that names and required fields are the proto's.

// field is what the struct tag of one field of a message says.
type field struct {
	index    int
	name     string
	enum     string
	required bool
}

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		tag, ok := t.Field(i).Tag.Lookup("protobuf")
		if !ok {
			continue
		}
		f := field{index: i}
		for part := range strings.SplitSeq(tag, ",") {
			switch {
			case part == "req":
				f.required = true
			case strings.HasPrefix(part, "name="):
				f.name = part[len("name="):]
			case strings.HasPrefix(part, "enum="):
				f.enum = part[len("enum="):]
			}
		}
		fields = append(fields, f)
	}

	return fields
}

// marshalJSON gives a message as a real agent writes it.
func marshalJSON(message any) []byte {
	return appendMessage(nil, reflect.Indirect(reflect.ValueOf(message)))
}

func appendMessage(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	for _, f := range fieldsOf(v.Type()) {
		value := v.Field(f.index)
		if unset(value, f.required) {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = appendString(b, []byte(f.name))
		b = append(b, ':')
		b = appendValue(b, value, f.enum)
	}

	return append(b, '}')
}

// unset tells whether a field is absent on the wire. A field that is no pointer counts as unset when it is zero and
// optional: mesos-go has ExecutorInfo.type so, and a scheduler may leave it out.
func unset(v reflect.Value, required bool) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Slice, reflect.Map:
		return v.Len() == 0 && !required
	default:
		return !required && v.IsZero()
	}
}

func appendValue(b []byte, v reflect.Value, enum string) []byte {
	if enum != "" && v.Kind() == reflect.Int32 {
		return appendString(b, fmt.Append(nil, v.Interface())) // its String is the name
	}
	switch v.Kind() {
	case reflect.Pointer:
		return appendValue(b, v.Elem(), enum)
	case reflect.Struct:
		return appendMessage(b, v)
	case reflect.Slice:
		return appendList(b, v, enum)
	case reflect.Map:
		return appendMap(b, v)
	case reflect.String:
		return appendString(b, []byte(v.String()))
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Float32, reflect.Float64:
		return appendDouble(b, v.Float())
	case reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(b, v.Uint(), 10)
	default:
		return strconv.AppendInt(b, v.Int(), 10)
	}
}

func appendList(b []byte, v reflect.Value, enum string) []byte {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return append(append(append(b, '"'), base64.StdEncoding.EncodeToString(v.Bytes())...), '"')
	}
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, v.Index(i), enum)
	}

	return append(b, ']')
}

func appendMap(b []byte, v reflect.Value) []byte {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, []byte(k.String())), ':')
		b = appendValue(b, v.MapIndex(k), "")
	}

	return append(b, '}')
}

func appendDouble(b []byte, f float64) []byte {
	n := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	if !bytes.ContainsRune(b[n:], '.') {
		b = append(b, ".0"...)
	}

	return b
}

// appendString writes a JSON string. Bytes that are no UTF-8 go out as they are, as from a real agent.
func appendString(b, s []byte) []byte {
	b = append(b, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < 0x20:
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}

	return append(b, '"')
}

// unmarshalJSON fills a message from JSON; its errors are the texts of a real agent.
func unmarshalJSON(body []byte, message any) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return wordf("Failed to parse body into JSON: %s", syntaxError(body, err))
	}
	object, ok := value.(map[string]any)
	if !ok {
		return wordf("Failed to convert JSON into Call protobuf: Expecting a JSON object")
	}

	missing, err := fill(reflect.ValueOf(message).Elem(), object)
	if err == nil && len(missing) > 0 {
		err = wordf("Missing required fields: %s", strings.Join(missing, ", "))
	}
	if err != nil {
		return wordf("Failed to convert JSON into Call protobuf: %s", err)
	}

	return nil
}

// wording is an error that is sent as it stands: a text of Mesos.
type wording string

func (w wording) Error() string { return string(w) }

func wordf(format string, args ...any) error { return wording(fmt.Sprintf(format, args...)) }

// syntaxError words an error as picojson does: the line, and the rest of it from where reading stopped.
func syntaxError(body []byte, err error) string {
	at := len(body)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.Contains(e.Error(), "unexpected end") {
		at = min(max(int(e.Offset)-1, 0), len(body))
	}
	rest, _, _ := bytes.Cut(body[at:], []byte("\n"))
	rest = slices.DeleteFunc(slices.Clone(rest), func(c byte) bool { return c < ' ' })

	return fmt.Sprintf("syntax error at line %d near: %s", 1+bytes.Count(body[:at], []byte("\n")), rest)
}

// fill sets the fields of a message and returns the paths of the required ones that are absent.
func fill(v reflect.Value, object map[string]any) ([]string, error) {
	var own, nested []string
	for _, f := range fieldsOf(v.Type()) {
		value, ok := object[f.name]
		if !ok || value == nil {
			if f.required {
				own = append(own, f.name)
			}

			continue
		}
		missing, err := set(v.Field(f.index), value, f)
		if err != nil && !errors.Is(err, errIgnored) {
			return nil, err
		}
		nested = append(nested, missing...)
	}

	return append(own, nested...), nil
}

// set fills one field. An unknown name of an optional enum is ignored, as by Mesos.
func set(v reflect.Value, value any, f field) ([]string, error) {
	if v.Kind() == reflect.Pointer {
		target := reflect.New(v.Type().Elem())
		missing, err := set(target.Elem(), value, f)
		if err == nil {
			v.Set(target)
		}

		return missing, err
	}

	switch typed := value.(type) {
	case map[string]any:
		return setObject(v, typed, f)
	case []any:
		return setList(v, typed, f)
	case string:
		return nil, setString(v, typed, f)
	case float64:
		return nil, setNumber(v, typed, f)
	case bool:
		if v.Kind() != reflect.Bool {
			return nil, unexpected("boolean", f)
		}
		v.SetBool(typed)
	}

	return nil, nil
}

var errIgnored = errors.New("unknown enum name")

func unexpected(kind string, f field) error {
	return wordf("Not expecting a JSON %s for field '%s'", kind, f.name)
}

func setObject(v reflect.Value, object map[string]any, f field) ([]string, error) {
	if v.Kind() == reflect.Map {
		return setMap(v, object, f)
	}
	if v.Kind() != reflect.Struct {
		return nil, unexpected("object", f)
	}
	missing, err := fill(v, object)
	for i := range missing {
		missing[i] = f.name + "." + missing[i]
	}

	return missing, err
}

func setMap(v reflect.Value, object map[string]any, f field) ([]string, error) {
	v.Set(reflect.MakeMap(v.Type()))
	var missing []string
	for key, value := range object {
		element := reflect.New(v.Type().Elem()).Elem()
		m, err := set(element, value, f)
		if err != nil {
			return nil, err
		}
		missing = append(missing, m...)
		v.SetMapIndex(reflect.ValueOf(key), element)
	}

	return missing, nil
}

func setList(v reflect.Value, list []any, f field) ([]string, error) {
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() == reflect.Uint8 {
		return nil, unexpected("array", f)
	}
	var missing []string
	for i, value := range list {
		element := reflect.New(v.Type().Elem()).Elem()
		m, err := set(element, value, field{name: f.name, enum: f.enum})
		if errors.Is(err, errIgnored) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, path := range m {
			missing = append(missing, fmt.Sprintf("%s[%d]%s", f.name, i, strings.TrimPrefix(path, f.name)))
		}
		v.Set(reflect.Append(v, element))
	}

	return missing, nil
}

func setString(v reflect.Value, s string, f field) error {
	switch {
	case f.enum != "":
		return setEnum(v, s, f)
	case v.Kind() == reflect.String:
		v.SetString(s)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		data, err := decodeBase64(s)
		if err != nil {
			return wordf("Failed to base64 decode bytes field '%s': %s", f.name, err)
		}
		v.SetBytes(data)
	default:
		return unexpected("string", f)
	}

	return nil
}

// setEnum finds a name among those of mesos-go's type. As recorded, one in another case is taken too (IPV4 for IPv4).
func setEnum(v reflect.Value, s string, f field) error {
	const most = 256 // more than any enum of Mesos has
	before := v.Int()
	for number := range int64(most) {
		v.SetInt(number)
		if strings.EqualFold(fmt.Sprint(v.Interface()), s) {
			return nil
		}
	}
	v.SetInt(before)
	if f.required {
		return wordf("Failed to find enum for '%s'", s)
	}

	return errIgnored
}

func decodeBase64(s string) ([]byte, error) {
	for _, r := range s {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", r) {
			return nil, wordf("Invalid character '%c'", r)
		}
	}
	// Mesos stops at the padding and does not insist on it.
	s, _, _ = strings.Cut(s, "=")

	return base64.RawStdEncoding.DecodeString(s)
}

func setNumber(v reflect.Value, number float64, f field) error {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		v.SetFloat(number)
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(number))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(max(number, 0)))
	default:
		return unexpected("number", f)
	}

	return nil
}
