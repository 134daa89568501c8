package cli

import "context"

// runEnvPs shows the instances of an environment's app.
func (a *app) runEnvPs(ctx context.Context, environment, format string) error {
	s, err := a.site(ctx, there{environment})
	if err != nil {
		return err
	}
	defer s.close()
	st, err := s.status(ctx)
	if err != nil {
		return err
	}
	return a.showStatus(ctx, s, st, &statusFlags{output: choice{value: format}})
}
