// Package executor is the Mesos front: it takes tasks from an agent, has each
// rendered and run as every other pod is, and reports what becomes of it. The
// wire is internal/mesos', the pod's life internal/pod's and the supervisor's;
// here is only what joins them. Each task is a pod of its own; nothing is
// global.
package executor
