package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"

	"dce/internal/render"
)

// mostOfLabel is how much of a label's value is kept, in bytes: more than any
// that means something has.
const mostOfLabel = 8 << 10

// sparse is what a list tells of a container, without the labels that mean
// nothing to dce. A sweep sees those of all pods of its host, and each may be
// megabytes long: read whole, thirty containers with 4 MB each took a sweep, and
// the cgroup of the executor that it runs in, 350 MB.
type sparse struct {
	ID      string `json:"Id"`
	ImageID string
	Names   []string
	State   container.ContainerState
	Created int64
	Labels  ownLabels
}

func (s sparse) thing() Thing {
	c := container.Summary{ID: s.ID, Names: s.Names, State: s.State}
	return Thing{
		Kind: KindContainer, ID: s.ID, Name: nameOf(c), Labels: s.Labels, Image: s.ImageID,
		Running: alive(c), Created: time.Unix(s.Created, 0),
	}
}

// ownLabels are the labels of dce, of dce-go and of compose.
type ownLabels map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (l *ownLabels) UnmarshalJSON(text []byte) error {
	var all map[string]string
	if err := json.Unmarshal(text, &all); err != nil {
		return err //nolint:wrapcheck // of this very text
	}
	*l = ownOf(all)
	return nil
}

// ownOf are the labels that mean something, and lets go of the rest.
func ownOf(all map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range all {
		if own(key) {
			kept[key] = strings.Clone(value[:min(len(value), mostOfLabel)])
		}
	}
	return kept
}

func own(key string) bool {
	return key == render.LabelTaskID || key == render.LabelExecutorID || strings.HasPrefix(key, "dce.") ||
		key == api.ServiceLabel || key == api.ProjectLabel || key == api.DependenciesLabel
}

// eachContainer reads a list one by one: the client of the engine's makers has
// the whole of it in memory, twice.
func (e *Engine) eachContainer(ctx context.Context, label string, do func(sparse)) error {
	filters, err := json.Marshal(map[string]map[string]bool{"label": {label: true}})
	if err != nil {
		return fmt.Errorf("encoding a filter: %w", err)
	}
	query := url.Values{"all": {"1"}, "filters": {string(filters)}}
	body, err := e.get(ctx, "/v"+e.api.ClientVersion()+"/containers/json?"+query.Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	list := json.NewDecoder(body)
	if _, err := list.Token(); err != nil {
		return fmt.Errorf("reading the engine's answer: %w", err)
	}
	for list.More() {
		var one sparse
		if err := list.Decode(&one); err != nil {
			return fmt.Errorf("reading the engine's answer: %w", err)
		}
		do(one)
	}
	_, err = list.Token() // the end: an answer that was cut off is none
	return err            //nolint:wrapcheck // io.ErrUnexpectedEOF says what it is
}

// get asks the engine by a connection of its own, and returns what it answers.
func (e *Engine) get(ctx context.Context, path string) (io.ReadCloser, error) {
	fresh := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: e.dial}}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking the engine: %w", err)
	}
	res, err := fresh.Do(ask)
	if err != nil {
		return nil, fmt.Errorf("asking the engine: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		return nil, refusal(res)
	}
	return res.Body, nil
}

func (e *Engine) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := e.api.Dialer()(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to connect to the docker API: %w", err)
	}
	return conn, nil
}

// refusal is what the engine says in place of an answer.
func refusal(res *http.Response) error {
	var said struct{ Message string }
	if json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said) == nil && said.Message != "" {
		return errors.New(said.Message)
	}
	return errors.New(res.Status)
}
