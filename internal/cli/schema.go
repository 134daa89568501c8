package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/spf13/cobra"

	"dce/internal/project"
	"dce/internal/supervisor"
	"dce/internal/term"
)

// schemaNames are the formats that have a JSON Schema.
func schemaNames() []string {
	return []string{"dce", "x-dce", "events", "diagnostics", "plan", "status", "deploy", "history"}
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema [dce|x-dce|events|diagnostics|plan|status|deploy|history]",
		GroupID: jobCheck,
		Short:   "Print the JSON Schema of a format",
		Long: `Prints the JSON Schema of dce.yaml (dce, the default), of x-dce in a compose
file, of a line of dce-events.jsonl (events), of a problem as JSON output shows
it (diagnostics), and of what commands print with -o json: dce diff (plan), dce
status and ps --env (status), dce deploy, rollback, scale and stop (deploy), dce
history (history). Editors complete and check from it.`,
		Example: `# for the editor: complete and check dce.yaml
dce schema > dce.schema.json

# what may stand under x-dce of a compose file
dce schema x-dce

# the shape of problems with --progress json
dce schema diagnostics`,
		Args:              schemaArgs,
		ValidArgsFunction: oneWord(schemaNames()),
		Annotations:       map[string]string{seeKey: "`dce explain FIELD` for one key, `dce config validate`"},
		RunE: a.until(func(_ context.Context, args []string) error {
			name := "dce"
			if len(args) > 0 {
				name = args[0]
			}
			return a.printBytes(schema(name))
		}),
	}
}

func schemaArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return oneOf("the name of a format", schemaNames())(cmd, args)
}

// schema is the JSON Schema of one of schemaNames.
func schema(name string) ([]byte, error) {
	switch name {
	case "x-dce":
		return project.ExtensionSchema(), nil
	case "events":
		return typeSchema[supervisor.Line]("A line of dce-events.jsonl")
	case "diagnostics":
		return typeSchema[term.Problem]("A problem as JSON output shows it")
	case "plan":
		return typeSchema[planAnswer]("What dce diff -o json prints")
	case "status":
		return typeSchema[statusAnswer]("What dce status -o json prints")
	case "deploy":
		return typeSchema[deployAnswer]("What dce deploy, rollback, scale and stop print with -o json")
	case "history":
		return typeSchema[historyAnswer]("What dce history -o json prints")
	default:
		return project.Schema(), nil
	}
}

func typeSchema[T any](title string) ([]byte, error) {
	s, err := jsonschema.For[T](nil)
	if err != nil {
		return nil, fmt.Errorf("making the schema of %s: %w", title, err)
	}
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", title
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("printing the schema of %s: %w", title, err)
	}
	return append(out, '\n'), nil
}
