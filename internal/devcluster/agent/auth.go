package agent

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// claims are what the token of an executor says: container, executor and framework id. It never expires.
type claims struct {
	Container string `json:"cid"`
	Executor  string `json:"eid"`
	Framework string `json:"fid"`
}

const jwtHeader = `{"alg":"HS256","typ":"JWT"}`

// newToken gives the MESOS_EXECUTOR_AUTHENTICATION_TOKEN of an executor: a JWT signed with HMAC-SHA256.
func newToken(secret []byte, c claims) string {
	payload, _ := json.Marshal(c) //nolint:errchkjson // three strings
	signed := base64.RawURLEncoding.EncodeToString([]byte(jwtHeader)) + "." + base64.RawURLEncoding.EncodeToString(payload)

	return signed + "." + base64.RawURLEncoding.EncodeToString(sign(secret, signed))
}

func sign(secret []byte, text string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))

	return mac.Sum(nil)
}

// authenticate reads the token of a request. The challenge is the WWW-Authenticate header of a 401, "" when it is good.
func authenticate(secret []byte, r *http.Request) (c claims, challenge string) {
	const realm = `Bearer realm="mesos-agent-executor"`
	header := r.Header.Get("Authorization")
	if header == "" {
		return c, realm
	}
	c, err := readAuthorization(secret, header)
	if err != nil {
		return c, realm + `, error="invalid_token", error_description="` + err.Error() + `"`
	}

	return c, ""
}

func readAuthorization(secret []byte, header string) (claims, error) {
	parts := strings.Split(header, " ")
	if len(parts) != 2 {
		return claims{}, wordf("Malformed 'Authorization' header")
	}
	if parts[0] != "Bearer" {
		return claims{}, wordf("Scheme '%s' unsupported", parts[0])
	}
	c, err := readToken(secret, parts[1])
	if err != nil {
		return c, wordf("Invalid JWT: %s", err)
	}

	return c, nil
}

func readToken(secret []byte, token string) (c claims, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, wordf("Expected 3 components in token, got %d", len(parts))
	}
	var header struct{ Alg string }
	if err := decodePart(parts[0], &header); err != nil {
		return c, wordf("Failed to decode token header: %s", err)
	}
	if header.Alg != "HS256" {
		return c, wordf("Token 'alg' value \"%s\" does not match, expected \"HS256\"", header.Alg)
	}
	if err := decodePart(parts[1], &c); err != nil {
		return c, wordf("Failed to decode token payload: %s", err)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(signature, sign(secret, parts[0]+"."+parts[1])) {
		return c, wordf("Token signature does not match")
	}

	return c, nil
}

func decodePart(part string, into any) error {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return wordf("Failed to base64url-decode: %s", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return wordf("Failed to parse into JSON: %s", syntaxError(data, err))
	}

	return nil
}

// matches tells whether an executor may make a call in the name of another; the text is Mesos' in sense.
func (c claims) matches(framework, executor string) error {
	switch {
	case c.Framework != framework:
		return wordf("Authenticated principal does not contain an 'fid' claim with the framework ID %s, which is set in the call", framework)
	case c.Executor != executor:
		return wordf("Authenticated principal does not contain an 'eid' claim with the executor ID %s, which is set in the call", executor)
	}

	return nil
}
