package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// hooked is a project with a script that every hook runs: it says what it is
// run as, keeps what it is told, and fails where a file says so.
func hooked(t *testing.T) *site {
	t.Helper()
	s := released(t)
	s.write(map[string]string{
		"hook.sh": `cat > "$DCE_HOOK.json"
echo "$DCE_HOOK of $DCE_HOOK_APP in $DCE_HOOK_ENVIRONMENT"
test ! -e "refuse-$DCE_HOOK"
`,
		"dce.yaml": `secrets: [TOKEN]
environments:
  qa:
    values: {GREETING: hello}
    resources: {cpus: 0.1, mem: 64M}
    hooks:
      pre_deploy: sh hook.sh
      post_deploy: [sh hook.sh, '"$DCE_BINARY" ps --env "$DCE_HOOK_ENVIRONMENT"']
      deploy_failed: sh hook.sh
    target:
      urls: ["%MARATHON%"]
      executor: {path: "%DCE_BINARY%"}
`,
	})
	return s
}

// told is what a hook read.
type told struct {
	Result     string
	Changes    bool
	RolledBack *struct{ Result string } `json:"rolled_back"`
}

// told is what the hooks of a moment were told last; it is forgotten then.
func (s *site) told(moment string) told {
	s.Helper()
	var told told
	path := filepath.Join(s.dir, moment+".json")
	text, err := os.ReadFile(path)
	if err != nil {
		return told
	}
	if err := json.Unmarshal(text, &told); err != nil {
		s.Errorf("%s: %v in %s", moment, err, text)
	}
	if err := os.Remove(path); err != nil {
		s.Fatal(err)
	}
	return told
}

func TestHooksRunAroundADeploy(t *testing.T) {
	t.Parallel()
	s := hooked(t)
	refuse := filepath.Join(s.dir, "refuse-pre_deploy")
	s.write(map[string]string{"refuse-pre_deploy": ""})
	out, _ := s.dce(0, "diff", "--env", "qa")
	s.holds(out, "hook pre_deploy: sh hook.sh", "hook deploy_failed: sh hook.sh")
	if told := s.told("pre_deploy"); told.Changes {
		t.Error("diff has run a hook")
	}
	_, said := s.dce(5, "deploy", "--env", "qa", "-q")
	s.holds(said, "The last lines of sh hook.sh:", "pre_deploy of /")
	s.told("pre_deploy")
	_, said = s.dce(5, "deploy", "--env", "qa")
	s.holds(said, "pre_deploy │ pre_deploy of /", "the pre_deploy hook exited with code 1, so nothing was changed", "DCE771", "dce.yaml:7:", "--skip-hooks")
	if w := writes(s.proxy.taken()); len(w) > 0 || !s.told("pre_deploy").Changes {
		t.Errorf("wrote %q", w)
	}

	if err := os.Remove(refuse); err != nil {
		t.Fatal(err)
	}
	_, said = s.dce(0, "deploy", "--env", "qa")
	s.holds(said, "is healthy", "post_deploy │ post_deploy of /", "in qa", "healthy: 1 of 1 ready")
	if told := s.told("post_deploy"); told.Result != "healthy" {
		t.Errorf("told %+v", told)
	}

	_, said = s.dce(6, "deploy", "--env", "qa", "--set", "GREETING=sick")
	s.holds(said, "rolling back", "deploy_failed │ deploy_failed of /", "DCE760")
	if told := s.told("deploy_failed"); told.Result != "failing" || told.RolledBack == nil || told.RolledBack.Result != "healthy" {
		t.Errorf("told %+v", told)
	}
	if told := s.told("post_deploy"); told.Result != "" {
		t.Errorf("post_deploy was told %+v of a deploy that failed", told)
	}

	s.write(map[string]string{"refuse-post_deploy": ""})
	_, said = s.dce(1, "deploy", "--env", "qa", "--set", "GREETING=bye")
	s.holds(said, "is healthy", "the post_deploy hook exited with code 1", "DCE772", "sh hook.sh")
	s.told("pre_deploy")
	s.told("post_deploy")

	_, said = s.dce(0, "deploy", "--env", "qa", "--skip-hooks")
	s.holds(said, "is healthy")
	if s.told("pre_deploy").Changes || s.told("post_deploy").Result != "" {
		t.Error("--skip-hooks has run one")
	}
}

func TestAHookHearsOfADeployThatIsNotSent(t *testing.T) {
	t.Parallel()
	s := hooked(t)
	s.dce(0, "deploy", "--env", "qa", "--skip-hooks")
	s.write(map[string]string{"hook.sh": `cat > "$DCE_HOOK.json"; if [ "$DCE_HOOK" = pre_deploy ]; then "$DCE_BINARY" deploy --env qa --skip-hooks --replicas 2; fi`})
	_, said := s.dce(5, "deploy", "--env", "qa", "--set", "GREETING=bye")
	s.holds(said, "DCE755")
	if told := s.told("deploy_failed"); told.Result != "not_sent" {
		t.Errorf("told %+v", told)
	}
}
