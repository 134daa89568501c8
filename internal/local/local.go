// Package local runs pods on this machine: it makes up the task's facts (ids,
// free host ports, a cgroup of its own), has the supervisor run the pod, and
// shows it. What a pod is and how it lives is decided elsewhere.
package local
