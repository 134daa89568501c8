package project

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// rawFormat is the format of an env_file whose lines are taken as they stand.
// compose-go knows it only from the docker compose command, which registers it in
// a table of the whole process; dce reads such files itself.
const rawFormat = "raw"

// knownEnvFormat: compose-go has a name of its own for the format of .env.
func knownEnvFormat(format string) bool {
	return format == "" || format == dotenv.DotEnv || format == rawFormat
}

// resolveEnvironments moves the values of env_file into the services, as
// compose-go does for its own format (v2.15.0 types/project.go,
// WithServicesEnvironmentResolved).
func resolveEnvironments(p *types.Project) error {
	for name, s := range p.Services {
		s.Environment = s.Environment.Resolve(p.Environment.Resolve)
		values := s.Environment.ToMapping()
		for _, f := range s.EnvFiles {
			if err := readInto(values, f, func(k string) (string, bool) {
				if v, ok := p.Environment[k]; ok {
					return v, true
				}
				if v := s.Environment[k]; v != nil {
					return *v, true
				}
				return "", false
			}); err != nil {
				return err
			}
		}
		s.Environment, s.EnvFiles = values.ToMappingWithEquals().OverrideBy(s.Environment), nil
		p.Services[name] = s
	}
	return nil
}

// readInto adds what an env file says; later lines may use the values before them.
func readInto(values types.Mapping, f types.EnvFile, lookup dotenv.LookupFn) error {
	data, err := readLimited(f.Path, nil)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !bool(f.Required):
		return nil
	case err != nil:
		return fmt.Errorf("reading the env file %s: %w", f.Path, err)
	case f.Format != rawFormat:
		return dotenv.ParseWithFormat(bytes.NewReader(data), f.Path, values, lookup, f.Format)
	}
	read, d := parseRaw(f.Path, string(data), lookup)
	maps.Copy(values, read)
	return d.Err()
}

// checkServiceEnv reads an env file of a service for what is wrong with it.
func checkServiceEnv(f types.EnvFile, lookup dotenv.LookupFn) diag.List {
	if f.Format != rawFormat {
		_, d := readEnvFile(f.Path, lookup)
		return d
	}
	data, err := readLimited(f.Path, nil)
	if err != nil {
		return diag.List{unreadable(f.Path, err)}
	}
	_, d := parseRaw(f.Path, string(data), lookup)
	return d
}

// parseRaw reads what Docker Compose v5.5.1 does (docker/cli pkg/kvfile): a key
// alone takes the variable of its name, or is left out.
func parseRaw(path, text string, lookup dotenv.LookupFn) (map[string]string, diag.List) {
	values := map[string]string{}
	var problems diag.List
	for _, st := range rawStatements(text) {
		if d, bad := badRaw(st); bad {
			d.Pos = diag.Pos{File: path, Line: st.line}
			problems = append(problems, d)
			continue
		}
		value, ok := st.value, true
		if st.alone {
			value, ok = lookup(st.key)
		}
		if ok {
			values[st.key] = value
		}
	}
	return values, problems
}

// badRaw says what is wrong with a line, without what it says: that may be a secret.
func badRaw(st envStatement) (diag.Diagnostic, bool) {
	why := ""
	switch {
	case !utf8.ValidString(st.key + st.value):
		why = "it is not UTF-8"
	case st.key == "":
		why = "a line has no key"
	case strings.ContainsAny(st.key, " \t"):
		why = "a key has a blank in it"
	}
	return diag.Diagnostic{
		Code: "DCE116", Summary: "this env file cannot be read: " + why,
		Hint: "write one KEY=VALUE on each line; with `format: raw` the value is all that follows the first =",
	}, why != ""
}

// rawStatements splits a raw file: each line is a statement, an empty one, or a
// remark.
func rawStatements(text string) []envStatement {
	var all []envStatement
	body := strings.TrimPrefix(text, "\ufeff")
	line, end := 0, len(text)-len(body)
	for whole := range strings.Lines(body) {
		begin := end
		line, end = line+1, end+len(whole)
		content := strings.TrimSuffix(strings.TrimSuffix(whole, "\n"), "\r")
		content = strings.TrimLeftFunc(content, unicode.IsSpace)
		if content == "" || content[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(content, "=")
		all = append(all, envStatement{key: key, value: value, alone: !found, line: line, begin: begin, end: end})
	}
	return all
}
