package project

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

var errValue = errors.New("not a value of this type")

// parse reads a scalar of the field's type: string, bool, int, float64 (a
// size in MiB) or time.Duration.
func (f *Field) parse(text string) (any, error) {
	if f.Enum != nil && !slices.Contains(f.Enum, text) {
		return nil, errValue
	}
	switch f.Type {
	case TypeBool:
		return parseBool(text)
	case TypeInt:
		return parseInt(text)
	case TypeNumber:
		return parseNumber(text)
	case TypeSize:
		return parseSize(text)
	case TypeDuration:
		return parseDuration(text)
	default:
		return text, nil
	}
}

func parseBool(text string) (any, error) {
	switch text {
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return nil, errValue
}

func parseInt(text string) (any, error) {
	v, err := strconv.Atoi(text)
	if err != nil || v < 0 {
		return nil, errValue
	}
	return v, nil
}

func parseNumber(text string) (any, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return nil, errValue
	}
	return v, nil
}

// maxMiB is what an engine can be told, in MiB: it counts bytes in 63 bits.
const maxMiB = 1<<43 - 1

// parseSize reads MiB: a bare number is MiB, as Mesos counts; units are powers
// of 1024.
func parseSize(text string) (any, error) {
	number := strings.TrimRight(text, "abgikmtABGIKMT")
	unit := strings.ToLower(text[len(number):])
	factors := map[string]float64{
		"": 1, "b": 1.0 / (1 << 20),
		"k": 1.0 / (1 << 10), "m": 1, "g": 1 << 10, "t": 1 << 20,
	}
	if len(unit) > 1 {
		unit = strings.TrimSuffix(strings.TrimSuffix(unit, "b"), "i")
	}
	factor, ok := factors[unit]
	v, err := parseNumber(strings.TrimSpace(number))
	if !ok || err != nil || v.(float64)*factor > maxMiB {
		return nil, errValue
	}
	return v.(float64) * factor, nil
}

func parseDuration(text string) (any, error) {
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return nil, errValue
	}
	return v, nil
}

// want names what the field takes, for a person.
func (f *Field) want() string {
	if f.Enum != nil {
		return "one of " + strings.Join(f.Enum, ", ")
	}
	words := map[FieldType]string{
		TypeString: "a string", TypeBool: "true or false", TypeInt: "a whole number, zero or more", TypeNumber: "a number, zero or more",
		TypeSize: "a number of MiB or a size such as 512M", TypeDuration: "a duration such as 90s or 10m",
		TypePaths: "a list of file names", TypeStrings: "a list of names", TypeValues: "a mapping of names to values", TypeAny: "a mapping",
	}
	return words[f.Type]
}

func (f *Field) example() string {
	if f.Enum != nil {
		return f.Enum[0]
	}
	words := map[FieldType]string{
		TypeString: `"text"`, TypeBool: "true", TypeInt: "1", TypeNumber: "0.5", TypeSize: "512M", TypeDuration: "90s",
		TypePaths: "[compose.yaml]", TypeStrings: "[a, b]", TypeValues: "{TAG: \"1.0\"}", TypeAny: "{backoffFactor: 1.5}",
	}
	return words[f.Type]
}
