package sweep

import (
	"context"
	"strings"

	"dce/internal/reap"
)

// doubt marks the containers of orphans whose labels come from their image:
// `docker commit` of a pod's container gives an image that carries them, and
// whoever runs that runs no pod. Each image is asked for once.
func (l *look) doubt(ctx context.Context, orphans []reap.Pod) (doubted bool, err error) {
	goes := map[string]bool{}
	for _, p := range orphans {
		for _, id := range containers(p) {
			goes[id] = true
		}
	}
	for i := range l.things {
		t := &l.things[i]
		if t.Kind != reap.Container || !goes[t.ID] {
			continue
		}
		if t.Doubt, err = l.doubtOf(ctx, *t); err != nil {
			return false, err
		}
		doubted = doubted || t.Doubt != ""
	}
	return doubted, nil
}

// doubtOf says why the labels of a container are perhaps not its own; nothing
// where they are.
func (l *look) doubtOf(ctx context.Context, t reap.Thing) (string, error) {
	inherited, sure, err := l.origins.Of(ctx, t.Image, t.Labels)
	switch {
	case err != nil:
		return "", err //nolint:wrapcheck // the engine says what it was asked for
	case inherited:
		return "container " + t.Name + " has its labels from image " + short(t.Image) + ", which was made of a pod's container", nil
	case !sure:
		return "the image of container " + t.Name + " is gone, which would tell whether the labels are its own; if they are, remove it with docker rm -f", nil
	}
	return "", nil
}

// short is an image's id as people see it.
func short(id string) string {
	_, digest, _ := strings.Cut(id, ":")
	return digest[:min(12, len(digest))]
}
