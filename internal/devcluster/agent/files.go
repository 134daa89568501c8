package agent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const maxRead = 16 * 4096 // what one /files/read gives at most, as Mesos

// attachFiles makes a sandbox readable under its own path and under the virtual path of its executor's latest run.
// The caller holds mu.
func (a *Agent) attachFiles(e *runningExecutor, dir string) {
	a.sandboxes[dir] = dir
	a.sandboxes[path.Join("/frameworks", e.framework.id(), "executors", e.id(), "runs", "latest")] = dir
}

// handleFiles serves /files as far as logs need it.
func (a *Agent) handleFiles(w http.ResponseWriter, r *http.Request, route string) {
	handlers := map[string]func(http.ResponseWriter, *http.Request, *os.Root, string){
		"/files/read":     a.readFile,
		"/files/browse":   a.browse,
		"/files/download": a.download,
	}
	handle := handlers[strings.TrimSuffix(route, ".json")]
	if handle == nil {
		notFound(w)

		return
	}
	requested := r.URL.Query().Get("path")
	if requested == "" {
		respond(w, answer{http.StatusBadRequest, "Expecting 'path=value' in query.\n"})

		return
	}
	dir, name, ok := a.resolve(requested)
	if !ok {
		notFound(w)

		return
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		notFound(w)

		return
	}
	defer root.Close()
	handle(w, r, root, name)
}

// resolve finds the sandbox a path is in, and the path within it.
func (a *Agent) resolve(requested string) (dir, name string, ok bool) {
	clean := path.Clean("/" + requested)
	a.mu.Lock()
	defer a.mu.Unlock()
	for attached, dir := range a.sandboxes {
		if clean == attached {
			return dir, ".", true
		}
		if name, ok := strings.CutPrefix(clean, attached+"/"); ok {
			return dir, name, true
		}
	}

	return "", "", false
}

// readFile gives a part of a file. Offset -1 asks for the length, which comes as the offset of no data.
func (a *Agent) readFile(w http.ResponseWriter, r *http.Request, root *os.Root, name string) {
	offset, err := number(r, "offset", -1)
	if err != nil {
		respond(w, answer{http.StatusBadRequest, "Failed to parse offset: " + err.Error() + ".\n"})

		return
	}
	length, err := number(r, "length", maxRead)
	if err != nil {
		respond(w, answer{http.StatusBadRequest, "Failed to parse length: " + err.Error() + ".\n"})

		return
	}
	file, info, ok := openRegular(w, root, name)
	if !ok {
		return
	}
	defer file.Close()

	if offset < 0 {
		writeJSON(w, r, fmt.Appendf(nil, `{"data":"","offset":%d}`, info.Size()))

		return
	}
	data := make([]byte, min(uint64(maxRead), uint64(length))) //nolint:gosec // -1 is all, as in Mesos
	n, err := file.ReadAt(data, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		respond(w, answer{http.StatusInternalServerError, err.Error()})

		return
	}
	body := append(appendString([]byte(`{"data":`), data[:n]), fmt.Sprintf(`,"offset":%d}`, offset)...)
	writeJSON(w, r, body)
}

func number(r *http.Request, name string, absent int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && n < -1 {
		err = fmt.Errorf("negative %s provided: %d", name, n)
	}

	return n, err
}

// openRegular opens a file of a sandbox, or answers why not. What is no plain file is never opened: a named pipe
// would hold the reader for ever.
func openRegular(w http.ResponseWriter, root *os.Root, name string) (*os.File, fs.FileInfo, bool) {
	info, err := root.Stat(name)
	switch {
	case err != nil:
		notFound(w)

		return nil, nil, false
	case info.IsDir():
		respond(w, answer{http.StatusBadRequest, "Cannot read from a directory.\n"})

		return nil, nil, false
	case !info.Mode().IsRegular():
		respond(w, answer{http.StatusBadRequest, "Cannot read from what is no regular file.\n"})

		return nil, nil, false
	}
	file, err := root.Open(name)
	if err != nil {
		notFound(w)

		return nil, nil, false
	}

	return file, info, true
}

// fileInfo is one entry of /files/browse.
type fileInfo struct {
	GID   string  `json:"gid"`
	Mode  string  `json:"mode"`
	MTime float64 `json:"mtime"`
	NLink uint64  `json:"nlink"`
	Path  string  `json:"path"`
	Size  int64   `json:"size"`
	UID   string  `json:"uid"`
}

func (a *Agent) browse(w http.ResponseWriter, r *http.Request, root *os.Root, name string) {
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(name))
	if err != nil {
		notFound(w)

		return
	}
	listing := []fileInfo{}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil { // gone meanwhile
			listing = append(listing, infoOf(path.Join(r.URL.Query().Get("path"), entry.Name()), info))
		}
	}
	writeJSON(w, r, mustJSON(listing))
}

func infoOf(at string, info fs.FileInfo) fileInfo {
	entry := fileInfo{
		Mode: modeString(info.Mode()), MTime: float64(info.ModTime().Unix()), NLink: 1,
		Path: at, Size: info.Size(), UID: "0", GID: "0",
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		entry.NLink = uint64(stat.Nlink) //nolint:unconvert // its size differs between machines
		entry.UID, entry.GID = strconv.Itoa(int(stat.Uid)), strconv.Itoa(int(stat.Gid))
	}
	if u, err := user.LookupId(entry.UID); err == nil {
		entry.UID = u.Username
	}
	if g, err := user.LookupGroupId(entry.GID); err == nil {
		entry.GID = g.Name
	}

	return entry
}

// modeString writes a mode as ls does: ten characters.
func modeString(m fs.FileMode) string {
	kind := "-"
	switch {
	case m.IsDir():
		kind = "d"
	case m&fs.ModeSymlink != 0:
		kind = "l"
	case m&fs.ModeNamedPipe != 0:
		kind = "p"
	case m&fs.ModeSocket != 0:
		kind = "s"
	}

	return kind + m.Perm().String()[1:]
}

func (a *Agent) download(w http.ResponseWriter, r *http.Request, root *os.Root, name string) {
	file, info, ok := openRegular(w, root, name)
	if !ok {
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(name)}))
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(file, 0, info.Size()))
}

func contentType(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}

	return "application/octet-stream"
}
