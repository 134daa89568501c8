package executor

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"dce/internal/diag"
)

// The labels of a job written for dce-go (reference/dce-go.md C.9, C.12).
const (
	labelFiles   = "fileName"
	labelPlugins = "pluginorder"
	labelConfig  = "config."
)

// job is what a task's labels say is to be run.
type job struct {
	// files are compose files relative to the sandbox, in order of merging; none
	// means that they are looked for as Docker Compose does.
	files []string
	// ordered says that a label gives the order of plugins.
	ordered bool
	// config are the settings that the job asks for, by dce-go's keys in lower
	// case.
	config map[string]wish
}

// jobOf reads the labels of a task. All problems come back at once.
func jobOf(labels map[string]string) (job, error) {
	files, fileProblems := filesOf(labels)
	problems := slices.Concat(fileProblems, unknownPlugins("label "+labelPlugins, label(labels, labelPlugins)))
	if err := problems.Err(); err != nil {
		return job{}, err
	}
	return job{files: files, ordered: label(labels, labelPlugins) != "", config: configOf(labels)}, nil
}

// Files are the compose files that a job's labels name, relative to the
// sandbox and in order of merging; none where they are to be looked for.
func Files(labels map[string]string) ([]string, error) {
	files, problems := filesOf(labels)
	return files, problems.Err()
}

// label finds a label by its whole key or by the last parts of a dotted one:
// Aurora puts org.apache.aurora.metadata. in front of each. Of several, the
// whole key wins, then the first in alphabetical order.
func label(labels map[string]string, name string) string {
	if v, ok := labels[name]; ok {
		return v
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if strings.HasSuffix(key, "."+name) {
			return labels[key]
		}
	}
	return ""
}

func filesOf(labels map[string]string) ([]string, diag.List) {
	var files []string
	var problems diag.List
	for _, name := range list(label(labels, labelFiles)) {
		if err := inSandbox(name); err != nil {
			problems = append(problems, diag.Diagnostic{
				Code:    "DCE620",
				Summary: fmt.Sprintf("label %s names %q, %s", labelFiles, name, err),
				Detail:  "A job's compose files are those that were fetched into its sandbox.",
				Hint:    "name the files by their path below the sandbox, as the fetcher unpacks them",
			})
			continue
		}
		files = append(files, path.Clean(name))
	}
	return files, problems
}

var (
	errAbsolute = errors.New("which is not below the sandbox")
	errOutside  = errors.New("which leads out of the sandbox")
)

// inSandbox judges the name alone; that no link leads out is for the loader to
// hold.
func inSandbox(name string) error {
	switch clean := path.Clean(name); {
	case path.IsAbs(name):
		return errAbsolute
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return errOutside
	}
	return nil
}

// unknownPlugins are the names in the plugin order that dce has no plugin for.
// dce-go's "general" is what every rendering does.
func unknownPlugins(from, order string) diag.List {
	var problems diag.List
	for _, name := range list(order) {
		if name == "general" {
			continue
		}
		problems = append(problems, diag.Diagnostic{
			Code:    "DCE621",
			Summary: fmt.Sprintf("%s names the plugin %q, which this executor does not have", from, name),
			Detail:  "dce-go's plugins were compiled into it; leaving one out would run another pod than the job means.",
			Hint:    "take it out there, or ask the operator of the agents for it",
		})
	}
	return problems
}

// configOf are the labels whose key holds "config.", by what follows it, as
// dce-go reads them (config.go:283-295).
func configOf(labels map[string]string) map[string]wish {
	config := map[string]wish{}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if _, name, ok := strings.Cut(key, labelConfig); ok && name != "" {
			config[strings.ToLower(name)] = wish{strings.TrimSpace(labels[key]), "label " + labelConfig + name}
		}
	}
	return config
}

// list are the words of a comma list, without blanks around them.
func list(value string) []string {
	var words []string
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}
