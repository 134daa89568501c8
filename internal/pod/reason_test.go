package pod

import (
	"testing"
	"time"
)

func TestAReasonIsTextThatAPersonUnderstands(t *testing.T) {
	cases := map[string]struct {
		reason Reason
		want   string
	}{
		"exit":                {Reason{Cause: CauseExit, Service: "web", ExitCode: 3, After: 130 * time.Second}, "service web exited with code 3 after 2m10s"},
		"exit, time unknown":  {Reason{Cause: CauseExit, Service: "web", ExitCode: 1}, "service web exited with code 1"},
		"exit at once":        {Reason{Cause: CauseExit, Service: "web", ExitCode: 1, After: 8600 * time.Microsecond}, "service web exited with code 1 after 9ms"},
		"out of memory":       {Reason{Cause: CauseOOM, Service: "db", ExitCode: 137, After: 3456 * time.Millisecond, Memory: 256 << 20}, "service db was OOM-killed at its limit of 256 MiB after 3.5s"},
		"a large limit":       {Reason{Cause: CauseOOM, Service: "db", Memory: 2 << 30}, "service db was OOM-killed at its limit of 2 GiB"},
		"an odd limit":        {Reason{Cause: CauseOOM, Service: "db", Memory: 100_000_000}, "service db was OOM-killed at its limit of 95.4 MiB"},
		"no limit of its own": {Reason{Cause: CauseOOM, Service: "db", After: time.Second}, "service db, which has no memory limit of its own, was OOM-killed after 1s"},
		"unhealthy":           {Reason{Cause: CauseUnhealthy, Service: "web"}, "service web became unhealthy"},
		"infra":               {Reason{Cause: CauseInfra, Service: "infra"}, "the infra container, which holds the pod's network, ended"},
		"nothing left":        {Reason{Cause: CauseAllExited}, "every service has ended, and a service pod must keep running"},
		"removed":             {Reason{Cause: CauseRemoved, Container: "x-web-1"}, "container x-web-1 was removed by someone else"},
		"prepare":             {Reason{Cause: CausePrepare, Message: "no such image"}, "preparing the pod failed: no such image"},
		"start":               {Reason{Cause: CauseStart}, "starting the pod failed"},
		"not in time":         {Reason{Cause: CauseLaunchTime, After: time.Minute, Service: "db"}, "not running within 1m0s: service db was not ready"},
		"engine":              {Reason{Cause: CauseEngine, After: time.Minute}, "the Docker engine was out of reach for 1m0s"},
		"engine restarted":    {Reason{Cause: CauseEngineRestart}, "the Docker engine was restarted, which stopped the pod's containers"},
		"kill":                {Reason{Cause: CauseKill, Message: "dce down"}, "stopped by dce down"},
		"kill, nobody's name": {Reason{Cause: CauseKill}, "stopped on request"},
		"job":                 {Reason{Cause: CauseJobFinished}, "every service of the job exited with code 0"},
		"none":                {Reason{}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.reason.String(); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
