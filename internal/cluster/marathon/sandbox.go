package marathon

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"
)

// Sandboxes finds and reads the sandboxes of tasks, through the files API of the
// Mesos agents. It is safe for several goroutines.
type Sandboxes struct {
	client *Client
	group  singleflight.Group
	mu     sync.Mutex
	info   *Info
	agents map[string]*url.URL
}

// NewSandboxes finds the sandboxes of the tasks of a Marathon.
func NewSandboxes(c *Client) *Sandboxes { return &Sandboxes{client: c, agents: map[string]*url.URL{}} }

// Sandbox is the directory of one task on its agent.
type Sandbox struct {
	files *Sandboxes
	agent *url.URL
	dir   string
}

// Find finds the sandbox of a task on an agent; it is there until the agent
// collects it, also of a task that has ended.
func (s *Sandboxes) Find(ctx context.Context, agentID, taskID string) (*Sandbox, error) {
	agent, err := s.agent(ctx, agentID)
	if err != nil {
		return nil, err
	}
	executors, err := s.Executors(ctx, agentID)
	if err != nil {
		return nil, err
	}
	for _, e := range executors {
		if e.ID == executorOf(taskID) {
			return &Sandbox{files: s, agent: agent, dir: e.Directory}, nil
		}
	}
	return nil, fmt.Errorf("agent %s has no sandbox of %s (any more)", agentID, taskID)
}

// executorOf is the id that Marathon gives the executor of a task.
func executorOf(taskID string) string { return "marathon-" + taskID }

// Executor is an executor as an agent tells of it, running or ended.
type Executor struct {
	ID        string `json:"id"`
	Directory string `json:"directory"`
	Ended     bool   `json:"-"`
}

// Executors are those that this Marathon has, or had, on an agent.
func (s *Sandboxes) Executors(ctx context.Context, agentID string) ([]Executor, error) {
	agent, err := s.agent(ctx, agentID)
	if err != nil {
		return nil, err
	}
	info, err := s.marathon(ctx)
	if err != nil {
		return nil, err
	}
	type framework struct {
		ID        string     `json:"id"`
		Executors []Executor `json:"executors"`
		Completed []Executor `json:"completed_executors"`
	}
	var state struct {
		Frameworks []framework `json:"frameworks"`
		Completed  []framework `json:"completed_frameworks"`
	}
	if err := s.json(ctx, agent.JoinPath("/state"), nil, &state); err != nil {
		return nil, err
	}
	var all []Executor
	for _, f := range append(state.Frameworks, state.Completed...) {
		if f.ID != info.FrameworkID {
			continue
		}
		all = append(all, f.Executors...)
		for _, e := range f.Completed {
			e.Ended = true
			all = append(all, e)
		}
	}
	return all, nil
}

// Agents are the ids of all agents of the cluster.
func (s *Sandboxes) Agents(ctx context.Context) ([]string, error) {
	if err := s.learn(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.agents {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, nil
}

// agent is where an agent is reached; the master knows.
func (s *Sandboxes) agent(ctx context.Context, id string) (*url.URL, error) {
	for range 2 {
		s.mu.Lock()
		u := s.agents[id]
		s.mu.Unlock()
		if u != nil {
			return u, nil
		}
		if err := s.learn(ctx); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the Mesos master does not know the agent %s", id)
}

// learn asks the master for its agents, once for all who want to know at the
// same time.
func (s *Sandboxes) learn(ctx context.Context) error {
	_, err, _ := s.group.Do("agents", func() (any, error) { return nil, s.learnAgents(ctx) })
	return err
}

func (s *Sandboxes) learnAgents(ctx context.Context) error {
	info, err := s.marathon(ctx)
	if err != nil {
		return err
	}
	master, err := url.Parse(info.Config.MesosLeaderURL)
	if err != nil || master.Host == "" {
		return fmt.Errorf("marathon does not tell where its Mesos master is (mesos_leader_ui_url is %q)", info.Config.MesosLeaderURL)
	}
	var said struct {
		Slaves []struct {
			ID       string `json:"id"`
			PID      string `json:"pid"`
			Hostname string `json:"hostname"`
		} `json:"slaves"`
	}
	if err := s.json(ctx, master.JoinPath("/slaves"), nil, &said); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range said.Slaves {
		if _, address, ok := strings.Cut(a.PID, "@"); ok { // slave(1)@10.0.0.1:5051
			s.agents[a.ID] = &url.URL{Scheme: master.Scheme, Host: address}
		}
	}
	return nil
}

func (s *Sandboxes) marathon(ctx context.Context) (Info, error) {
	s.mu.Lock()
	known := s.info
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	info, err := s.client.Info(ctx)
	if err != nil {
		return Info{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info = &info
	return info, nil
}

// Where is the address of a sandbox, for people.
func (b *Sandbox) Where() string { return b.agent.Host + ":" + b.dir }

// List are the names and sizes of the files in a directory of the sandbox.
func (b *Sandbox) List(ctx context.Context, dir string) (map[string]int64, error) {
	var said []struct {
		Path string `json:"path"`
		Size int64  `json:"size"`
		Mode string `json:"mode"`
	}
	query := url.Values{"path": {path.Join(b.dir, dir)}}
	if err := b.files.json(ctx, b.agent.JoinPath("/files/browse"), query, &said); err != nil {
		return nil, err
	}
	files := map[string]int64{}
	for _, f := range said {
		if strings.HasPrefix(f.Mode, "-") {
			files[path.Base(f.Path)] = f.Size
		}
	}
	return files, nil
}

// chunk is how much of a file is asked for at once; Mesos gives no more than 64
// KiB.
const chunk = 64 << 10

// Read is what stands in a file from an offset on, length bytes at most and no
// more than an agent gives at once, and the offset of what follows. The length
// must lie within the file: bytes that are no text come as other ones, so only
// what was asked for tells how far it is.
func (b *Sandbox) Read(ctx context.Context, file string, offset, length int64) (data []byte, next int64, err error) {
	length = min(length, chunk)
	var said struct {
		Data string `json:"data"`
	}
	query := url.Values{"path": {path.Join(b.dir, file)}, "offset": {fmt.Sprint(offset)}, "length": {fmt.Sprint(length)}}
	if err := b.files.json(ctx, b.agent.JoinPath("/files/read"), query, &said); err != nil || said.Data == "" {
		return nil, offset, err
	}
	text, next := said.Data, offset+length
	for n := 0; n < 3 && length == chunk && strings.HasSuffix(text, "\uFFFD"); n++ { // a character cut in two by the end of the chunk
		text, next = strings.TrimSuffix(text, "\uFFFD"), next-1
	}
	return []byte(text), next, nil
}

// Size is the length of a file.
func (b *Sandbox) Size(ctx context.Context, file string) (int64, error) {
	var said struct {
		Offset int64 `json:"offset"`
	}
	query := url.Values{"path": {path.Join(b.dir, file)}, "offset": {"-1"}}
	err := b.files.json(ctx, b.agent.JoinPath("/files/read"), query, &said)
	return said.Offset, err
}

// End are the last bytes of a file, up to a chunk.
func (b *Sandbox) End(ctx context.Context, file string) ([]byte, error) {
	size, err := b.Size(ctx, file)
	if err != nil || size == 0 {
		return nil, err
	}
	from := max(0, size-chunk)
	data, _, err := b.Read(ctx, file, from, size-from)
	return data, err
}

// json asks a master or an agent. Neither is shown Marathon's credentials,
// unless it is on one of Marathon's own hosts.
func (s *Sandboxes) json(ctx context.Context, target *url.URL, query url.Values, into any) error {
	at := *target
	at.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	s.client.authorise(r)
	response, err := s.client.follow.Do(r)
	if err != nil {
		return fmt.Errorf("asking Mesos: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", target.Host, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s to %s: %s", target.Host, response.Status, target.Path, cmp.Or(beginning(body), "nothing more"))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", target.Host, err)
	}
	return nil
}
