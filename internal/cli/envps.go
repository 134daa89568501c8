package cli

import "context"

// runEnvPs shows the instances of an environment's app.
func (a *app) runEnvPs(ctx context.Context, environment string, f psFlags) error {
	s, err := a.site(ctx, there{environment})
	if err != nil {
		return err
	}
	defer s.close()
	as := &statusFlags{output: f.output}
	if f.watch {
		return a.watchStatus(ctx, s, as)
	}
	st, err := s.status(ctx)
	if err != nil {
		return err
	}
	return a.showStatus(ctx, s, st, as)
}
