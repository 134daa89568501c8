package project

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
)

// files checks that what is read from files stays in the project, and that env
// files which must exist do.
func (c *checker) files() {
	for _, name := range c.project.ServiceNames() {
		s := c.project.Services[name]
		for i, f := range s.EnvFiles {
			c.envFile(f, "services", name, "env_file", strconv.Itoa(i))
		}
		for i, f := range s.LabelFiles {
			c.envFile(types.EnvFile{Path: f, Required: true}, "services", name, "label_file", strconv.Itoa(i))
		}
	}
	for _, name := range c.project.SecretNames() {
		c.sourced("secret", name, types.FileObjectConfig(c.project.Secrets[name]))
		c.within(c.project.Secrets[name].File, "secrets", name, "file")
	}
	for _, name := range c.project.ConfigNames() {
		c.sourced("config", name, types.FileObjectConfig(c.project.Configs[name]))
		c.within(c.project.Configs[name].File, "configs", name, "file")
	}
}

// sourced checks that a secret or config says in one way where its content comes from.
func (c *checker) sourced(kind, name string, f types.FileObjectConfig) {
	ways := 0
	for _, given := range []bool{f.File != "", f.Environment != "", f.Content != "" && f.Environment == ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		c.report("DCE122", fmt.Sprintf("the %s %q says in several ways where its content comes from", kind, name), "leave one of file, environment and content", kind+"s", name)
	case ways == 0 && !bool(f.External) && f.Driver == "":
		c.report("DCE105", fmt.Sprintf("the %s %q does not say where its content comes from", kind, name), fmt.Sprintf("write `file: FILE` or `environment: NAME` below %s", name), kind+"s", name)
	}
}

func (c *checker) within(path string, where ...string) bool {
	if path == "" || inside(c.root, path) {
		return true
	}
	text := path
	if rel, err := filepath.Rel(c.root, path); err == nil && len(rel) < len(path) {
		text = rel
	}
	c.problems = append(c.problems, outside(c.root, path, text, c.locate(where...)))
	return false
}

func (c *checker) envFile(f types.EnvFile, where ...string) {
	if !knownEnvFormat(f.Format) {
		c.report("DCE105", fmt.Sprintf("there is no env file format %q", f.Format), "write `format: raw` for values that are taken as they stand, or leave format out", append(where, "format")...)
		return
	}
	if !c.within(f.Path, where...) || !bool(f.Required) && !exists(f.Path) {
		return
	}
	opened, err := openRegular(f.Path)
	if err == nil {
		opened.Close()
		c.envValues(f)
		return
	}
	d := unreadable(f.Path, err)
	if d.Code == "DCE102" {
		d.Code = "DCE116"
	}
	d.Summary = fmt.Sprintf("env file %s: %s", f.Path, d.Summary)
	if d.Hint = "create it, or write `{path: FILE, required: false}` where it may be missing"; where[2] == "label_file" {
		d.Hint = "create it, or remove it here"
	}
	d.Pos = c.locate(where...)
	c.problems = append(c.problems, d)
}

// envValues reads an env file before compose-go does, which reads without bounds.
func (c *checker) envValues(f types.EnvFile) {
	c.problems = append(c.problems, checkServiceEnv(f, func(k string) (string, bool) {
		v, ok := c.project.Environment[k]
		return v, ok
	})...)
}
