//go:build unix

package devcluster

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxSecret bounds a secret; those of DC/OS are smaller than 1 MB.
const maxSecret = 1 << 20

// secret finds the value of a secret by its source; nil where the cluster has none.
func (o Options) secret() func(source string) (string, error) {
	if o.Secrets == "" {
		return nil
	}

	return func(source string) (string, error) { return readSecret(o.Secrets, source) }
}

func (o Options) checkSecrets() error {
	if o.Secrets == "" {
		return nil
	}
	root, err := os.OpenRoot(o.Secrets)
	if err != nil {
		return fmt.Errorf("opening the directory of secrets: %w", err)
	}

	return root.Close()
}

// readSecret reads a file of the directory, whatever the source is called: nothing outside of it. The end of the last
// line is not part of a secret.
func readSecret(dir, source string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("opening the directory of secrets: %w", err)
	}
	defer root.Close()
	f, err := root.Open(strings.TrimPrefix(source, "/"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("there is no such secret")
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(data) > maxSecret {
		err = fmt.Errorf("it is larger than %d bytes", maxSecret)
	}

	return strings.TrimSuffix(string(data), "\n"), err
}
