package project

import (
	"fmt"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
)

// form is a text that means something: the schema takes any text there, and
// compose-go fails on it later without saying where.
type form struct {
	path       tree.Path
	word, hint string
	read       func(any) error
}

// forms are the texts that compose-go takes apart.
func forms() []form {
	duration := func(path ...string) form {
		return form{tree.NewPath(path...), "duration", "write a number with a unit: 500ms, 30s, 1m30s, 2h", func(v any) error {
			return new(types.Duration).DecodeMapstructure(v)
		}}
	}
	size := func(path ...string) form {
		return form{tree.NewPath(path...), "size", "write a number of bytes, or a number with a unit: 512k, 256m, 2g", func(v any) error {
			return new(types.UnitBytes).DecodeMapstructure(v)
		}}
	}
	const service, any1 = "services", tree.PathMatchAll
	return []form{
		{tree.NewPath(service, any1, "ports", tree.PathMatchList), "port", `write "HOST:CONTAINER", with /udp behind it or an address before it where needed`, func(v any) error {
			_, err := types.ParsePortConfig(fmt.Sprint(v))
			return err
		}},
		{tree.NewPath(service, any1, "volumes", tree.PathMatchList), "mount", `write "VOLUME:/PATH" or "./DIR:/PATH", with :ro behind it where needed`, func(v any) error {
			_, err := format.ParseVolume(fmt.Sprint(v))
			return err
		}},
		duration(service, any1, "healthcheck", "interval"),
		duration(service, any1, "healthcheck", "timeout"),
		duration(service, any1, "healthcheck", "start_period"),
		duration(service, any1, "healthcheck", "start_interval"),
		duration(service, any1, "stop_grace_period"),
		duration(service, any1, "deploy", "restart_policy", "delay"),
		duration(service, any1, "deploy", "restart_policy", "window"),
		duration(service, any1, "deploy", any1, "monitor"),
		size(service, any1, "mem_limit"),
		size(service, any1, "mem_reservation"),
		size(service, any1, "memswap_limit"),
		size(service, any1, "shm_size"),
		size(service, any1, "deploy", "resources", any1, "memory"),
		size(service, any1, "volumes", tree.PathMatchList, "tmpfs", "size"),
	}
}
