// Package agent is a Mesos agent for trying and testing executors: a real server that speaks the agent's side of the
// v1 executor API, makes sandboxes, fetches, starts executor processes in cgroups of their own, keeps their updates
// until the scheduler has them, and kills what does not end by itself.
//
// It is called by the test cluster and by tests, through the calls a master would make (Launch, Kill, Shutdown,
// Teardown) and the updates a scheduler would see (Watch). Its answers are those recorded from a real agent
// (Mesos 1.12), and it can be told to misbehave (Faults). It knows nothing of pods, Docker or dce, and shares no code
// with internal/mesos, so that the two sides of the wire stay independent of each other.
//
// What differs from a real agent:
//
//   - With cache:true a file of this machine is linked into sandboxes from one copy; what comes by HTTP is not cached.
//   - A restart ends every connection and forgets what a real restart forgets, but this process lives on: nothing is
//     checkpointed to disk, and executors stay its children.
//   - The executor's parent is a shell that stands for mesos-containerizer: session and group leader, and the pid the
//     scheduler is told, as on a real agent. With shell:false the program is started under the name of
//     CommandInfo.value; arguments[0] is not passed on.
//   - Cgroups are those of version 1. Without Options.CgroupsRoot it works as Mesos' posix launcher: no cgroup, and what
//     left the executor's session survives it.
//   - Sandboxes are never collected, updates that the scheduler does not acknowledge are sent again after a restart only,
//     and a restarted agent does not register anew with a master, so that nothing is told twice or late for want of one.
//   - There are no offers: what is launched gets what it asks for. Containers of Mesos itself (ExecutorInfo.container),
//     default and command executors, operations and the operator API are not served.
package agent
