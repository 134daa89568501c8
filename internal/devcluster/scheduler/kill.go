package scheduler

import (
	"slices"
	"time"
)

// KillTasks ends the tasks of instances; they are launched again, with wipe as new instances. It gives what was found.
func (s *Scheduler) KillTasks(now time.Time, instances []string, wipe bool) []Instance {
	s.at(now)
	found := []Instance{}
	for _, id := range instances {
		i := s.instance(id)
		if i == nil || !i.Launched() {
			continue
		}
		found = append(found, *i)
		if wipe {
			s.let(i)
		} else {
			s.kill(i, "")
		}
	}
	s.settle()

	return found
}

// KillAndScale ends instances for good: their apps are scaled down by as many.
func (s *Scheduler) KillAndScale(now time.Time, instances []string, force bool) (*Deployment, error) {
	kill := map[string][]string{}
	for _, id := range instances {
		if i := s.instance(id); i != nil && !i.leaving {
			kill[i.AppID] = append(kill[i.AppID], id)
		}
	}

	return s.Deploy(now, func(root Root) (Root, error) {
		for _, id := range sortedKeys(kill) {
			if app := root.Apps[id]; app != nil {
				root = root.With(app.WithInstances(max(0, app.Instances-len(kill[id]))))
			}
		}

		return root, nil
	}, DeployOptions{Force: force, Kill: kill})
}

// Find lists the ids of instances of an app: all, or those that task ids name.
func (s *Scheduler) Find(app string, tasks []string) []string {
	var found []string
	for _, i := range s.instances {
		if app != "" && i.AppID != app {
			continue
		}
		if tasks == nil || slices.ContainsFunc(tasks, func(t string) bool { return instanceOf(t) == i.ID }) {
			found = append(found, i.ID)
		}
	}

	return found
}
