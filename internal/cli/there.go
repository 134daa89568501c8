package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/cluster/marathon"
	"dce/internal/credential"
	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/ship"
)

// there is the place of commands that work on a cluster: an environment.
type there struct{ environment string }

func (t *there) define(a *app, cmd *cobra.Command) {
	cmd.Flags().StringVarP(&t.environment, "env", "e", "", "of environment `NAME` of dce.yaml")
	grouped(cmd, groupPlace, "env")
	complete(cmd, "env", a.completeEnvironments)
}

// check refuses a command without a place: it is never guessed.
func (t *there) check(ctx context.Context, a *app, cmd *cobra.Command) error {
	if t.environment != "" {
		return nil
	}
	d := diag.Diagnostic{
		Code: "DCE244", Summary: cmd.CommandPath() + " needs an environment: --env NAME",
		Detail: "A command that touches a place is told which; it is never guessed.", Hint: "add --env NAME",
	}
	if names := a.environments(ctx); len(names) > 0 {
		d.Hint = "add --env with one of: " + strings.Join(names, ", ")
	}
	return diag.Fail(d)
}

// site is an app on the cluster of an environment.
type site struct {
	environment string
	config      project.Config
	*marathon.Scheduler

	boxes *marathon.Sandboxes
}

// close gives back the connections.
func (s *site) close() { s.Client.Close() }

// place is what people call it.
func (s *site) place() string { return "marathon " + s.Client.URL() }

// site finds the cluster of an environment; nothing is contacted.
func (a *app) site(ctx context.Context, t there) (*site, error) {
	o := a.projectOptions()
	o.Environment, o.Deploy = t.environment, true
	p, err := project.Load(ctx, o)
	if err != nil {
		return nil, err
	}
	return a.connect(ctx, t.environment, p)
}

// connect makes the client of an environment's cluster.
func (a *app) connect(ctx context.Context, environment string, p *project.Project) (*site, error) {
	c := p.Config
	if len(c.Target.URLs) == 0 {
		return nil, diag.Fail(diag.Diagnostic{
			Code: "DCE700", Summary: fmt.Sprintf("the environment %q has no target to deploy to", environment), Pos: diag.Pos{File: c.Path},
			Detail: "Where an environment is deployed to stands in dce.yaml, and is never guessed.",
			Hint:   fmt.Sprintf("write environments.%s.target.urls: [http://marathon.example:8080] into dce.yaml; `dce devcluster start` gives one to try", environment),
		})
	}
	if err := addresses(c); err != nil {
		return nil, err
	}
	o := marathon.Options{URLs: c.Target.URLs, Agent: "dce/" + a.env.Version}
	if err := a.authorise(ctx, c, &o); err != nil {
		return nil, err
	}
	client, err := marathon.New(o)
	if err != nil {
		return nil, err
	}
	s := &site{environment: environment, config: c, boxes: marathon.NewSandboxes(client)}
	s.Scheduler = &marathon.Scheduler{Client: client, ID: marathon.ID(c.App.ID, p.Compose.Name, environment), Sandbox: s.boxes.Progress}
	return s, nil
}

// addresses refuses a target that cannot be one, or that would show a password
// wherever its address is shown.
func addresses(c project.Config) error {
	origin, _ := c.Origin("target.urls")
	return ship.Addresses("target.urls", c.Target.URLs, origin.Pos).Err()
}

// authorise reads the credentials and certificates of a target.
func (a *app) authorise(ctx context.Context, c project.Config, o *marathon.Options) error {
	basic, err := a.credential(ctx, c, "target.credentials.basic", c.Target.Credentials.Basic)
	if err != nil {
		return err
	}
	token, err := a.credential(ctx, c, "target.credentials.token", c.Target.Credentials.Token)
	if err != nil {
		return err
	}
	o.User, o.Password, _ = strings.Cut(basic.Reveal(), ":")
	o.Token = token.Reveal()
	o.TLS, err = trust(c)
	return err
}

func (a *app) credential(ctx context.Context, c project.Config, setting, reference string) (credential.Secret, error) {
	if reference == "" {
		return credential.Secret{}, nil
	}
	origin, _ := c.Origin(setting)
	return credential.Source{Lookupenv: a.lookupenv, ReadFile: os.ReadFile}.Resolve(ctx, reference, setting, origin.Pos)
}

// trust is what certificates are checked with: the system's authorities and
// those of the target, nil for the system's alone.
func trust(c project.Config) (*tls.Config, error) {
	if len(c.Target.CA) == 0 {
		return nil, nil //nolint:nilnil // the default
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, file := range c.Target.CA {
		data, err := os.ReadFile(file)
		if err == nil && !pool.AppendCertsFromPEM(data) {
			err = fmt.Errorf("%s holds no certificate in PEM form", file)
		}
		if err != nil {
			origin, _ := c.Origin("target.ca")
			return nil, diag.Fail(diag.Diagnostic{
				Code: "DCE759", Summary: "a certificate of target.ca cannot be used", Detail: err.Error(), Pos: origin.Pos,
				Hint: "give the PEM file of the authority that signed the server's certificate", Cause: err,
			})
		}
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
