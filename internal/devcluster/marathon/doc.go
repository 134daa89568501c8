// Package marathon is the serving half of the stand-in for Marathon: its REST API and event stream, its way with a Mesos
// agent, and the health checks that Marathon runs itself. What happens to apps is decided by internal/devcluster/scheduler.
//
// It is called by internal/devcluster, which starts the agent beside it. Shapes, texts and status codes are those of
// Marathon 1.10 (mesosphere/marathon at 90619da7). It can be told to misbehave (Faults). It keeps nothing on disk: a
// server that was closed has forgotten its apps.
package marathon
