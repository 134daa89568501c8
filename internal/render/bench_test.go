package render_test

import (
	"fmt"
	"strings"
	"testing"

	"dce/internal/render"
)

func BenchmarkRender(b *testing.B) {
	for _, n := range []int{3, 30, 300} {
		var file strings.Builder
		file.WriteString("services:\n")
		for i := range n {
			fmt.Fprintf(&file, "  s%d:\n    image: a:1\n    environment: {A: x, B: 'y$$z'}\n    volumes: ['v%d:/data']\n    networks: [n]\n    healthcheck: {test: [CMD, x]}\n", i, i)
			if i > 0 {
				fmt.Fprintf(&file, "    depends_on: [s%d]\n", i/2)
			}
			if i < 5 {
				fmt.Fprintf(&file, "    ports: ['%d:%d']\n", 8000+i, 9000+i)
			}
		}
		file.WriteString("networks: {n: {}}\nvolumes:\n")
		for i := range n {
			fmt.Fprintf(&file, "  v%d: {}\n", i)
		}
		in := example(load(b, file.String()))
		b.Run(fmt.Sprintf("services=%d/render", n), func(b *testing.B) {
			for b.Loop() {
				rendered(b, in)
			}
		})
		r := rendered(b, in)
		b.Run(fmt.Sprintf("services=%d/yaml", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := r.YAML(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("services=%d/hash", n), func(b *testing.B) {
			for b.Loop() {
				render.ContentHash(in)
			}
		})
		b.Run(fmt.Sprintf("services=%d/marshal", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Project.MarshalYAML(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
