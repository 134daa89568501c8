package project

import (
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"

	"dce/internal/diag"
)

// envCost refuses an env file whose values would grow out of bounds when the
// variables in them are filled in: each line may use those before it twice.
func envCost(path, text string, lookup dotenv.LookupFn) diag.List {
	lengths := map[string]int{}
	total, work := 0, 0
	for _, st := range envStatements(text) {
		bytes, w := fillingCost(st.value, func(name string) int {
			if v, ok := lookup(name); ok {
				return len(v)
			}
			return lengths[name]
		})
		lengths[st.key] = bytes
		total += bytes
		work += w
		if total > maxFileBytes || work > maxNodes {
			return diag.List{{
				Code: "DCE118", Summary: "the values come to too much when the variables in them are filled in", Pos: diag.Pos{File: path, Line: st.line},
				Detail: fmt.Sprintf("All values of a file may come to %d MiB.", maxFileBytes>>20), Hint: "write shorter values, or use fewer variables in them",
			}}
		}
	}
	return nil
}

type envStatement struct {
	key, value string
	// alone: there is no value; of a raw file only.
	alone bool
	line  int
	// begin and end are offsets in the text.
	begin, end int
}

// envStatements splits a file as compose-go's dotenv parser does: a quoted value
// goes on to its closing quote, another one to the end of its line.
func envStatements(text string) []envStatement {
	var all []envStatement
	line, length := 1, len(text)
	for text != "" {
		end := strings.IndexAny(text, "=:\n")
		if end < 0 || text[end] == '\n' || strings.HasPrefix(strings.TrimLeft(text[:end], " \t\r"), "#") {
			_, rest, _ := strings.Cut(text, "\n")
			text = rest
			line++
			continue
		}
		key := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text[:end]), "export "))
		value, rest := envValue(strings.TrimLeft(text[end+1:], " \t\r\v\f"))
		all = append(all, envStatement{key: key, value: value, line: line, begin: length - len(text), end: length - len(rest)})
		line += strings.Count(text[:len(text)-len(rest)], "\n")
		text = rest
	}
	return all
}

func envValue(text string) (value, rest string) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		value, rest, _ = strings.Cut(text, "\n")
		return value, rest
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return text[:i+1], text[i+1:]
		}
	}
	return text, ""
}
