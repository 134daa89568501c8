package ship

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestLimitsOfServicesAddUpToWhatIsWritten(t *testing.T) {
	t.Parallel()
	p := &types.Project{Services: types.Services{}}
	for name, cpus := range map[string]float32{"a": 0.1, "b": 0.2, "c": 0.3} {
		p.Services[name] = types.ServiceConfig{Name: name, CPUS: cpus, MemLimit: 64 << 20}
	}
	for range 20 { // in whatever order a map gives them
		if cpus, mem, all := limits(p); cpus != 0.6 || mem != 192 || !all {
			t.Fatalf("%v cpus, %v MiB, all %v", cpus, mem, all)
		}
	}
}
