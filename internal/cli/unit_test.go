package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const unitFile = "../../packaging/dce-reap.service"

// settings are the lines KEY=VALUE of a unit.
func settings(t *testing.T, text string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			all[key] = value
		}
	}
	return all
}

func unit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheUnitStartsACommandThatIsThere(t *testing.T) {
	all := settings(t, unit(t))
	words := strings.Fields(all["ExecStart"])
	if len(words) < 2 || filepath.Base(words[0]) != "dce" || !filepath.IsAbs(words[0]) {
		t.Fatalf("ExecStart is %q", all["ExecStart"])
	}
	a, _ := tree(t)
	cmd, rest, err := a.root().Find(words[1:])
	if err != nil || cmd.Name() != "reap" {
		t.Fatalf("it runs %s, %v", cmd.Name(), err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Error(err)
	}
	if watch := cmd.Flags().Lookup("watch"); !watch.Changed || len(cmd.Flags().Args()) > 0 {
		t.Errorf("%q is no daemon", all["ExecStart"])
	}
	if !cmd.Flags().Changed("grace") {
		t.Errorf("%q leaves the time of a stop to the jobs", all["ExecStart"])
	}
	// It writes to these, and looks at the processes of the host.
	for _, key := range []string{"ProtectControlGroups", "ProtectProc", "PrivateUsers", "PrivatePIDs", "ReadOnlyPaths", "DynamicUser", "User"} {
		if v, ok := all[key]; ok {
			t.Errorf("%s=%s keeps it from its work", key, v)
		}
	}
}

func TestSystemdUnderstandsTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("needs systemd-analyze")
	}
	self, err := os.Executable() // stands for dce, which need not be installed
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), filepath.Base(unitFile))
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(unit(t), "/usr/local/bin/dce", self)), 0o600); err != nil {
		t.Fatal(err)
	}
	// What it does not know it only tells: the exit code is 0.
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", file).CombinedOutput()
	if err != nil || strings.Contains(string(out), filepath.Base(unitFile)) {
		t.Errorf("%v\n%s", err, out)
	}
}
