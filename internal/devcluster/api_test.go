//go:build unix

package devcluster

import (
	"net/http"
	"regexp"
	"testing"
)

// What Marathon answers, status and body, to what clients do right and wrong; * stands for anything.
func TestRequestsAreAnsweredAsByMarathon(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "run"))
	s.settled()
	tests := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{http.MethodGet, "/ping", "", 200, `pong`},
		{http.MethodGet, "/v2/nowhere", "", 500, `{"message":"URI not found"}`},
		{http.MethodGet, "/nowhere", "", 500, `{"message":"URI not found"}`},
		{http.MethodPut, "/v2/info", "{}", 405, `{"message":"Method Not Allowed"}`},
		{http.MethodGet, "/v2/apps/none", "", 404, `{"message":"App '/none' does not exist"}`},
		{http.MethodPatch, "/v2/apps/none", "{}", 404, `{"message":"App '/none' does not exist"}`},
		{http.MethodGet, "/v2/apps/none/tasks", "", 404, `{"message":"App '/none' does not exist"}`},
		{http.MethodPost, "/v2/apps/none/restart", "", 404, `{"message":"App '/none' does not exist"}`},
		{http.MethodPost, "/v2/apps", app("/web", "run"), 409, `{"message":"An app with id [/web] already exists."}`},
		{http.MethodPost, "/v2/apps", "{", 400, `{"details":"unexpected EOF","message":"Invalid JSON"}`},
		{http.MethodPost, "/v2/apps", `{"id":3,"cmd":"run"}`, 422, `{"details":[{"path":"/id","errors":["error.expected.jsstring"]}],"message":"Invalid JSON"}`},
		{http.MethodPost, "/v2/apps", `{"id":"/x","cmd":" "}`, 422, `{"details":[{"path":"/cmd","errors":["must not be an empty string"]}],"message":"Object is not valid"}`},
		{http.MethodPut, "/v2/apps", `[{"cmd":"run"}]`, 422, `{"message":"requirement failed: App Update must have app id set"}`},
		{http.MethodGet, "/v2/apps/web/versions/2001-01-01T00:00:00.000Z", "", 404, `{"message":"App '/web' does not exist in version 2001-01-01T00:00:00.000Z"}`},
		{http.MethodGet, "/v2/apps/web/versions/today", "", 422, `{"message":"Invalid format: \"today\""}`},
		{http.MethodGet, "/v2/apps?label=team%3D%3D", "", 400, `{"message":"Can not parse label selector *"}`},
		{http.MethodGet, "/v2/apps?id=nothing", "", 200, `{"apps":[]}`},
		{http.MethodGet, "/v2/apps/none/*", "", 404, `{"message":"Group '/none' does not exist"}`},
		{http.MethodGet, "/v2/groups/none", "", 404, `{"message":"Group '/none' does not exist"}`},
		{
			http.MethodPut, "/v2/groups/?dryRun=true", `{"apps":[{"id":"/new","cmd":"run"}]}`, 200,
			`{"steps":[{"actions":[{"action":"StopApplication","app":"/web"}]},{"actions":[{"action":"StartApplication","app":"/new"}]},{"actions":[{"action":"ScaleApplication","app":"/new"}]}]}`,
		},
		{http.MethodPost, "/v2/groups", `{"id":"/shop"}`, 201, `{"deploymentId":"*","version":"*"}`},
		{http.MethodPost, "/v2/groups", `{"id":"/shop"}`, 409, `{"message":"Group /shop is already created. Use PUT to change this group."}`},
		{http.MethodGet, "/v2/groups/shop", "", 200, `{"id":"/shop","apps":[],"pods":[],"groups":[],"dependencies":[],"enforceRole":false,"version":"*"}`},
		{http.MethodPost, "/v2/groups", `{"id":"/web"}`, 409, `{"message":"An app with the path /web already exists."}`},
		{http.MethodDelete, "/v2/groups/shop", "", 200, `{"deploymentId":"*","version":"*"}`},
		{http.MethodGet, "/v2/deployments", "", 200, `[]`},
		{http.MethodDelete, "/v2/deployments/none?force=true", "", 404, `{"message":"DeploymentPlan none does not exist"}`},
		{http.MethodGet, "/v2/queue", "", 200, `{"queue":[]}`},
		{http.MethodDelete, "/v2/queue/web/delay", "", 404, `{"message":"Application /web not found in tasks queue."}`},
		{http.MethodPost, "/v2/tasks/delete", `{"ids":["nonsense"]}`, 400, `{"message":"Invalid task id 'nonsense'. *"}`},
		{http.MethodPost, "/v2/tasks/delete?scale=true&wipe=true", `{"ids":[]}`, 400, `{"message":"You cannot use scale and wipe at the same time."}`},
		{http.MethodGet, "/v2/tasks?status=staging", "", 200, `{"tasks":[]}`},
		{http.MethodGet, "/v2/pods", "", 200, `[]`},
		{http.MethodGet, "/v2/apps/web/versions", "", 200, `{"versions":["*"]}`},
		{http.MethodPut, "/v2/apps/web", `{"instances":0}`, 200, `{"deploymentId":"*","version":"*"}`},
	}
	for _, test := range tests {
		status, got := s.call(test.method, test.path, test.body)
		pattern := regexp.MustCompile(`\\\*`).ReplaceAllString(regexp.QuoteMeta(test.want), ".+")
		if status != test.status || !regexp.MustCompile("^"+pattern+"$").MatchString(got) {
			t.Errorf("%s %s %s: %d %s\nwant %d %s", test.method, test.path, test.body, status, got, test.status, test.want)
		}
	}
}

func TestADeploymentIsCancelledWithoutARollback(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "stuck"))
	var running []struct {
		ID             string
		AffectedApps   []string
		CurrentStep    int
		TotalSteps     int
		CurrentActions []struct{ Action, App string }
	}
	s.get("/v2/deployments", &running)
	if len(running) != 1 || running[0].CurrentStep != 2 || running[0].TotalSteps != 2 || len(running[0].CurrentActions) != 1 ||
		running[0].CurrentActions[0].Action != "ScaleApplication" || len(running[0].AffectedApps) != 1 {
		t.Fatalf("deployments %+v", running)
	}
	if text := s.want(http.StatusAccepted, http.MethodDelete, "/v2/deployments/"+running[0].ID+"?force=true", ""); text != "" {
		t.Errorf("cancelling answers %s", text)
	}
	s.settled()
	if got := s.app("/web").App; got.Instances != 1 {
		t.Errorf("after cancelling: %+v", got)
	}
}
