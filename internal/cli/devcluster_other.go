//go:build !unix

package cli

import (
	"context"

	"dce/internal/devcluster"
	"dce/internal/diag"
)

func (a *app) startDevcluster(context.Context, devcluster.Home, *devclusterFlags) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE690", Summary: "the devcluster did not start",
		Detail: "It starts executors as an agent of Mesos does, which this operating system has no means for.",
		Hint:   "run it on Linux",
	})
}

func (a *app) keepDevcluster(ctx context.Context, home devcluster.Home, f *devclusterFlags) error {
	return a.startDevcluster(ctx, home, f)
}
