package enginetest

import (
	"context"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Committed makes an image of a container and runs a container of it, as people do
// to look into what has failed: it has all labels of the first. Both go with the
// test; the id is returned.
func Committed(tb testing.TB, api *client.Client, of, name string, command ...string) string {
	tb.Helper()
	image := strings.ToLower(name) + "-committed"
	_, err := api.ContainerCommit(tb.Context(), of, client.ContainerCommitOptions{Reference: image})
	attempt(tb, err)
	made, err := api.ContainerCreate(tb.Context(), client.ContainerCreateOptions{
		Name: name, Config: &container.Config{Image: image, Cmd: command},
	})
	attempt(tb, err)
	tb.Cleanup(func() {
		ctx := context.Background()
		_, _ = api.ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{Force: true})
		_, _ = api.ImageRemove(ctx, image, client.ImageRemoveOptions{Force: true})
	})
	_, err = api.ContainerStart(tb.Context(), made.ID, client.ContainerStartOptions{})
	attempt(tb, err)
	return made.ID
}

// ContainerOf is the name of the container of a pod's service.
func ContainerOf(tb testing.TB, api *client.Client, podID, service string) string {
	tb.Helper()
	filters := of(podID).Add("label", "com.docker.compose.service="+service)
	res, err := api.ContainerList(tb.Context(), client.ContainerListOptions{All: true, Filters: filters})
	if err != nil || len(res.Items) != 1 {
		tb.Fatalf("%d containers of %s in pod %s, %v", len(res.Items), service, podID, err)
	}
	return strings.TrimPrefix(res.Items[0].Names[0], "/")
}

// Runs reports whether a container is there and runs.
func Runs(tb testing.TB, api *client.Client, id string) bool {
	tb.Helper()
	res, err := api.ContainerInspect(tb.Context(), id, client.ContainerInspectOptions{})
	return err == nil && res.Container.State.Running
}

func attempt(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
