package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"

	"dce/internal/diag"
	"dce/internal/progress"
)

// need is one image and the services that run it.
type need struct {
	image    string
	services []string
	policy   string
	platform string
	// build says that a service has a build section for it.
	build bool
}

// needs are the project's images, each once, by name. A pull policy given for
// this run stands above the services' own; of several services the most eager
// counts.
func needs(p *types.Project, pull string) []need {
	by := map[string]*need{}
	add := func(image, service, policy, platform string, build bool) {
		n := by[image]
		if n == nil {
			n = &need{image: image, policy: policy, platform: platform}
			by[image] = n
		}
		n.build = n.build || build
		if eagerness(policy) > eagerness(n.policy) {
			n.policy = policy
		}
		if !slices.Contains(n.services, service) {
			n.services = append(n.services, service)
		}
	}
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		image := api.GetImageNameOrDefault(s, p.Name)
		if image == infraImage {
			continue
		}
		policy := pullPolicy(s, pull)
		add(image, name, policy, s.Platform, s.Build != nil)
		if policy == types.PullPolicyBuild {
			policy = types.PullPolicyMissing
		}
		for _, dependent := range api.GetDependentImages(s, p.Name) {
			add(dependent, name, policy, s.Platform, false)
		}
	}
	all := make([]need, 0, len(by))
	for _, n := range by {
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b need) int { return strings.Compare(a.image, b.image) })
	return all
}

// pullPolicy is one of always, missing, never and build. Compose's "daily" and
// the like are "always" here: the age of an image is no fact of a pod.
func pullPolicy(s types.ServiceConfig, pull string) string {
	switch own := s.PullPolicy; {
	case own == types.PullPolicyBuild && s.Build != nil:
		return own
	case pull != "":
		return pull
	case own == "", own == types.PullPolicyIfNotPresent:
		return types.PullPolicyMissing
	case own == types.PullPolicyMissing, own == types.PullPolicyNever, own == types.PullPolicyAlways:
		return own
	default:
		return types.PullPolicyAlways
	}
}

func eagerness(policy string) int {
	return slices.Index([]string{types.PullPolicyNever, types.PullPolicyMissing, types.PullPolicyAlways, types.PullPolicyBuild}, policy)
}

// provideImages pulls and builds, several at a time, and reports everything
// that fails.
func (p *Pod) provideImages(ctx context.Context) error {
	all := needs(p.spec.Project, p.spec.Pull)
	failures := make([]error, len(all)+1)
	var build []string
	var mu sync.Mutex
	var pulling sync.WaitGroup
	for i, n := range all {
		pulling.Go(func() {
			toBuild, err := p.provide(ctx, n)
			failures[i] = err
			if toBuild {
				mu.Lock()
				defer mu.Unlock()
				build = append(build, n.services...)
			}
		})
	}
	pulling.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(build) > 0 {
		failures[len(all)] = p.build(ctx, build)
	}
	return together(failures)
}

// provide sees to one image. True: it is to be built.
func (p *Pod) provide(ctx context.Context, n need) (bool, error) {
	if n.build && (p.spec.Build || n.policy == types.PullPolicyBuild) {
		return true, nil
	}
	have, err := p.have(ctx, n.image)
	if err != nil {
		return false, classify(err, p.aboutImage(n))
	}
	switch {
	case have && n.policy != types.PullPolicyAlways:
		return false, nil
	case n.build: // as compose does: what is missing and can be built is not asked of a registry
		return !have, nil
	case n.policy == types.PullPolicyNever:
		return false, diag.Fail(diag.Diagnostic{
			Code:    "DCE311",
			Summary: fmt.Sprintf("image %s of %s is not on the engine, and must not be pulled", n.image, strings.Join(n.services, ", ")),
			Subject: []string{"services", n.services[0], "image"},
			Hint:    "docker pull " + n.image + "; or run with --pull missing",
		})
	}
	err = p.pullPatiently(ctx, n)
	if err != nil && ctx.Err() == nil {
		p.spec.Progress.On(progress.Event{ID: "image " + n.image, Status: progress.Failed, Text: words(err)})
	}
	return false, classify(err, p.aboutImage(n))
}

// pullPatiently pulls again what failed in a way that passes: layers that are
// here already are not pulled twice.
func (p *Pod) pullPatiently(ctx context.Context, n need) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = pullPause, maxPullPause
	_, err := backoff.Retry(ctx, func() (bool, error) {
		err := p.pull(ctx, n)
		if err != nil && !passes(err, p.aboutImage(n)) {
			return false, backoff.Permanent(err)
		}
		return err == nil, err
	}, backoff.WithBackOff(pause), backoff.WithMaxTries(max(p.spec.PullTries, 1)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, next time.Duration) {
			p.engine.log.Warn("pulling again", "image", n.image, "err", words(err), "after", next)
		}))
	return err
}

const (
	pullPause    = time.Second
	maxPullPause = 20 * time.Second
)

// passes reports whether the error of a pull may be gone at the next try: the
// registry was not reached, broke down, or hung up.
func passes(err error, a about) bool {
	problems, _ := diag.Of(classify(err, a))
	return slices.ContainsFunc(problems, func(d diag.Diagnostic) bool {
		return d.Code == "DCE304" || d.Code == "DCE305" || d.Code == "DCE314"
	})
}

func (p *Pod) aboutImage(n need) about {
	return about{host: p.engine.Host(), service: strings.Join(n.services, ", "), image: n.image, project: p.spec.Project}
}

func (p *Pod) have(ctx context.Context, image string) (bool, error) {
	call, cancel := p.bounded(ctx)
	defer cancel()
	_, err := p.engine.api.ImageInspect(call, image)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
