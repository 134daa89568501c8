package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/term"
)

// subject is one thing that `dce explain` knows.
type subject struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"` // code, rule, field, exit code or topic
	Title string `json:"title"`
	Text  string `json:"text"`
}

func (a *app) explainCommand() *cobra.Command {
	output := choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:     "explain [TOPIC]",
		GroupID: jobCheck,
		Short:   "Explain a code, a rule, a dce.yaml field or an exit code",
		Long: `Prints what a diagnostic code, a rewrite rule, a key of dce.yaml, an exit code
or a help topic means and what to do about it. Without a topic it lists all.`,
		Example: `# what does this problem mean?
dce explain DCE240

# why does a rule rewrite my file?
dce explain ports

# what does this key of dce.yaml do?
dce explain resources.mem`,
		Args:              atMost(1, "what to explain"),
		ValidArgsFunction: a.completeSubjects,
		Annotations:       map[string]string{seeKey: "`dce help`, `dce schema`"},
	}
	cmd.RunE = a.until(func(_ context.Context, args []string) error {
		if len(args) == 0 {
			return a.listSubjects(output.value)
		}
		return a.explain(args[0], output.value)
	})
	cmd.Flags().VarP(&output, "output", "o", "how to print it")
	grouped(cmd, groupOutput, "output")
	return cmd
}

// exitText says which exit code comes with a problem.
func exitText(code int) string {
	if code == diag.ExitDone {
		return "This is told and stops nothing, so no exit code comes with it."
	}
	return fmt.Sprintf("Exit code %d: %s.", code, exitMeaning(code))
}

// subjects are all that can be explained: codes, rules, fields, exit codes,
// help topics.
func (a *app) subjects() []subject {
	var all []subject
	for _, e := range diag.Catalogue() {
		all = append(all, subject{string(e.Code), "code", e.Title, prose(e.Text) + "\n\n" + exitText(e.Exit)})
	}
	for _, r := range render.Rules() {
		title, _, _ := strings.Cut(r.Why, ". ")
		all = append(all, subject{r.Name, "rule", strings.TrimSuffix(title, "."), r.Why + "\n\nTouches:\n  " + strings.Join(r.Touches, "\n  ")})
	}
	for _, f := range project.Fields() {
		title, _, _ := strings.Cut(f.Doc, ". ")
		all = append(all, subject{f.Path, "field", strings.TrimSuffix(title, "."), fieldText(f)})
	}
	for _, r := range exitCodes() {
		all = append(all, subject{r.Term, "exit code", r.Text, ""})
	}
	for _, t := range a.topics() {
		all = append(all, subject{t.name, "topic", t.title, t.text})
	}
	return all
}

func fieldText(f project.Field) string {
	text := f.Doc + "\n\nType: " + string(f.Type)
	if len(f.Enum) > 0 {
		text += ": " + strings.Join(f.Enum, ", ")
	}
	if f.Default != "" {
		text += "\nDefault: " + f.Default
	}
	if f.Env != "" {
		text += "\nVariable: " + f.Env
	}
	if f.Adds {
		text += "\nStronger places add to the list."
	}
	return text
}

// explain prints everything of that name. A rule and a field may share one.
func (a *app) explain(name, format string) error {
	all := a.subjects()
	found := named(all, name)
	if len(found) == 0 {
		var names []string
		for _, s := range all {
			names = append(names, s.Name)
		}
		return usage("DCE248", fmt.Sprintf("nothing is called %q", name),
			didYouMean(name, names, "`dce explain` lists everything that can be explained"))
	}
	if format == "json" {
		return a.printSubjects(found)
	}
	out := a.ui().Out()
	for i, s := range found {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s (%s): %s\n", out.Paint(term.Bold, s.Name), s.Kind, s.Title)
		if s.Text != "" {
			fmt.Fprintf(out, "\n%s\n", term.Wrap(s.Text, helpWidth))
		}
	}
	return nil
}

// named finds subjects by name, whatever the case; "dce.yaml" keys also with
// the name of an environment in them (environments.prod.files), exit codes also
// as "exit 3".
func named(all []subject, name string) []subject {
	name = strings.TrimPrefix(strings.ToLower(name), "exit ")
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "dce")); err == nil && n >= 100 && n < 1000 {
		name = fmt.Sprintf("dce%d", n)
	}
	var found []subject
	for _, s := range all {
		if strings.EqualFold(s.Name, name) || s.Kind == "field" && matchesPath(s.Name, name) {
			found = append(found, s)
		}
	}
	return found
}

// matchesPath compares a key's path, in which * stands for any name, with one
// that somebody typed.
func matchesPath(pattern, path string) bool {
	want, got := strings.Split(pattern, "."), strings.Split(path, ".")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && !strings.EqualFold(want[i], got[i]) {
			return false
		}
	}
	return true
}

func (a *app) listSubjects(format string) error {
	all := a.subjects()
	if format == "json" {
		return a.printSubjects(all)
	}
	out := a.ui().Out()
	kind := ""
	for _, s := range all {
		if strings.HasPrefix(s.Name, "environments.*.") && s.Name != "environments.*.target" {
			continue // each is a key of the top again
		}
		if s.Kind != kind {
			kind = s.Kind
			fmt.Fprintf(out, "%s\n", out.Paint(term.Bold, strings.ToUpper(kind[:1])+kind[1:]+"s"))
		}
		fmt.Fprintf(out, "  %-21s %s\n", s.Name, strings.ReplaceAll(term.Wrap(s.Title, helpWidth-24), "\n", "\n"+strings.Repeat(" ", 24)))
	}
	return nil
}

func (a *app) printSubjects(list []subject) error {
	return a.ui().JSON(struct {
		SchemaVersion int       `json:"schema_version"`
		Subjects      []subject `json:"subjects"`
	}{1, list})
}

func (a *app) completeSubjects(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	var offers []string
	for _, s := range a.subjects() {
		if len(args) == 0 && strings.HasPrefix(strings.ToLower(s.Name), strings.ToLower(typed)) {
			offers = append(offers, described(s.Name, s.Title))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}
