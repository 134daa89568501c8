package agent

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTLSAndPlainConnectionsAreServedOnOnePort(t *testing.T) {
	t.Parallel()
	stock := httptest.NewUnstartedServer(nil) // for its certificate of 127.0.0.1
	stock.StartTLS()
	certificate, trusted := stock.TLS.Certificates[0], x509.NewCertPool()
	trusted.AddCert(stock.Certificate())
	stock.Close()

	tr := newTrial(t, "run", Options{TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}})
	tr.launch("t1") // plain
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")

	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	for range 2 {
		body := []byte(`{"executor_id":{"value":"ex"},"framework_id":{"value":"fw"},"type":"HEARTBEAT"}`)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+tr.agent.Endpoint()+executorAPI, bytes.NewReader(body))
		tr.must(err)
		request.Header.Set("Content-Type", typeJSON)
		response, err := transport.RoundTrip(request)
		tr.must(err)
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusAccepted || response.TLS == nil {
			t.Errorf("over TLS: %d", response.StatusCode)
		}
	}
}
