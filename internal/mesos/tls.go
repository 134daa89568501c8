package mesos

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// TLS is how to speak to an agent over https, as the LIBPROCESS_SSL_* variables
// of libmesos say it (docs/ssl.md of Mesos). An agent does not set them: they
// come from the job or from the agent's --executor_environment_variables.
type TLS struct {
	Enabled bool
	// Verify checks the agent's certificate. As in libmesos it is off unless
	// asked for by VERIFY_SERVER_CERT (VERIFY_CERT before 1.10); naming a CA
	// without saying whether to verify asks for it too.
	Verify   bool
	CAFile   string
	CADir    string
	CertFile string
	KeyFile  string
}

func (v *variables) tls() TLS {
	return TLS{
		Enabled:  v.sslFlag("ENABLED"),
		Verify:   v.sslVerify(),
		CAFile:   v.ssl("CA_FILE"),
		CADir:    v.ssl("CA_DIR"),
		CertFile: v.ssl("CERT_FILE"),
		KeyFile:  v.ssl("KEY_FILE"),
	}
}

func (v *variables) ssl(name string) string { return v.values["LIBPROCESS_SSL_"+name] }

func (v *variables) sslFlag(name string) bool { return v.flag("LIBPROCESS_SSL_" + name) }

func (v *variables) sslVerify() bool {
	current, old := v.sslFlag("VERIFY_SERVER_CERT"), v.sslFlag("VERIFY_CERT")
	if v.ssl("VERIFY_SERVER_CERT") == "" && v.ssl("VERIFY_CERT") == "" {
		return v.ssl("CA_FILE") != "" || v.ssl("CA_DIR") != ""
	}
	return current || old
}

// dialer speaks TLS over connections of dial. The names that a certificate may
// bear are the address dialled and what it resolves to in reverse, as libmesos'
// default scheme has it: the executor knows its agent by address only.
func (t TLS) dialer(address string, dial Dialer) (Dialer, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("splitting %s: %w", address, err)
	}
	config, err := t.config()
	if err != nil {
		return nil, err
	}
	verify := func(context.Context, tls.ConnectionState) error { return nil }
	if t.Verify {
		roots, err := t.roots()
		if err != nil {
			return nil, err
		}
		verify = func(ctx context.Context, s tls.ConnectionState) error { return verifyAgent(ctx, s, roots, host) }
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		conn, err := handshake(ctx, tls.Client(plain, config), verify)
		if err != nil {
			return nil, errors.Join(err, plain.Close())
		}
		return conn, nil
	}, nil
}

// handshake verifies before anything is sent over the connection.
func handshake(ctx context.Context, conn *tls.Conn, verify func(context.Context, tls.ConnectionState) error) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("speaking TLS with the agent: %w", err)
	}
	if err := verify(ctx, conn.ConnectionState()); err != nil {
		return nil, fmt.Errorf("verifying the agent: %w", err)
	}
	return conn, nil
}

// config is the client's side. It does not verify: handshake does, by other
// rules for names than crypto/tls has.
func (t TLS) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: cipherSuites(), InsecureSkipVerify: true}
	if t.CertFile == "" || t.KeyFile == "" {
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("loading the client certificate: %w", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// cipherSuites are Go's own and the two RSA key exchanges that an agent in its
// default configuration has in common with Go: libprocess offers AES128-SHA and
// AES256-SHA, else only RC4 and DHE, and no TLS 1.3 (openssl.cpp of Mesos 1.12).
func cipherSuites() []uint16 {
	ids := []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA}
	for _, s := range tls.CipherSuites() {
		ids = append(ids, s.ID)
	}
	return ids
}

// roots are the authorities to trust, nil for the system's.
func (t TLS) roots() (*x509.CertPool, error) {
	files, err := t.authorityFiles()
	if err != nil || len(files) == 0 {
		return nil, err
	}
	pool := x509.NewCertPool()
	found := false
	for _, f := range files {
		pem, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("reading certificate authorities: %w", err)
		}
		found = pool.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return nil, fmt.Errorf("reading certificate authorities: no PEM certificate in %s", strings.Join(files, ", "))
	}
	return pool, nil
}

func (t TLS) authorityFiles() ([]string, error) {
	var files []string
	if t.CADir != "" {
		entries, err := os.ReadDir(t.CADir)
		if err != nil {
			return nil, fmt.Errorf("reading certificate authorities: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() {
				files = append(files, filepath.Join(t.CADir, e.Name()))
			}
		}
	}
	if t.CAFile != "" {
		files = append(files, t.CAFile)
	}
	return files, nil
}

func verifyAgent(ctx context.Context, s tls.ConnectionState, roots *x509.CertPool, host string) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the agent shows no certificate")
	}
	leaf := s.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
	}
	err := leaf.VerifyHostname(host)
	if err == nil || slices.ContainsFunc(namesOf(ctx, host), func(n string) bool { return bears(leaf, n) }) {
		return nil
	}
	return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
}

// bears reports whether the certificate is for that name; the common name
// counts where there are no alternative names, as it does for libmesos.
func bears(c *x509.Certificate, name string) bool {
	if len(c.DNSNames) == 0 && strings.EqualFold(c.Subject.CommonName, name) {
		return true
	}
	return c.VerifyHostname(name) == nil
}

// namesOf looks an address up in reverse. A resolver that does not answer in
// two seconds gives no names.
func namesOf(ctx context.Context, host string) []string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	names, err := net.DefaultResolver.LookupAddr(ctx, host)
	if err != nil {
		return []string{host}
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(n, ".")
	}
	return append(names, host)
}
