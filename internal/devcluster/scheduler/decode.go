package scheduler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// object is a definition as it was sent.
type object = map[string]any

// deprecated are the fields of an app that are read but never shown: they become other ones.
type deprecated struct {
	Ports      []int          `json:"ports"`
	URIs       []string       `json:"uris"`
	IPAddress  map[string]any `json:"ipAddress"`
	StoreURLs  []string       `json:"storeUrls"`
	Version    Time           `json:"version"`
	PortsGiven bool           `json:"-"`
}

// parse reads JSON of any kind; numbers stay as they were written.
func parse(body []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	if err == nil && decoder.More() {
		err = errors.New("unexpected text after the value")
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil, &InvalidError{JSON: true, Text: "No content to map due to end-of-input"}
	case err != nil:
		return nil, &InvalidError{JSON: true, Text: err.Error()}
	}

	return value, nil
}

// parseObject reads a JSON object.
func parseObject(body []byte) (object, error) {
	value, err := parse(body)
	if err != nil {
		return nil, err
	}
	o, ok := value.(object)
	if !ok {
		return nil, &InvalidError{JSON: true, Details: []Detail{{Path: "/", Errors: []string{"error.expected.jsobject"}}}}
	}

	return o, nil
}

// decodeInto reads a value of JSON into a Go value. Every place where the kinds differ is named, as play-json does.
func decodeInto(value any, into any) error {
	var found problems
	checkKinds(value, reflect.TypeOf(into).Elem(), "", &found)
	if err := found.err(true); err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return &InvalidError{JSON: true, Details: []Detail{{Path: "/", Errors: []string{err.Error()}}}}
	}

	return nil
}

// checkKinds compares JSON with a type of Go. Fields that the type lacks are ignored, as Marathon does.
func checkKinds(value any, t reflect.Type, path string, found *problems) {
	if value == nil || t.Kind() == reflect.Interface {
		return // null is as absent
	}
	if t == reflect.TypeFor[Time]() {
		expect[string](value, "error.expected.jsstring", path, found)

		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		checkKinds(value, t.Elem(), path, found)
	case reflect.String:
		expect[string](value, "error.expected.jsstring", path, found)
	case reflect.Bool:
		expect[bool](value, "error.expected.jsboolean", path, found)
	case reflect.Int, reflect.Float64:
		checkNumber(value, t.Kind(), path, found)
	case reflect.Slice:
		if list, ok := expect[[]any](value, "error.expected.jsarray", path, found); ok {
			for i, item := range list {
				checkKinds(item, t.Elem(), fmt.Sprintf("%s(%d)", path, i), found)
			}
		}
	case reflect.Map, reflect.Struct:
		if o, ok := expect[object](value, "error.expected.jsobject", path, found); ok {
			checkFields(o, t, path, found)
		}
	default:
	}
}

func checkFields(o object, t reflect.Type, path string, found *problems) {
	for _, key := range sortedKeys(o) {
		at := path + "/" + key
		if t.Kind() == reflect.Map {
			checkKinds(o[key], t.Elem(), at, found)

			continue
		}
		for field := range t.Fields() {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == key {
				checkKinds(o[key], field.Type, at, found)
			}
		}
	}
}

func checkNumber(value any, kind reflect.Kind, path string, found *problems) {
	n, ok := expect[json.Number](value, "error.expected.jsnumber", path, found)
	if !ok {
		return
	}
	if _, err := n.Int64(); err != nil && kind == reflect.Int {
		found.add(path, "error.expected.int")
	}
}

func expect[T any](value any, otherwise, path string, found *problems) (T, bool) {
	v, ok := value.(T)
	if !ok {
		found.add(path, "%s", otherwise)
	}

	return v, ok
}
