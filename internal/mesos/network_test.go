package mesos

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"dce/internal/diag"
)

// agentHandler subscribes whoever has the token and asks them to shut down.
func agentHandler(t *testing.T) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slave(1)/api/v1/executor" || r.RequestURI != r.URL.Path {
			http.Error(w, "403 Forbidden.", http.StatusForbidden)
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+testToken {
			http.Error(w, "401 Unauthorized.", http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body)
		var call executor.Call
		if err != nil || call.Unmarshal(body) != nil || call.Type != executor.Call_SUBSCRIBE {
			http.Error(w, "no SUBSCRIBE", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		for _, ev := range []*executor.Event{
			{Type: executor.Event_SUBSCRIBED, Subscribed: &executor.Event_Subscribed{}}, shutdown(),
		} {
			if _, err := w.Write(record(t, ev)); err != nil {
				return
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
		}
		<-r.Context().Done()
	})
}

// serve serves the agent on a listener, with TLS when configured.
func serve(t *testing.T, l net.Listener, config *tls.Config) {
	t.Helper()
	server := httptest.NewUnstartedServer(agentHandler(t))
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = l
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if config != nil {
		server.TLS = config
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// meets runs a session until it is asked to shut down or is lost.
func meets(t *testing.T, address string, vars ...string) error {
	t.Helper()
	environ := append(minimalEnvironment(), "MESOS_SLAVE_PID=slave(1)@"+address, TokenVariable+"="+testToken)
	env, err := ParseEnvironment(append(environ, vars...))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSession(env, Options{})
	if err != nil {
		return err
	}
	ctx, leave := context.WithTimeout(t.Context(), time.Minute)
	defer leave()
	down := false
	err = s.Run(ctx, func(e Event) {
		if _, ok := e.(Shutdown); ok {
			down = true
			leave()
		}
	})
	if err == nil && !down {
		t.Error("neither shut down nor lost within a minute")
	}
	return err
}

func TestASessionOverTCP(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	serve(t, l, nil)
	if err := meets(t, l.Addr().String()); err != nil {
		t.Error(err)
	}
}

func TestASessionOverTheDomainSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.sock")
	serve(t, listen(t, "unix", path), nil)
	// The socket wins over TLS: it does not leave the host.
	if err := meets(t, "127.0.0.1:1", "MESOS_DOMAIN_SOCKET="+path, "LIBPROCESS_SSL_ENABLED=1"); err != nil {
		t.Error(err)
	}
}

// authority makes certificates and keeps its own in a file.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{cert: cert, key: key, file: filepath.Join(t.TempDir(), "ca.pem")}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// issue makes a certificate with an RSA key, as agents have, and its files.
func (a authority) issue(t *testing.T, template x509.Certificate) (pair tls.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(2)
	template.NotBefore, template.NotAfter = a.cert.NotBefore, a.cert.NotAfter
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, &template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, certFile, "CERTIFICATE", der)
	writePEM(t, keyFile, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	pair, err = tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return pair, certFile, keyFile
}

func TestASessionOverHTTPS(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	here := net.IPv4(127, 0, 0, 1)
	byAddress, certFile, keyFile := ca.issue(t, x509.Certificate{IPAddresses: []net.IP{here}})
	byName, _, _ := ca.issue(t, x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}})
	elsewhere, _, _ := ca.issue(t, x509.Certificate{DNSNames: []string{"elsewhere.example"}})
	clients := x509.NewCertPool()
	clients.AddCert(ca.cert)
	const on = "LIBPROCESS_SSL_ENABLED=true"
	for name, c := range map[string]struct {
		config *tls.Config
		vars   []string
		want   diag.Code
	}{
		"without verification, as libmesos": {&tls.Config{Certificates: []tls.Certificate{elsewhere}}, []string{on}, ""},
		"an agent's default ciphers": {
			&tls.Config{
				Certificates: []tls.Certificate{byAddress}, MaxVersion: tls.VersionTLS12,
				CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
			},
			[]string{on},
			"",
		},
		"verified by the authority": {&tls.Config{Certificates: []tls.Certificate{byAddress}}, []string{on, "LIBPROCESS_SSL_CA_FILE=" + ca.file}, ""},
		"verified by a directory of authorities": {
			&tls.Config{Certificates: []tls.Certificate{byAddress}},
			[]string{on, "LIBPROCESS_SSL_VERIFY_CERT=1", "LIBPROCESS_SSL_CA_DIR=" + filepath.Dir(ca.file)},
			"",
		},
		"verified by the common name": {&tls.Config{Certificates: []tls.Certificate{byName}}, []string{on, "LIBPROCESS_SSL_CA_FILE=" + ca.file}, ""},
		"a name of another host":      {&tls.Config{Certificates: []tls.Certificate{elsewhere}}, []string{on, "LIBPROCESS_SSL_CA_FILE=" + ca.file}, codeRefused},
		"another authority":           {&tls.Config{Certificates: []tls.Certificate{byAddress}}, []string{on, "LIBPROCESS_SSL_CA_FILE=" + stranger.file}, codeRefused},
		"another authority, not asked to verify": {
			&tls.Config{Certificates: []tls.Certificate{byAddress}},
			[]string{on, "LIBPROCESS_SSL_CA_FILE=" + stranger.file, "LIBPROCESS_SSL_VERIFY_SERVER_CERT=false"},
			"",
		},
		"not known to the system": {&tls.Config{Certificates: []tls.Certificate{byAddress}}, []string{on, "LIBPROCESS_SSL_VERIFY_SERVER_CERT=1"}, codeRefused},
		"a client certificate": {
			&tls.Config{Certificates: []tls.Certificate{byAddress}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients},
			[]string{on, "LIBPROCESS_SSL_CERT_FILE=" + certFile, "LIBPROCESS_SSL_KEY_FILE=" + keyFile},
			"",
		},
		"no such file":       {&tls.Config{Certificates: []tls.Certificate{byAddress}}, []string{on, "LIBPROCESS_SSL_CA_FILE=/nonexistent"}, codeTLS},
		"a key as authority": {&tls.Config{Certificates: []tls.Certificate{byAddress}}, []string{on, "LIBPROCESS_SSL_CA_FILE=" + keyFile}, codeTLS},
		"a certificate as key": {
			&tls.Config{Certificates: []tls.Certificate{byAddress}},
			[]string{on, "LIBPROCESS_SSL_CERT_FILE=" + certFile, "LIBPROCESS_SSL_KEY_FILE=" + certFile},
			codeTLS,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, "tcp", "127.0.0.1:0")
			serve(t, l, c.config)
			err := meets(t, l.Addr().String(), c.vars...)
			var got diag.Code
			if list, ok := diag.Of(err); ok {
				got = list[0].Code
			}
			if got != c.want || (err == nil) != (c.want == "") {
				t.Errorf("got %q, want %q: %v", got, c.want, err)
			}
		})
	}
}

func TestNothingOfTheTokenIsInARefusal(t *testing.T) {
	for scenario, want := range map[string]string{
		"auth": `401 Unauthorized. Bearer realm="mesos-agent-executor", error="invalid_token", error_description="Invalid JWT: Failed to decode token header: Failed to parse into JSON: syntax error at line 1`,
	} {
		var all bytes.Buffer
		for _, row := range recording(t, scenario) {
			if row.Kind != "response" || row.Status != 401 {
				continue
			}
			header := http.Header{}
			for _, h := range row.Headers {
				header.Set(h[0], h[1])
			}
			err := refusal(&http.Response{StatusCode: 401, Header: header, Body: io.NopCloser(bytes.NewReader(row.bytes(t)))}, NewSecret("abc.def.ghi"))
			all.WriteString(err.Error() + "\n")
		}
		if !strings.Contains(all.String(), want) || strings.Contains(all.String(), "near") {
			t.Errorf("got %s", &all)
		}
	}
	echo := &http.Response{StatusCode: 401, Header: http.Header{"Www-Authenticate": {"Bearer " + testToken + "\x07\xff"}}, Body: http.NoBody}
	if err := refusal(echo, NewSecret(testToken)); strings.Contains(err.Error(), "payload") || !strings.HasSuffix(err.Error(), "Bearer ***") {
		t.Errorf("got %q", err)
	}
}
