package marathon

import (
	"net/http"

	"dce/internal/devcluster/scheduler"
)

// routeInfo serves /v2/info and /v2/leader.
func (s *Server) routeInfo(method, what, rest string) reply {
	if rest != "" {
		return notRouted()
	}
	leader := s.leader()
	switch {
	case what == "leader" && leader == nil:
		return failed(scheduler.NotFound("There is no leader"))
	case what == "leader" && method == http.MethodDelete:
		s.moveLeader()

		return ok(map[string]any{"message": "Leadership abdicated"})
	case method != http.MethodGet:
		return wrongMethod()
	case what == "leader":
		return ok(map[string]any{"leader": leader.host()})
	case leader == nil: // it went this very moment
		return reply{status: http.StatusBadGateway, text: "Could not determine the current leader"}
	}

	return ok(s.describe(leader))
}

// describe is what /v2/info says, as far as it is true of a stand-in.
func (s *Server) describe(leader *node) map[string]any {
	timeout := s.opts.LaunchTimeout.Milliseconds()
	config := map[string]any{
		"task_launch_timeout":         timeout,
		"task_launch_confirm_timeout": timeout,
		"mesos_leader_ui_url":         s.opts.MesosURL,
		"master":                      s.opts.MesosURL,
		"framework_name":              "marathon",
		"mesos_user":                  s.opts.User,
		"executor":                    "//cmd",
		"features":                    s.features(),
		"checkpoint":                  true,
		"failover_timeout":            604800,
		"local_port_min":              10000,
		"local_port_max":              20000,
		"hostname":                    hostOf(leader.host()),
		"reconciliation_interval":     600000,
		"max_instances_per_offer":     100,
	}
	if s.opts.Role != "" {
		config["mesos_role"] = s.opts.Role
	}
	if s.opts.EnvPrefix != "" {
		config["env_vars_prefix"] = s.opts.EnvPrefix
	}

	return map[string]any{
		"name": "marathon", "version": Version, "buildref": "dce devcluster", "elected": true, "leader": leader.host(),
		"frameworkId": s.opts.FrameworkID, "marathon_config": config,
		"zookeeper_config": map[string]any{},
		"http_config":      map[string]any{"http_port": leader.port(), "https_port": 8443},
	}
}

func (s *Server) features() []string {
	if s.opts.Secrets {
		return []string{"secrets"}
	}

	return []string{}
}
