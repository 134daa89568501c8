package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/moby/moby/client"
)

// The volume of one task and that of another may have the same name.
func TestAPodDoesNotTakeWhatIsAnothers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "alike")
	for name, labels := range map[string]struct {
		labels  map[string]string
		refused bool
	}{
		"another-pods":    {map[string]string{"dce.pod": "other", "com.docker.compose.project": "other"}, true},
		"another-kept":    {map[string]string{"dce.pod": "other", "com.docker.compose.project": "other", "dce.keep": "volume"}, true},
		"this-pods":       {map[string]string{"dce.pod": f.id, "com.docker.compose.project": f.id}, false},
		"this-tasks-kept": {map[string]string{"dce.pod": "former", "com.docker.compose.project": f.id, "dce.keep": "volume"}, false},
		"nobodys":         {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			volume, network := f.id+"_"+name, f.id+"_net-"+name
			_, err := f.api.VolumeCreate(t.Context(), client.VolumeCreateOptions{Name: volume, Labels: labels.labels})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_, _ = f.api.VolumeRemove(context.Background(), volume, client.VolumeRemoveOptions{})
				_, _ = f.api.NetworkRemove(context.Background(), network, client.NetworkRemoveOptions{})
			})
			if _, err := f.api.NetworkCreate(t.Context(), network, client.NetworkCreateOptions{Labels: labels.labels}); err != nil {
				t.Fatal(err)
			}
			p := f.pod("\n  web:\n    %shared%\n    volumes: [data:/data]\n" +
				"volumes:\n  data: {name: " + volume + "}\nnetworks:\n  net: {name: " + network + "}\n")
			err = p.Prepare(t.Context())
			if !labels.refused && err != nil {
				t.Errorf("refused: %v", err)
			}
			if labels.refused && (!hasCode(err, "DCE327") || !strings.Contains(err.Error(), "volume "+volume) || !strings.Contains(err.Error(), "network "+network)) {
				t.Errorf("it was told %v", err)
			}
		})
	}
}

// Another's thing may have this pod's name in its own.
func TestANameThatHoldsThePodsIsNotItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "within")
	volume := "x" + f.id + "_datax"
	if _, err := f.api.VolumeCreate(t.Context(), client.VolumeCreateOptions{Name: volume, Labels: map[string]string{"dce.pod": "other"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = f.api.VolumeRemove(context.Background(), volume, client.VolumeRemoveOptions{}) })
	p := f.pod("\n  web:\n    %shared%\n    volumes: [data:/data]\nvolumes:\n  data: {name: " + f.id + "_data}\n")
	if err := p.Prepare(t.Context()); err != nil {
		t.Errorf("refused: %v", err)
	}
}
