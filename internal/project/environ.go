package project

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"

	"dce/internal/diag"
)

// environMap is KEY=VALUE pairs as a map; the last of a key wins.
func environMap(environ []string) map[string]string {
	m := make(map[string]string, len(environ))
	for _, kv := range environ {
		k, v, found := strings.Cut(kv, "=")
		if found && k != "" {
			m[k] = v
		}
	}
	return m
}

// defaultEnvFile is .env of a directory, unless there is none or
// COMPOSE_DISABLE_ENV_FILE says no.
func defaultEnvFile(dir string, env map[string]string) []string {
	if off, err := strconv.ParseBool(env["COMPOSE_DISABLE_ENV_FILE"]); err == nil && off {
		return nil
	}
	path := filepath.Join(dir, ".env")
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return nil
	}
	return []string{path}
}

// withEnvFiles returns env with what the files say beneath it: what env has
// already wins, a later file wins over an earlier one.
func withEnvFiles(env map[string]string, files []string) (map[string]string, diag.List) {
	read := map[string]string{}
	var problems diag.List
	for _, f := range files {
		values, d := readEnvFile(f, func(k string) (string, bool) {
			if v, ok := env[k]; ok {
				return v, true
			}
			v, ok := read[k]
			return v, ok
		})
		problems = append(problems, d...)
		maps.Copy(read, values)
	}
	maps.Copy(read, env)
	return read, problems
}

func readEnvFile(path string, lookup dotenv.LookupFn) (map[string]string, diag.List) {
	data, err := readLimited(path, nil)
	if err != nil {
		return nil, diag.List{unreadable(path, err)}
	}
	if d := envCost(path, string(data), lookup); len(d) > 0 {
		return nil, d
	}
	var values map[string]string
	said := capture(func() { values, err = dotenv.ParseWithLookup(bytes.NewReader(data), lookup) })
	if err != nil {
		return nil, diag.List{envSyntax(path, string(data), err)}
	}
	return values, unsetInEnvFile(path, string(data), said)
}

// unsetInEnvFile are the variables that an env file takes its values from and that
// nobody sets, as compose-go has warned of them.
func unsetInEnvFile(path, text string, said []string) diag.List {
	var problems diag.List
	seen := map[string]bool{}
	for _, m := range said {
		v := unsetVariable.FindStringSubmatch(m)
		if v == nil || seen[v[1]] {
			continue
		}
		seen[v[1]] = true
		d, mention := unset(v[1]), mentionOf(v[1])
		d.Pos.File = path
		statements := envStatements(text)
		if i := slices.IndexFunc(statements, func(st envStatement) bool { return mention.MatchString(st.value) }); i >= 0 {
			d.Pos.Line = statements[i].line
		}
		problems = append(problems, d)
	}
	return problems
}

// envSyntax words a parser's error without what it quotes of the file: that may
// be a secret. For the same reason it has no cause.
func envSyntax(path, text string, err error) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE116", Summary: "this env file cannot be read: " + envReason(err.Error()), Pos: diag.Pos{File: path},
		Hint: "write one KEY=VALUE on each line, values with blanks or # in quotes",
	}
	var line int
	if n, _ := fmt.Sscanf(err.Error(), "line %d:", &line); n == 1 {
		d.Pos.Line = line
	}
	if all := envStatements(text); len(all) > 0 && strings.Contains(err.Error(), "unterminated") {
		d.Pos.Line = all[len(all)-1].line // the parser gives the line where the file ends
	}
	return d
}

// envReason knows the errors of compose-go dotenv/parser.go.
func envReason(text string) string {
	for _, r := range []struct{ has, words string }{
		{"unterminated quoted value", "a quoted value has no end"},
		{"unexpected character", "a key has a character in it that no key has"},
		{"key cannot contain a space", "a key has a blank in it"},
		{"required variable", "a variable that must be set is not"},
	} {
		if strings.Contains(text, r.has) {
			return r.words
		}
	}
	return "a line is not KEY=VALUE"
}
