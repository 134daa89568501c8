package enginetest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"dce/internal/render"
)

// podLabel is the label of every thing that a pod makes.
const podLabel = render.LabelPod

// Clean removes at the end of a test what is left of a pod, and fails the test
// if there was anything, unless the test has failed already. Containers,
// networks, volumes and cgroups count.
func Clean(tb testing.TB, api *client.Client, podID string) {
	tb.Helper()
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		left := Left(ctx, tb, api, podID)
		Remove(ctx, api, podID)
		if len(left) > 0 && !tb.Failed() {
			tb.Errorf("pod %s left behind: %s", podID, strings.Join(left, ", "))
		}
	})
}

func of(podID string) client.Filters {
	return client.Filters{}.Add("label", podLabel+"="+podID)
}

// Left lists what there is of a pod, by label.
func Left(ctx context.Context, tb testing.TB, api *client.Client, podID string) []string {
	tb.Helper()
	var left []string
	containers, err := api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: of(podID)})
	check(tb, err)
	for _, c := range containers.Items {
		left = append(left, fmt.Sprintf("container %s (%s)", strings.Join(c.Names, ","), c.State))
	}
	networks, err := api.NetworkList(ctx, client.NetworkListOptions{Filters: of(podID)})
	check(tb, err)
	for _, n := range networks.Items {
		left = append(left, "network "+n.Name)
	}
	volumes, err := api.VolumeList(ctx, client.VolumeListOptions{Filters: of(podID)})
	check(tb, err)
	for _, v := range volumes.Items {
		left = append(left, "volume "+v.Name)
	}
	return append(left, cgroups(podID)...)
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("listing what is left: %v", err)
	}
}

// cgroups are the directories whose name holds that of the pod, in the first two levels of
// every hierarchy: that is where the parent cgroups of tests lie.
func cgroups(podID string) []string {
	var found []string
	root := "/sys/fs/cgroup"
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a cgroup that goes while we look
		}
		if !d.IsDir() {
			return nil
		}
		if strings.Contains(d.Name(), podID) {
			found = append(found, "cgroup "+path)
		}
		if rel, _ := filepath.Rel(root, path); strings.Count(rel, string(os.PathSeparator)) >= 3 {
			return fs.SkipDir
		}
		return nil
	})
	return found
}

// Remove removes what is left of a pod, as far as it can.
func Remove(ctx context.Context, api *client.Client, podID string) {
	containers, _ := api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: of(podID)})
	for _, c := range containers.Items {
		_, _ = api.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	}
	networks, _ := api.NetworkList(ctx, client.NetworkListOptions{Filters: of(podID)})
	for _, n := range networks.Items {
		_, _ = api.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
	}
	volumes, _ := api.VolumeList(ctx, client.VolumeListOptions{Filters: of(podID)})
	for _, v := range volumes.Items {
		_, _ = api.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{Force: true})
	}
	for _, c := range cgroups(podID) {
		_ = os.Remove(strings.TrimPrefix(c, "cgroup "))
	}
}
