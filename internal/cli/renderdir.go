package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2/maybe"

	"dce/internal/diag"
	"dce/internal/render"
	"dce/internal/term"
)

// provenance says where what stands in a rendered file comes from.
type provenance struct {
	SchemaVersion int                  `json:"schema_version"`
	Version       string               `json:"dce_version"`
	Example       bool                 `json:"example"`
	Environment   string               `json:"environment,omitempty"`
	Files         []string             `json:"files"`
	Ports         []render.PortMapping `json:"ports"`
	Changes       []changeRecord       `json:"changes"`
}

type changeRecord struct {
	Rule   string      `json:"rule"`
	Path   []string    `json:"path"`
	Reason string      `json:"reason"`
	From   *term.Place `json:"from,omitempty"`
}

// writeRendered puts the rendered pod and its provenance into a directory. The
// files are their owner's only: values of the environment stand in them.
func (a *app) writeRendered(dir string, p *pod, r render.Result) error {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.env.Dir, dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // an output directory that the user names
		return cannotWrite(dir, err)
	}
	out, err := r.YAML()
	if err != nil {
		return err
	}
	origin, err := json.MarshalIndent(a.provenance(p, r), "", "  ")
	if err != nil {
		return fmt.Errorf("printing the provenance: %w", err)
	}
	files := []struct {
		name string
		data []byte
	}{
		{"compose.rendered.yaml", append(header(p), out...)},
		{"provenance.json", append(origin, '\n')},
	}
	for _, f := range files {
		name := filepath.Join(dir, f.name)
		if err := maybe.WriteFile(name, f.data, 0o600); err != nil {
			return cannotWrite(name, err)
		}
		a.ui().Say("wrote %s", name)
	}
	return nil
}

func cannotWrite(name string, err error) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE250", Summary: "cannot write " + name, Detail: err.Error(),
		Hint: "name a directory in which you may write", Cause: err,
	})
}

func (a *app) provenance(p *pod, r render.Result) provenance {
	record := provenance{
		SchemaVersion: 1, Version: a.env.Version, Example: p.example,
		Environment: p.environment, Files: p.project.Files, Ports: r.Ports, Changes: []changeRecord{},
	}
	for _, c := range r.Changes {
		entry := changeRecord{Rule: c.Rule, Path: c.Path, Reason: c.Reason}
		if !c.From.IsZero() {
			entry.From = &term.Place{File: c.From.File, Line: c.From.Line, Column: c.From.Column}
		}
		record.Changes = append(record.Changes, entry)
	}
	return record
}
