package project

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// request is one call of compose-go: what to load, and how.
type request struct {
	sources     []*source
	dir         string
	name        string
	env         map[string]string
	profiles    []string
	services    []string
	interpolate bool
	normalize   bool
	// whole: nothing outside the sources is opened.
	whole bool
	// lenient: what compose-go would check is not checked.
	lenient bool
	// valid: the schema has nothing to say, so it is not asked.
	valid bool
	// cleaned gives documents in place of a source's bytes; nil takes the bytes.
	cleaned func(*source) []map[string]any
}

// loadCompose lets compose-go merge the sources. It reads no environment and
// no remote file; its warnings are returned as it worded them.
func (r request) loadCompose(ctx context.Context) (*types.Project, []string, error) {
	var (
		p   *types.Project
		err error
	)
	warnings := capture(func() {
		defer collectRarely()()
		p, err = r.guarded(ctx)
	})
	return p, warnings, err
}

// collectRarely makes the garbage collector run less often until the returned
// function is called. A load allocates some MB a service and keeps little of it:
// of 300 services' load, a third was collecting.
func collectRarely() (restore func()) {
	const percent = 400
	before := debug.SetGCPercent(percent)
	if before < 0 || before > percent {
		debug.SetGCPercent(before)
	}
	return func() { debug.SetGCPercent(before) }
}

// guarded turns a panic into an error: the files come from people who are not
// trusted, and compose-go asserts types that its schema does not promise.
func (r request) guarded(ctx context.Context) (p *types.Project, err error) {
	defer func() {
		if v := recover(); v != nil {
			p, err = nil, fmt.Errorf("compose-go cannot load this: %v", v)
		}
	}()
	return r.call(ctx)
}

func (r request) call(ctx context.Context) (*types.Project, error) {
	details := types.ConfigDetails{WorkingDir: r.dir, Environment: r.env}
	for _, s := range r.sources {
		details.ConfigFiles = append(details.ConfigFiles, r.files(s)...)
	}
	model, err := loader.LoadModelWithContext(ctx, details, r.options)
	if err != nil {
		return nil, err
	}
	declareDefault(model)
	p, err := loader.ModelToProject(model, loader.ToOptions(&details, []func(*loader.Options){r.options}), details)
	if err != nil {
		return nil, err
	}
	for _, s := range r.sources {
		p.ComposeFiles = append(p.ComposeFiles, s.path)
	}
	return withSelected(p, r.services)
}

func (r request) options(o *loader.Options) {
	o.SetProjectName(r.name, true)
	o.Profiles = r.profiles
	if !r.interpolate {
		o.Interpolate = onlyWhereNeeded(*o.Interpolate)
	}
	o.SkipNormalization = !r.normalize
	o.SkipInclude, o.SkipExtends = r.whole, r.whole
	o.SkipValidation, o.SkipConsistencyCheck = r.lenient || r.valid, r.lenient
	o.MaxNodeVisits = maxNodes
	o.SkipResolveEnvironment = true
	o.SkipResolveLabels = true
}

// declareDefault declares the default network where a service names it. That
// compose does without it being declared, but in its normalisation, which would
// bake the project's name into the names of networks and volumes.
func declareDefault(model map[string]any) {
	services, _ := model["services"].(map[string]any)
	for _, s := range services {
		service, _ := s.(map[string]any)
		joined, _ := service["networks"].(map[string]any)
		if _, ok := joined["default"]; !ok {
			continue
		}
		networks, ok := model["networks"].(map[string]any)
		if !ok {
			networks = map[string]any{}
			model["networks"] = networks
		}
		if _, ok := networks["default"]; !ok {
			networks["default"] = map[string]any{}
		}
	}
}

// onlyWhereNeeded leaves variables as they stand but where compose-go takes the
// text apart: a port, a size, a number cannot be had with ${...} in it.
func onlyWhereNeeded(o interpolation.Options) *interpolation.Options {
	fill := func(text string) (string, error) {
		return template.SubstituteWithOptions(text, template.Mapping(o.LookupValue), template.WithoutLogging)
	}
	casts := map[tree.Path]interpolation.Cast{}
	for _, f := range forms() {
		casts[f.path] = func(text string) (any, error) { return fill(text) }
	}
	for path, cast := range o.TypeCastMapping {
		casts[path] = func(text string) (any, error) {
			filled, err := fill(text)
			if err != nil {
				return nil, err
			}
			return cast(filled)
		}
	}
	o.TypeCastMapping = casts
	o.Substitute = func(text string, _ template.Mapping) (string, error) { return text, nil }
	return &o
}

func (r request) files(s *source) []types.ConfigFile {
	if r.cleaned == nil {
		return []types.ConfigFile{{Filename: s.path, Content: s.data}}
	}
	var files []types.ConfigFile
	for _, doc := range r.cleaned(s) {
		files = append(files, types.ConfigFile{Filename: s.path, Config: doc})
	}
	return files
}

// resolveFiles moves the values of env_file and label_file into the services.
func resolveFiles(p *types.Project) (resolved *types.Project, err error) {
	capture(func() { // readEnvFile has told what it warns of
		if resolved, err = p.WithServicesLabelsResolved(true); err == nil { // a copy
			err = resolveEnvironments(resolved)
		}
	})
	return resolved, err
}

// plain is an error of compose-go that nothing better is known about.
func plain(err error) diag.List {
	return diag.List{{
		Code: "DCE100", Summary: err.Error(), Cause: err,
		Hint: "see https://docs.docker.com/reference/compose-file/ for what a compose file may say",
	}}
}
