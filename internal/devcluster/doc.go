// Package devcluster is a cluster of one node on this machine, in one process: a Mesos agent that really starts executors
// (internal/devcluster/agent), as much of a master as finds that agent, and a Marathon (internal/devcluster/marathon).
// It is how a newcomer tries `dce deploy`, and what the tests deploy to. It is no cluster for production: it has one
// machine, keeps nothing on disk, and lets anybody on the machine in.
//
// It is called by `dce devcluster` and by tests. It knows nothing of pods; the executor that runs them comes from the
// apps, as on a real cluster.
package devcluster
