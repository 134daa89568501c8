package engine

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"dce/internal/lease"
)

// listener identifies the process that listens at the other end of a socket of
// this machine. A service manager that listens in an engine's place says nothing
// of the engine, and neither does a process of another pid namespace.
func listener(conn net.Conn) string {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return ""
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return ""
	}
	var peer *unix.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) { peer, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err != nil || asked != nil || peer.Pid <= 1 {
		return ""
	}
	id, err := lease.Here().Of(int(peer.Pid), "")
	if err != nil || id.BootID == "" {
		return ""
	}
	return fmt.Sprintf("%s %d %s", id.BootID, id.PID, id.Start)
}
