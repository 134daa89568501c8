package lease

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/windows"
)

// bootID is empty: Windows has no such id, and a process's start time is of
// the wall clock.
func bootID() string { return "" }

// began is when a process began, in 100 ns since 1601.
func began(pid int) (string, error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return "", fs.ErrNotExist
	}
	if err != nil {
		return "", err
	}
	defer windows.CloseHandle(h) //nolint:errcheck // a handle that was opened for reading
	var start, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &start, &ended, &kernel, &user); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d", start.Nanoseconds()), nil
}

// namespaces is empty: there is one for all.
func namespaces() (string, bool) { return "", true }
