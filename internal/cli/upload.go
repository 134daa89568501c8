package cli

import (
	"context"

	"dce/internal/credential"
	"dce/internal/diag"
	"dce/internal/ship"
)

// upload puts what does not travel in the app to where the agents fetch it
// from. What is there already is not sent again.
func (a *app) upload(ctx context.Context, c *change) error {
	for _, u := range c.shipment.Uploads {
		auth, err := a.uploadAuth(ctx, c)
		if err != nil {
			return err
		}
		roots, err := trust(c.config)
		if err != nil {
			return err
		}
		sent, err := ship.Send(ctx, u, auth, roots)
		if err != nil {
			return diag.Fail(diag.Diagnostic{
				Code: "DCE769", Summary: "cannot upload the bundle to " + u.URL, Detail: err.Error(),
				Hint: "check target.artifacts of the environment; nothing was changed on the cluster", Cause: err,
			})
		}
		if sent {
			a.ui().Say("the bundle is at %s", u.URL)
		}
	}
	return nil
}

func (a *app) uploadAuth(ctx context.Context, c *change) (ship.Auth, error) {
	refs := c.config.Target.Artifacts.Credentials
	var auth ship.Auth
	var err error
	if auth.Basic, err = a.credential(ctx, c.config, "target.artifacts.credentials.basic", refs.Basic); err != nil {
		return auth, err
	}
	var token credential.Secret
	token, err = a.credential(ctx, c.config, "target.artifacts.credentials.token", refs.Token)
	auth.Token = token
	return auth, err
}
