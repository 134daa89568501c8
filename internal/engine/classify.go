package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"

	"dce/internal/diag"
	"dce/internal/render"
)

// about says what was being done when an error came, as far as it is known.
type about struct {
	host    string
	service string
	image   string
	project *types.Project
	// owners are the services that ports of the host are for.
	owners map[uint16]string
}

// serviceError is an error of one service's container.
type serviceError struct {
	service string
	err     error
}

func inService(service string, err error) error {
	if err == nil || service == "" {
		return err
	}
	if _, ok := errors.AsType[*serviceError](err); ok {
		return err
	}
	return &serviceError{service, err}
}

// Error implements error.
func (e *serviceError) Error() string { return "service " + e.service + ": " + e.err.Error() }

// Unwrap implements errors.
func (e *serviceError) Unwrap() error { return e.err }

// classify turns an error of the engine into a diagnostic. It is the only place
// that looks at an error's words: the engine gives nothing else. The words are
// those of Engine 20.10 to 29. Errors that are none of the known ones, and
// those of a caller that has gone, come back as they are.
func classify(err error, a about) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, ok := diag.Of(err); ok {
		return err
	}
	if s, ok := errors.AsType[*serviceError](err); ok {
		a.service = s.service
		if a.project != nil && a.image == "" {
			a.image = a.project.Services[s.service].Image
		}
	}
	for _, known := range []func(error, about) (diag.Diagnostic, bool){
		connectionTrouble, imageTrouble, portTrouble, hostTrouble,
	} {
		if d, ok := known(err, a); ok {
			d.Cause = err
			return diag.Fail(d)
		}
	}
	return diag.Fail(diag.Diagnostic{
		Code:    "DCE349",
		Summary: "the Docker engine refused" + a.what() + ": " + words(err),
		Subject: a.subject(),
		Hint:    "run again with --debug to see the engine's whole answer",
		Cause:   err,
	})
}

// what names the service and the image, as far as they are known.
func (a about) what() string {
	var b strings.Builder
	if a.service != "" {
		fmt.Fprintf(&b, " service %s", a.service)
	}
	if a.image != "" {
		fmt.Fprintf(&b, " (image %s)", a.image)
	}
	return b.String()
}

// subject is a key of the service in the compose file, nil where the service is
// not known or not of the file.
func (a about) subject(key ...string) []string {
	service, _, _ := strings.Cut(a.service, ", ")
	if service == "" || a.project != nil && a.project.Services[service].Labels[render.LabelInfra] != "" {
		return nil
	}
	return append([]string{"services", service}, key...)
}

// words are an error's own, without what every one of the engine's begins with.
func words(err error) string {
	text := err.Error()
	if s, ok := errors.AsType[*serviceError](err); ok {
		text = s.err.Error()
	}
	return strings.TrimSpace(strings.TrimPrefix(text, "Error response from daemon: "))
}

func says(err error, any ...string) bool {
	text := strings.ToLower(err.Error())
	for _, part := range any {
		if strings.Contains(text, strings.ToLower(part)) {
			return true
		}
	}
	return false
}

func connectionTrouble(err error, a about) (diag.Diagnostic, bool) {
	host := cmp.Or(a.host, "the default address")
	switch {
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EACCES), says(err, "permission denied while trying to connect"):
		return diag.Diagnostic{
			Code: "DCE302", Summary: "no permission to talk to the Docker engine at " + host,
			Detail: "the engine's socket belongs to root and the group docker",
			Hint:   "run as root, or have yourself added to the group: sudo usermod -aG docker $USER, then log in again",
		}, true
	case says(err, "is too old", "minimum supported api version", "is not supported by this client"):
		return diag.Diagnostic{
			Code: "DCE303", Summary: "the Docker engine at " + host + " is too old: " + words(err),
			Detail: "dce needs API 1.40, which came with Docker Engine 19.03",
			Hint:   "update the Docker engine",
		}, true
	case says(err, "cannot connect to the docker daemon", "failed to connect to the docker api", "no such host") && a.image == "",
		errors.Is(err, syscall.ECONNREFUSED) && a.image == "":
		return diag.Diagnostic{
			Code: "DCE301", Summary: "no Docker engine answers at " + host,
			Detail: words(err),
			Hint:   "start it (sudo systemctl start docker), or say where it is with DOCKER_HOST",
		}, true
	case errors.Is(err, context.DeadlineExceeded):
		return diag.Diagnostic{
			Code: "DCE305", Summary: "the Docker engine at " + host + " did not answer in time" + forWhat(a),
			Detail: "it is there, but hangs or is overloaded",
			Hint:   "see what it is doing: docker info; journalctl -u docker",
		}, true
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		says(err, "error during connect"),
		a.image == "" && says(err, "connection reset by peer", "broken pipe", "unexpected eof"): // of an image it is the engine's word on a registry
		return diag.Diagnostic{
			Code: "DCE304", Summary: "the connection to the Docker engine at " + host + " was lost midway" + forWhat(a),
			Detail: words(err),
			Hint:   "the engine was perhaps restarted; run the same again",
		}, true
	}
	return diag.Diagnostic{}, false
}

// Unreachable reports whether an error says only that the engine did not
// answer: it is restarted, hangs, or is not there.
func Unreachable(err error) bool {
	problems, _ := diag.Of(err)
	return slices.ContainsFunc(problems, func(d diag.Diagnostic) bool {
		return d.Code == "DCE301" || d.Code == "DCE304" || d.Code == "DCE305"
	})
}

func forWhat(a about) string {
	if w := a.what(); w != "" {
		return ", at" + w
	}
	return ""
}

func imageTrouble(err error, a about) (diag.Diagnostic, bool) {
	of, subject := a.what(), a.subject("image")
	switch {
	case says(err, "invalid reference format", "repository name must"):
		return diag.Diagnostic{
			Code: "DCE316", Summary: "not an image name:" + of, Detail: words(err), Subject: subject,
			Hint: "an image is written registry/name:tag, in lower case",
		}, true
	case says(err, "toomanyrequests", "rate limit", "too many requests"):
		return diag.Diagnostic{
			Code: "DCE313", Summary: "the registry allows no more pulls for now:" + of, Detail: words(err), Subject: subject,
			Hint: "log in (docker login), wait, or use a mirror; images that are here already need no pull: --pull missing",
		}, true
	case says(err, "no basic auth credentials", "unauthorized", "authentication required", "requires 'docker login'", "403 forbidden", "pull access denied", "access to the resource is denied", "registry: denied"),
		strings.HasPrefix(words(err), "denied"): // a registry's own word, and often its only one
		return diag.Diagnostic{
			Code: "DCE312", Summary: "the registry refuses the pull:" + of, Detail: words(err), Subject: subject,
			Hint: "log in with an account that may read it: docker login " + registryOf(a.image) + "; or the name is wrong",
		}, true
	case says(err, "manifest unknown", "manifest for", "no such image", "name unknown", "repository does not exist", "not found: manifest", "no matching manifest", "name_unknown", "manifest_unknown"),
		a.image != "" && errdefs.IsNotFound(err):
		return diag.Diagnostic{
			Code: "DCE310", Summary: "image not found:" + of, Detail: words(err), Subject: subject,
			Hint: "check the image's name and tag in the compose file; one that is built here needs --build",
		}, true
	case a.image != "" && says(err, "x509:", "server gave http response to https", "first record does not look like a tls handshake"):
		return diag.Diagnostic{
			Code: "DCE315", Summary: "the registry is not trusted:" + of, Detail: words(err), Subject: subject,
			Hint: "on the engine's machine put its certificate into /etc/docker/certs.d/" + registryOf(a.image) + "/ca.crt; one without TLS must be among the insecure-registries of /etc/docker/daemon.json",
		}, true
	case a.image != "" && says(err, "connection refused", "no such host", "i/o timeout", "tls handshake", "unexpected http status", "unexpected status from", "network is unreachable", "dial tcp", "request canceled", "connection reset by peer", "broken pipe", "unexpected eof", ": eof", "503 service unavailable", "502 bad gateway", "504 gateway"):
		return diag.Diagnostic{
			Code: "DCE314", Summary: "the registry cannot be reached:" + of, Detail: words(err), Subject: subject,
			Hint: "check that " + registryOf(a.image) + " answers from the engine's machine; with --pull missing or never an image that is here is used",
		}, true
	}
	return diag.Diagnostic{}, false
}

func registryOf(image string) string {
	first, _, ok := strings.Cut(image, "/")
	if ok && strings.ContainsAny(first, ".:") || first == "localhost" {
		return first
	}
	return "docker.io"
}

// CodePortTaken is the problem of a start for which another host port will do.
const CodePortTaken diag.Code = "DCE320"

func portTrouble(err error, a about) (diag.Diagnostic, bool) {
	if !says(err, "port is already allocated", "address already in use", "ports are not available") {
		return diag.Diagnostic{}, false
	}
	port := boundPort(err.Error())
	owner := cmp.Or(publisher(a, port), a.service)
	a.service = owner
	return diag.Diagnostic{
		Code: CodePortTaken, Summary: fmt.Sprintf("host port %s, which service %s publishes, is taken", cmp.Or(port, "(unknown)"), cmp.Or(owner, "(unknown)")),
		Detail: words(err), Subject: a.subject("ports"),
		Hint: fmt.Sprintf("see who has it: ss -lntup 'sport = :%s'; or let dce choose another: --ports auto", cmp.Or(port, "PORT")),
	}, true
}

// boundPort finds the port in "Bind for 0.0.0.0:18081 failed" (bridge), "listen
// tcp4 0.0.0.0:18081: bind" (docker-proxy) "failed to bind host port for
// 0.0.0.0:18081:172.17.0.2:80/tcp" (Engine 28) and "failed to bind host port
// 0.0.0.0:18081/tcp" (Engine 29).
func boundPort(text string) string {
	m := regexp.MustCompile(`(?:Bind for|listen (?:tcp|udp)[46]?|host port(?: for)?|exposing port \w+) [^ ]*?:(\d+)`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// publisher names the service that the port is for: in a collapsed pod infra
// publishes for all, and only the front knows for whom.
func publisher(a about, port string) string {
	if n, err := strconv.ParseUint(port, 10, 16); err == nil && a.owners[uint16(n)] != "" {
		return a.owners[uint16(n)]
	}
	if a.project == nil || port == "" {
		return ""
	}
	for _, name := range a.project.ServiceNames() {
		for _, p := range a.project.Services[name].Ports {
			if p.Published == port {
				return name
			}
		}
	}
	return ""
}

func hostTrouble(err error, a about) (diag.Diagnostic, bool) {
	switch {
	case errors.Is(err, syscall.ENOSPC), says(err, "no space left on device", "disk quota exceeded"):
		return diag.Diagnostic{
			Code: "DCE321", Summary: "the engine's disk is full" + forWhat(a), Detail: words(err),
			Hint: "see what takes it: docker system df; images that nothing uses go with docker image prune",
		}, true
	case says(err, "is already in use by container"):
		return diag.Diagnostic{
			Code: "DCE322", Summary: "a container of that name exists already" + forWhat(a), Detail: words(err), Subject: a.subject("container_name"),
			Hint: "it is not of this pod: remove it (docker rm -f NAME) or change container_name in the compose file",
		}, true
	case says(err, "non-overlapping ipv4 address pool", "all predefined address pools have been fully subnetted"):
		return diag.Diagnostic{
			Code: "DCE323", Summary: "the engine has no address range left for another network",
			Detail: "Docker's default address pools hold about 30 networks; each pod with a network of its own takes one",
			Hint:   "remove networks that nothing uses (docker network prune), or set default-address-pools in /etc/docker/daemon.json; a pod whose compose file declares no networks needs none",
		}, true
	case says(err, "cgroup") && says(err, "no such file or directory", "invalid argument", "device or resource busy", "permission denied"):
		return diag.Diagnostic{
			Code: "DCE324", Summary: "the engine cannot use the pod's cgroup" + forWhat(a), Detail: words(err),
			Hint: "check that the parent cgroup exists in every hierarchy and that the engine uses the cgroupfs driver: docker info",
		}, true
	}
	return diag.Diagnostic{}, false
}
