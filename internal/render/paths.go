package render

import (
	"github.com/compose-spec/compose-go/v2/types"
)

// pathsRule removes references to files whose content the project holds
// already. The loader has made every other path absolute, against the directory
// of the first compose file.
func pathsRule(d *draft) {
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		if len(s.EnvFiles) > 0 {
			d.changedFrom(d.at("services", name, "env_file"), "env_file is merged into environment", "services", name, "env_file")
			s.EnvFiles = nil
		}
		if len(s.LabelFiles) > 0 {
			d.changedFrom(d.at("services", name, "label_file"), "label_file is merged into labels", "services", name, "label_file")
			s.LabelFiles = nil
		}
	})
}
