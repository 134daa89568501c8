package engine

import (
	"encoding/json"
	"fmt"
)

// reading reads the next value of an answer.
type reading func(*json.Decoder) error

// fields are those of an object that mean something, by their names, each with
// what it is read into (what json.Unmarshal takes) or read by. All others are
// passed over, a word at a time.
type fields map[string]any

func (f fields) read(d *json.Decoder) error {
	return eachField(d, func(name string) error {
		switch into := f[name].(type) {
		case nil:
			return pass(d)
		case reading:
			return into(d)
		case fields:
			return into.read(d)
		default:
			return d.Decode(into)
		}
	})
}

func eachField(d *json.Decoder, do func(name string) error) error {
	return within(d, '{', func() error {
		name, err := d.Token()
		if err != nil {
			return err
		}
		return do(name.(string)) //nolint:forcetypeassert // else it was an error
	})
}

// within goes through an object or a list. An engine has null for an empty one.
func within(d *json.Decoder, begin json.Delim, do func() error) error {
	switch first, err := d.Token(); {
	case err != nil || first == nil:
		return err
	case first != begin:
		return fmt.Errorf("%v in place of %v", first, begin)
	}
	for d.More() {
		if err := do(); err != nil {
			return err
		}
	}
	_, err := d.Token() // the end: an answer that was cut off is none
	return err
}

// pass passes one value over, whatever is in it.
func pass(d *json.Decoder) error {
	for depth := 0; ; {
		word, err := d.Token()
		if err != nil {
			return err
		}
		switch word {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}
