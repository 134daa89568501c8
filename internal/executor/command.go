package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/health"
)

// commandProbe is a check of the kind COMMAND: it is healthy when the command,
// run inside a service, exits with 0.
func (s *stager) commandProbe(p *plan, r *run, c *v1.CommandInfo) (health.Probe, error) {
	command, err := commandOf(p, c)
	if err != nil {
		return nil, err
	}
	service := command.Service
	return func(ctx context.Context) error {
		ran, err := r.docker.Exec(ctx, r.podID, command)
		switch {
		case engine.Unreachable(err): // how long that may last is the pod's rules' to say
			return fmt.Errorf("%w: %w", health.ErrNoResult, err)
		case err != nil:
			return fmt.Errorf("running the command in service %s: %w", service, err)
		case ran.ExitCode != 0:
			return fmt.Errorf("the command in service %s exited with code %d%s", service, ran.ExitCode, said(ran.Output))
		}
		return nil
	}, nil
}

// commandOf is what a check of the kind COMMAND runs, and in which service.
func commandOf(p *plan, c *v1.CommandInfo) (engine.Command, error) {
	service, err := checkedService(p)
	if err != nil {
		return engine.Command{}, err
	}
	command := engine.Command{Service: service, Argv: argv(c), Env: variables(c.GetEnvironment())}
	if len(command.Argv) == 0 {
		return engine.Command{}, diag.Fail(unreadable(errNoCommand))
	}
	return command, nil
}

var errNoCommand = errors.New("its check has an empty command")

func said(output string) string {
	if output == "" {
		return ""
	}
	return ": " + output
}

// argv is the command as Mesos runs it: through a shell unless it says no.
func argv(c *v1.CommandInfo) []string {
	if c.GetShell() {
		if c.GetValue() == "" {
			return nil
		}
		return []string{"sh", "-c", c.GetValue()}
	}
	if c.GetValue() == "" {
		return nil
	}
	return append([]string{c.GetValue()}, c.Arguments[min(1, len(c.Arguments)):]...) // arguments[0] is argv[0]
}

func variables(e *v1.Environment) []string {
	var all []string
	for _, v := range e.GetVariables() {
		if v.Value != nil {
			all = append(all, v.Name+"="+*v.Value)
		}
	}
	return all
}

// checkedService is the service that a label names, or the one that comes first
// in the compose files: of a merged project the order is lost, the places are
// not.
func checkedService(p *plan) (string, error) {
	names := p.project.Compose.ServiceNames()
	if name := label(p.facts.Labels, labelHealthService); name != "" {
		if !slices.Contains(names, name) {
			return "", diag.Fail(noSuchService(name, names))
		}
		return name, nil
	}
	if len(names) == 0 {
		return "", diag.Fail(noSuchService("", names))
	}
	for _, name := range p.project.Order() {
		if slices.Contains(names, name) {
			return name, nil
		}
	}
	return names[0], nil
}

func noSuchService(name string, names []string) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "DCE627",
		Summary: fmt.Sprintf("the task's health check is to run in service %q, which the pod does not have", name),
		Detail:  "The services are: " + strings.Join(names, ", ") + ".",
		Hint:    "correct the label " + labelHealthService + ", or leave it out to mean the first service",
	}
}
