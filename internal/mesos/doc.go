// Package mesos is the v1 executor API of a Mesos agent on top of mesos-go's
// types: the session, its authentication, TLS and domain socket. It keeps the
// subscription alive, delivers the agent's events in order and status updates
// until each is acknowledged. internal/executor calls it; it knows nothing of
// pods, never starts or stops anything and never reads the process environment.
//
// mesos-go is used for its types and their protobuf codec only. Its RecordIO
// reader panics on a length of 2^63 or more and takes a length that is cut off
// by the end of the stream for a clean end, so records.go reads the stream. Its
// httpcli packages would add 2.4 MB and a retry of their own.
package mesos
