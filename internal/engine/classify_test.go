package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
	"dce/internal/render"
)

// The texts are those of real engines and registries (reference/compose.md
// sections 1, 2, 5); those of Engine 23 and later are from its source.
func TestClassify(t *testing.T) {
	t.Parallel()
	project := &types.Project{Name: "p", Services: types.Services{
		"infra": {Name: "infra", Ports: []types.ServicePortConfig{{Target: 80, Published: "18081"}}},
		"web":   {Name: "web", Image: "reg.example:5000/web:1"},
	}}
	image := about{service: "web", image: "reg.example:5000/web:1"}
	tests := map[string]struct {
		err   error
		about about
		code  diag.Code
		says  string
	}{
		"nothing listens":            {dial(syscall.ECONNREFUSED), about{host: "unix:///x"}, "DCE301", "unix:///x"},
		"no socket":                  {errors.New("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"), about{host: "unix:///x"}, "DCE301", "unix:///x"},
		"no permission":              {dial(syscall.EACCES), about{}, "DCE302", "no permission"},
		"no permission, by words":    {errors.New("permission denied while trying to connect to the docker API at unix:///x"), about{}, "DCE302", "no permission"},
		"an old engine":              {errors.New("API version 1.39 is not supported by this client: the minimum supported API version is 1.40"), about{}, "DCE303", "1.39"},
		"lost midway":                {fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), about{service: "web"}, "DCE304", "service web"},
		"reset":                      {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, about{}, "DCE304", "midway"},
		"no answer":                  {fmt.Errorf("calling: %w", context.DeadlineExceeded), about{}, "DCE305", "in time"},
		"image unknown":              {errors.New("manifest unknown"), image, "DCE310", "reg.example:5000/web:1"},
		"image unknown to the hub":   {errors.New("Error response from daemon: manifest for nosuch:1 not found: manifest unknown: manifest unknown"), image, "DCE310", "service web"},
		"image unknown, Engine 29":   {errors.New(`unknown: {"errors":[{"code":"NAME_UNKNOWN","message":"Unknown name"}]}`), image, "DCE310", "reg.example:5000/web:1"},
		"no such image":              {errors.New("Error response from daemon: No such image: nosuch/img:1"), about{service: "web"}, "DCE310", "service web"},
		"no credentials":             {errors.New(`Head "http://r/manifests/1": no basic auth credentials`), image, "DCE312", "reg.example:5000"},
		"denied":                     {errors.New("pull access denied for x, repository does not exist or may require 'docker login'"), image, "DCE312", "refuses"},
		"forbidden":                  {errors.New("Error response from daemon: denied"), image, "DCE312", "refuses"},
		"forbidden, Engine 28":       {errors.New("Error response from daemon: error from registry: denied"), image, "DCE312", "refuses"},
		"forbidden, with words":      {errors.New("denied: requested access to the resource is denied"), image, "DCE312", "refuses"},
		"the engine's own files":     {errors.New("failed to register layer: open /var/lib/docker/x: permission denied"), image, "DCE349", "refused"},
		"unknown authority":          {errors.New(`Get "https://r:5000/v2/": x509: certificate signed by unknown authority`), image, "DCE315", "not trusted"},
		"no TLS":                     {errors.New(`Get "https://r:5000/v2/": http: server gave HTTP response to HTTPS client`), image, "DCE315", "not trusted"},
		"no TLS, other words":        {errors.New(`Get "https://r:5000/v2/": tls: first record does not look like a TLS handshake`), image, "DCE315", "not trusted"},
		"TLS takes too long":         {errors.New(`Get "https://r:5000/v2/": net/http: TLS handshake timeout`), image, "DCE314", "reached"},
		"rate limit":                 {errors.New("toomanyrequests: rate limited"), image, "DCE313", "for now"},
		"registry error":             {errors.New("received unexpected HTTP status: 500 Internal Server Error"), image, "DCE314", "reached"},
		"registry error, containerd": {errors.New(`unknown: failed to resolve reference "r/web:1": unexpected status from HEAD request to http://r/v2/web/manifests/1: 500 Internal Server Error`), image, "DCE314", "reached"},
		"registry not there":         {errors.New(`Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused`), image, "DCE314", "reached"},
		"registry without a name":    {errors.New("lookup reg.example: no such host"), image, "DCE314", "reached"},
		"not a name":                 {errors.New("invalid reference format: repository name must be lowercase"), image, "DCE316", "not an image name"},
		"port taken":                 {errors.New("driver failed programming external connectivity on endpoint pb-infra-1 (abc): Bind for 0.0.0.0:18081 failed: port is already allocated"), about{project: project, service: "infra"}, "DCE320", "18081"},
		"port taken by a program":    {errors.New("driver failed programming external connectivity on endpoint x: Error starting userland proxy: listen tcp4 0.0.0.0:18081: bind: address already in use"), about{project: project}, "DCE320", "18081"},
		"port taken, Engine 29":      {errors.New("failed to set up container networking: driver failed programming external connectivity on endpoint x (1): failed to bind host port 0.0.0.0:18081/tcp: address already in use"), about{project: project}, "DCE320", "18081"},
		"port taken, Engine 28":      {errors.New("failed to set up container networking: driver failed programming external connectivity on endpoint x (1): failed to bind host port for 0.0.0.0:18081:172.17.0.2:80/tcp: address already in use"), about{project: project}, "DCE320", "18081"},
		"disk full":                  {errors.New("write /var/lib/docker/x: no space left on device"), about{service: "web"}, "DCE321", "service web"},
		"name taken":                 {errors.New(`Conflict. The container name "/fixedname" is already in use by container "abc". You have to remove (or rename) that container to be able to reuse that name.`), about{service: "web"}, "DCE322", "service web"},
		"pools exhausted":            {errors.New("could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"), about{}, "DCE323", "address range"},
		"pools exhausted, 28":        {errors.New("all predefined address pools have been fully subnetted"), about{}, "DCE323", "address range"},
		"cgroup":                     {errors.New("OCI runtime create failed: mkdir /sys/fs/cgroup/memory/x: cgroup: no such file or directory"), about{service: "web"}, "DCE324", "service web"},
		"something else":             {errors.New("Error response from daemon: no idea"), about{service: "web", image: "i"}, "DCE349", "service web (image i): no idea"},
		"of a service, by wrapping":  {inService("web", errors.New("manifest unknown")), about{project: project}, "DCE310", "service web (image reg.example:5000/web:1)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := classify(test.err, test.about)
			list, ok := diag.Of(err)
			if !ok || len(list) != 1 {
				t.Fatalf("no diagnostic: %v", err)
			}
			d := list[0]
			if d.Code != test.code || !strings.Contains(d.String(), test.says) {
				t.Errorf("got %s, want %s with %q", d, test.code, test.says)
			}
			if d.Hint == "" || !errors.Is(err, test.err) {
				t.Errorf("without a hint or its cause: %+v", d)
			}
			if _, ok := diag.Lookup(d.Code); !ok {
				t.Errorf("%s is not in the catalogue", d.Code)
			}
		})
	}
}

func TestWhatOfTheFileAnErrorIsAbout(t *testing.T) {
	t.Parallel()
	project := &types.Project{Services: types.Services{
		"infra": {Name: "infra", Labels: types.Labels{render.LabelInfra: "true"}},
		"web":   {Name: "web"},
	}}
	taken := errors.New("Bind for 0.0.0.0:18081 failed: port is already allocated")
	tests := map[string]struct {
		err   error
		about about
		want  string
	}{
		"an image":                      {errors.New("manifest unknown"), about{service: "web", image: "i"}, "services.web.image"},
		"an image of two services":      {errors.New("manifest unknown"), about{service: "db, web", image: "i"}, "services.db.image"},
		"the image of infra":            {errors.New("manifest unknown"), about{service: "infra", image: "i", project: project}, ""},
		"a port that infra publishes":   {taken, about{service: "infra", project: project, owners: map[uint16]string{18081: "web"}}, "services.web.ports"},
		"a port that nobody knows":      {taken, about{service: "infra", project: project}, ""},
		"a name":                        {errors.New(`"/n" is already in use by container "abc"`), about{service: "web"}, "services.web.container_name"},
		"something else of a service":   {inService("web", errors.New("no idea")), about{project: project}, "services.web"},
		"something else":                {errors.New("no idea"), about{}, ""},
		"the engine, not the file":      {dial(syscall.ECONNREFUSED), about{service: "web"}, ""},
		"the engine's disk, not a file": {errors.New("no space left on device"), about{service: "web"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, _ := diag.Of(classify(test.err, test.about))
			if got := strings.Join(list[0].Subject, "."); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func dial(errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", errno)}
}

func TestClassifyLeavesWhatIsNoTroubleOfTheEngine(t *testing.T) {
	t.Parallel()
	known := diag.Fail(diag.Diagnostic{Code: "DCE330"})
	for name, err := range map[string]error{"nothing": nil, "the caller has gone": context.Canceled, "a diagnostic": known} {
		if got := classify(err, about{}); !errors.Is(got, err) || got != nil && got.Error() != err.Error() {
			t.Errorf("%s: %v", name, got)
		}
	}
}
