//go:build unix

package podlog

import "golang.org/x/sys/unix"

const noFollow = unix.O_NOFOLLOW
