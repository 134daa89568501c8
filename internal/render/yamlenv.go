package render

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// marshal prints a project as compose-go does: the same bytes, for less work.
//
// Every service is owed the numbers of all of the pod's ports, so the
// environments of 300 services with a port each are 90000 lines of 100000, and
// most of them are alike. Printed by reflection they took 0.6 s and 300 MB;
// here each different line is printed once.
func marshal(p *types.Project) ([]byte, error) {
	bare, environments := withoutEnvironments(p)
	out, err := bare.MarshalYAML()
	if err != nil {
		return nil, fmt.Errorf("printing the project: %w", err)
	}
	if len(environments) == 0 {
		return out, nil
	}
	e := &envPrinter{lines: map[envLine][]byte{}}
	out, ok := e.fill(out, environments)
	if !ok { // something in the project reads like a stand-in
		if out, err = p.MarshalYAML(); err != nil {
			return nil, fmt.Errorf("printing the project: %w", err)
		}
	}
	return out, nil
}

// standIn is the key that stands for an environment until it is filled in. Its
// value is the environment's number.
const standIn = "dce_stands_in_for_an_environment"

// withoutEnvironments is the project with a stand-in for each environment.
func withoutEnvironments(p *types.Project) (*types.Project, []types.MappingWithEquals) {
	bare := *p
	bare.Services = types.Services{}
	var environments []types.MappingWithEquals
	for _, name := range sortedKeys(p.Services) {
		s := p.Services[name]
		if len(s.Environment) > 0 {
			number := "number " + strconv.Itoa(len(environments))
			environments = append(environments, s.Environment)
			s.Environment = types.MappingWithEquals{standIn: &number}
		}
		bare.Services[name] = s
	}
	return &bare, environments
}

// envLine is one key with its value.
type envLine struct {
	key, value string
	set        bool // false: a key without a value
}

// envPrinter prints environments.
type envPrinter struct {
	order map[string]int     // of the keys, as YAML's library sorts them
	lines map[envLine][]byte // what each looks like
}

// fill puts the environments in place of their stand-ins. It does so only if
// each has one.
func (e *envPrinter) fill(out []byte, environments []types.MappingWithEquals) ([]byte, bool) {
	if !e.sort(environments) {
		return nil, false
	}
	filled := bytes.NewBuffer(make([]byte, 0, 2*len(out)))
	seen := 0
	for line := range bytes.Lines(out) {
		rest, ok := bytes.CutPrefix(line, []byte(margin+standIn+": number "))
		if !ok {
			filled.Write(line)
			continue
		}
		number, err := strconv.Atoi(string(bytes.TrimSpace(rest)))
		if err != nil || number >= len(environments) || seen >= len(environments) {
			return nil, false
		}
		seen++
		if err := e.print(filled, environments[number]); err != nil {
			return nil, false
		}
	}
	return filled.Bytes(), seen == len(environments)
}

// sort asks the library for the order of all keys: it sorts numbers in them by
// their value.
func (e *envPrinter) sort(environments []types.MappingWithEquals) bool {
	number := map[string]int{}
	for _, env := range environments {
		for key := range env {
			number[key] = 0
		}
	}
	for i, key := range sortedKeys(number) {
		number[key] = i
	}
	out, err := printYAML(number)
	if err != nil {
		return false
	}
	byNumber := map[int]int{}
	for i, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		n, err := strconv.Atoi(line[strings.LastIndexByte(line, ' ')+1:])
		if err != nil {
			return false
		}
		byNumber[n] = i
	}
	e.order = map[string]int{}
	for key, n := range number {
		e.order[key] = byNumber[n]
	}
	return len(byNumber) == len(number)
}

// rankedKey is a key with its place in the order.
type rankedKey struct {
	rank int
	key  string
}

// margin is where the keys of an environment begin in a line.
const margin = "      "

func (e *envPrinter) print(to *bytes.Buffer, env types.MappingWithEquals) error {
	keys := make([]rankedKey, 0, len(env))
	for key := range env {
		keys = append(keys, rankedKey{e.order[key], key})
	}
	slices.SortFunc(keys, func(a, b rankedKey) int { return a.rank - b.rank })
	for _, k := range keys {
		key := k.key
		l := envLine{key: key}
		if v := env[key]; v != nil {
			l.value, l.set = *v, true
		}
		text, ok := e.lines[l]
		if !ok {
			var err error
			if text, err = inPlace(key, env[key]); err != nil {
				return err
			}
			e.lines[l] = text
		}
		to.Write(text)
	}
	return nil
}

// inPlace prints one line as deep in a file as environments are: where a long
// text is folded depends on where it begins.
func inPlace(key string, value *string) ([]byte, error) {
	out, err := printYAML(map[string]any{"a": map[string]any{"b": map[string]any{"c": map[string]*string{key: value}}}})
	return bytes.TrimPrefix(out, []byte("a:\n  b:\n    c:\n")), err
}

// printYAML prints a value with compose-go's choices (v2.15.0 types/project.go).
func printYAML(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
