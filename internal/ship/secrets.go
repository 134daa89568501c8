package ship

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"dce/internal/bundle"
	"dce/internal/cluster/marathon"
	"dce/internal/diag"
	"dce/internal/project"
)

// agentSecrets is the directory on agents that file: sources are below; the
// executor knows it by the same name.
const agentSecrets = "/etc/dce/secrets"

// secretPlan is how the secrets of a project get their values on the cluster.
type secretPlan struct {
	// marathon are variables of the executor by the source of Marathon's secret.
	marathon map[string]string
	// sources are what the executor is told, by name: env:NAME or file:PATH below
	// the agent's directory of secrets.
	sources map[string]string
	// left are names that nothing was said about.
	left []string
	// known are the values that the deployer has, by name. None may travel.
	known    map[string][]string
	problems diag.List
}

// secrets decides where each secret comes from. Whatever cannot be mapped is
// refused by name.
func (l *loaded) secrets() *secretPlan {
	s := &secretPlan{marathon: map[string]string{}, sources: map[string]string{}, known: maps.Clone(l.parts.Known)}
	for _, name := range slices.Sorted(maps.Keys(l.config().App.Secrets)) {
		s.mapped(name, l.config().App.Secrets[name], l.locateSetting("app.secrets."+name))
	}
	l.composeSecrets(s)
	for _, name := range l.parts.Secret {
		if _, ok := s.sources[name]; !ok && !slices.Contains(s.left, name) {
			s.leave(name)
		}
	}
	s.problems = append(s.problems, l.project.Unsupported(func(name string) bool { return s.sources[name] != "" })...)
	for _, path := range l.parts.Literals {
		s.problems = append(s.problems, literal(path, l.project.Locate(path...)))
	}
	for _, path := range l.parts.Misused {
		pos := diag.Pos{File: path[0]} // of an env file, which nobody locates in
		if len(path) > 2 {
			pos = l.project.Locate(path...)
		}
		s.problems = append(s.problems, project.Misused(path, pos))
	}
	return s
}

// mapped takes one line of app.secrets.
func (s *secretPlan) mapped(name, source string, pos diag.Pos) {
	kind, rest, _ := strings.Cut(source, ":")
	switch {
	case rest == "":
	case kind == "marathon":
		variable := secretVariable(name)
		s.marathon[variable], s.sources[name] = rest, "env:"+variable
		return
	case kind == "env":
		s.sources[name] = source
		return
	case kind == "file":
		below := strings.TrimPrefix(path.Clean(rest), agentSecrets+"/")
		if !path.IsAbs(below) && below != ".." && !strings.HasPrefix(below, "../") {
			s.sources[name] = "file:" + below
			return
		}
	}
	s.problems = append(s.problems, badSource(name, source, pos))
}

// leave leaves a secret to the executor's environment.
func (s *secretPlan) leave(name string) {
	s.left = append(s.left, name)
	if len(s.known[name]) > 0 {
		s.problems = append(s.problems, leftToAgent(name))
	}
}

// know adds a value that the deployer has for a secret: two files may give two.
func (s *secretPlan) know(name, value string) {
	if value = strings.TrimSpace(value); value != "" {
		s.known[name] = append(slices.Clip(s.known[name]), value)
	}
}

// composeSecrets are those that services use: files of the deployer never
// travel.
func (l *loaded) composeSecrets(s *secretPlan) {
	used := map[string]bool{}
	for _, service := range l.project.Compose.Services {
		for _, secret := range service.Secrets {
			used[secret.Source] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		secret := l.project.Compose.Secrets[name]
		if secret.File != "" {
			if data, err := os.ReadFile(secret.File); err == nil {
				s.know(name, string(data))
			}
		}
		if _, ok := s.sources[name]; !ok && secret.File != "" {
			s.problems = append(s.problems, secretFile(name, secret.File, l.project.Locate("secrets", name, "file")))
		}
	}
}

// secretVariable is the variable of the executor that one of Marathon's
// secrets is given in.
func secretVariable(name string) string {
	return "DCE_SECRET_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, name)
}

// redact takes the values of secret keys out of env files, and warns of keys
// that look like one.
func (l *loaded) redact(s *secretPlan, files []bundle.File) {
	for _, env := range l.parts.EnvFiles {
		rel, _ := (&collector{root: l.parts.Root}).relative(env.Path)
		i := slices.IndexFunc(files, func(f bundle.File) bool { return f.Path == rel })
		if i < 0 {
			continue
		}
		text, values := project.RedactEnv(string(files[i].Data), env.Format, l.parts.Keys)
		files[i].Data = []byte(text)
		for name, value := range values {
			s.know(name, value)
		}
	}
}

// shortSecret is the length below which a value is not looked for: it would be
// found in anything.
const shortSecret = 6

// leaks are the places where the value of a secret would travel.
func (s *secretPlan) leaks(app marathon.App, b bundle.Bundle) diag.List {
	definition, err := app.MarshalJSON()
	if err != nil {
		return nil // sending it will say so
	}
	places := append(slices.Clone(b.Files),
		bundle.File{Path: "the values of the environment", Data: texts(b.Manifest)}, bundle.File{Path: "the app's definition", Data: texts(definition)})
	var problems diag.List
	for _, name := range slices.Sorted(maps.Keys(s.known)) {
		forms := forms(s.known[name])
		for _, p := range places {
			if slices.ContainsFunc(forms, func(form []byte) bool { return bytes.Contains(p.Data, form) }) {
				problems = append(problems, leaked(name, p.Path))
			}
		}
	}
	return problems
}

// forms are the ways that values may stand in a file: as they are, and with the
// escapes of JSON, which YAML and env files have between double quotes too. A
// key in PEM form has line ends.
func forms(values []string) [][]byte {
	var all [][]byte
	for _, value := range values {
		if value = strings.TrimSpace(value); len(value) < shortSecret {
			continue
		}
		all = append(all, []byte(value))
		if quoted := quoted(value); quoted != value {
			all = append(all, []byte(quoted))
		}
	}
	return all
}

func quoted(value string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return value
	}
	return strings.Trim(b.String(), "\"\n")
}

// texts is what a JSON document says, without the quotes and escapes that a
// value would not be found behind.
func texts(document []byte) []byte {
	var all bytes.Buffer
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return all.Bytes()
		}
		if _, structure := token.(json.Delim); !structure {
			fmt.Fprintf(&all, "%v\x00", token)
		}
	}
}

// badSource shows a source only where that says where to: anything else may be the
// secret itself.
func badSource(name, source string, pos diag.Pos) diag.Diagnostic {
	what := fmt.Sprintf("%q is no place that the secret %s can come from", source, name)
	if !project.IsSecretSource(source) {
		what, pos = fmt.Sprintf("what app.secrets says of %s is no place that a secret can come from", name), pos.Hidden()
	}
	return diag.Diagnostic{
		Code: "DCE707", Summary: what, Pos: pos,
		Detail: "Secrets come from the scheduler's own (marathon:SOURCE), from a variable of the executor (env:NAME), or from a file on the agent below " + agentSecrets + " (file:PATH).",
		Hint:   fmt.Sprintf("write, for example, %s: marathon:shop/%s", name, strings.ToLower(name)),
	}
}

func secretFile(name, file string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE706", Summary: fmt.Sprintf("the secret %s is the file %s, which never travels", name, path.Base(file)), Pos: pos,
		Detail: "What is in a bundle or a label can be read by everyone who may look at the scheduler.",
		Hint:   fmt.Sprintf("say below app.secrets where it is on the cluster, such as %s: file:%s or %s: marathon:shop/%s", name, path.Base(file), name, name),
	}
}

func literal(at []string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE704", Summary: fmt.Sprintf("the value of the secret %s stands in a file that would travel", at[len(at)-1]), Pos: pos.Hidden(),
		Detail: "It is marked as a secret, but its value is part of the project.",
		Hint:   fmt.Sprintf("write ${%s} there, and give the value below app.secrets", at[len(at)-1]),
	}
}

func leaked(name, where string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE704", Summary: fmt.Sprintf("the value of the secret %s would travel in %s", name, where),
		Detail: "Whoever may look at the scheduler would read it there.",
		Hint:   "take the value out of there, or leave the file out of what the compose files refer to",
	}
}

func leftToAgent(name string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE708", Severity: diag.Warning, Summary: fmt.Sprintf("the value of the secret %s is left to the agents", name),
		Detail: "Here it has a value, but values of secrets do not travel. The executor takes it from its own environment where it is there.",
		Hint:   fmt.Sprintf("say where it comes from: app.secrets: {%s: marathon:SOURCE}", name),
	}
}
