package project

import (
	"fmt"
	"strings"
	"testing"
)

// manyServices are a compose file and an override of n services.
func manyServices(n int) map[string]string {
	var base, prod strings.Builder
	base.WriteString("services:\n")
	prod.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&base, "  s%d:\n    image: registry/app%d:${TAG:-1.0}\n    environment: {A: \"1\", B: \"${B:-two}\"}\n"+
			"    command: [serve, --port, \"80%d\"]\n    healthcheck: {test: [CMD, /health], interval: 5s}\n"+
			"    volumes: [\"data:/data\", \"./src:/src:ro\"]\n    labels: {team: shop, tier: \"%d\"}\n", i, i, i, i)
		if i > 0 {
			base.WriteString("    depends_on: {s0: {condition: service_healthy}}\n")
		}
		fmt.Fprintf(&prod, "  s%d: {image: \"registry/app%d:2.0\", environment: [\"C=3\"], mem_limit: 256m}\n", i, i)
	}
	base.WriteString("volumes: {data: {}}\n")
	return map[string]string{"compose.yaml": base.String(), "compose.prod.yaml": prod.String()}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{3, 30, 300} {
		b.Run(fmt.Sprintf("%d services", n), func(b *testing.B) {
			dir := b.TempDir()
			write(b, dir, manyServices(n))
			o := isolated(dir)
			o.Environment = "prod"
			for b.Loop() {
				if _, err := Load(b.Context(), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
