//go:build !linux

package sweep

import "errors"

type deaths struct{ C <-chan struct{} }

func watchDeaths(string) (*deaths, error) {
	return nil, errors.New("watching for the deaths of executors needs Linux")
}

// Close ends the watch.
func (d *deaths) Close() {}
