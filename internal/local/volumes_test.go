package local

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/engine"
)

func TestSettingsInWhichAVolumeDiffers(t *testing.T) {
	options := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for _, pair := range pairs {
			key, value, _ := strings.Cut(pair, "=")
			m[key] = value
		}
		return m
	}
	for name, tc := range map[string]struct {
		wanted types.VolumeConfig
		have   engine.Volume
		want   string
	}{
		"none":                              {types.VolumeConfig{}, engine.Volume{Driver: "local"}, ""},
		"none, with no options in two ways": {types.VolumeConfig{Driver: "local", DriverOpts: options()}, engine.Volume{Driver: "local"}, ""},
		"none of some":                      {types.VolumeConfig{DriverOpts: options("type=tmpfs")}, engine.Volume{Driver: "local", Options: options("type=tmpfs")}, ""},
		"another value":                     {types.VolumeConfig{DriverOpts: options("type=nfs", "o=x")}, engine.Volume{Driver: "local", Options: options("type=tmpfs", "o=x")}, "driver_opts.type"},
		"a new one, and one that is gone":   {types.VolumeConfig{DriverOpts: options("type=")}, engine.Volume{Driver: "local", Options: options("o=x")}, "driver_opts.o driver_opts.type"},
		"none wanted any more":              {types.VolumeConfig{}, engine.Volume{Driver: "local", Options: options("o=x")}, "driver_opts.o"},
		"the driver":                        {types.VolumeConfig{Driver: "nfs"}, engine.Volume{Driver: "local"}, "driver"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(differing(tc.wanted, tc.have), " "); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
