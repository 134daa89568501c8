package project

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// maxFileBytes is the largest compose file, dce.yaml or env file read, in bytes. The
// largest hand-written files known are below 100 KiB.
const maxFileBytes = 4 << 20

// stdinName is the path that means standard input, as in docker compose.
const stdinName = "-"

// source is one YAML file, read and parsed once: compose-go gets its bytes,
// checks and positions use its nodes.
type source struct {
	path string
	data []byte
	docs []*yaml.Node
	// dir and env are what its relative paths and its variables are resolved
	// against.
	dir string
	env map[string]string
	// concealed are the lines that hold a credential: no problem shows them.
	concealed map[int]bool
}

// readSource reads and parses a file within the limits. A source is returned
// with every problem too, as far as it was read.
func readSource(path string, stdin io.Reader) (*source, diag.List) {
	s := &source{path: path}
	data, err := readLimited(path, stdin)
	if err != nil {
		return s, diag.List{unreadable(path, err)}
	}
	s.data = data
	return s, s.parse()
}

func readLimited(path string, stdin io.Reader) ([]byte, error) {
	if path == stdinName {
		if stdin == nil {
			return nil, nil
		}
		return readAtMost(stdin)
	}
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAtMost(f)
}

// openRegular refuses what would block or never end: a FIFO, a device.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, errIsDirectory
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	case info.Size() > maxFileBytes:
		return nil, errTooLarge
	}
	return os.Open(path)
}

var (
	errIsDirectory = errors.New("it is a directory")
	errNotRegular  = errors.New("it is not a regular file")
	errTooLarge    = errors.New("it is too large")
)

func readAtMost(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileBytes {
		return nil, errTooLarge
	}
	return data, nil
}

func unreadable(path string, err error) diag.Diagnostic {
	d := diag.Diagnostic{Code: "DCE102", Pos: diag.Pos{File: path}, Cause: err}
	switch {
	case errors.Is(err, errTooLarge):
		d.Code = "DCE117"
		d.Summary = fmt.Sprintf("the file is larger than %d MiB", maxFileBytes>>20)
		d.Detail = "A description of a pod is small; a file of this size is not one, or holds data that belongs in a volume or an image."
		d.Hint = "check that this is the file that you meant"
	case errors.Is(err, os.ErrNotExist):
		d.Summary = "there is no such file"
		d.Hint = "check the name, or the directory that dce was started in (-C DIR)"
	case errors.Is(err, os.ErrPermission):
		d.Summary = "no permission to read the file"
		d.Hint = fmt.Sprintf("see who may: ls -l %s", path)
	default:
		d.Summary = "cannot read the file: " + reason(err)
		d.Hint = "name a file that can be read"
	}
	return d
}

// reason is the innermost text of an error: a path error's path is in the
// diagnostic's position already.
func reason(err error) string {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

// parse checks the bytes and makes nodes of them. A document whose shape is
// refused is not kept, so that nothing walks it.
func (s *source) parse() diag.List {
	if problems := s.checkText(); len(problems) > 0 {
		return problems
	}
	var problems diag.List
	dec := yaml.NewDecoder(bytes.NewReader(s.data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return problems
		}
		if err != nil {
			return append(problems, s.syntaxError(err))
		}
		d, sound := s.checkStructure(&doc)
		problems = append(problems, d...)
		if sound {
			s.docs = append(s.docs, &doc)
		}
	}
}

func (s *source) syntaxError(err error) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE103", Summary: "this is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: "),
		Pos: diag.Pos{File: s.path}, Cause: err,
		Hint: "look at the indentation, quotes and brackets here and in the line above",
	}
	e, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return d
	}
	d.Summary = "this is not YAML: " + e.Message
	if s.byteAt(e.Mark.Line, e.Mark.Column) == '\t' {
		d.Summary, d.Hint = "this is not YAML: a tab in the indentation", "indent with blanks"
	}
	d.Pos.Line, d.Pos.Column = e.Mark.Line, e.Mark.Column
	if e.ContextMsg == "" {
		return d
	}
	d.Detail = "It was found " + e.ContextMsg + "."
	begin := diag.Pos{File: s.path, Line: e.ContextMark.Line, Column: e.ContextMark.Column}
	switch {
	case begin == d.Pos:
	case e.Mark.Line > bytes.Count(bytes.TrimRight(s.data, "\n"), []byte("\n"))+1: // there is nothing to see at the end
		d.Related = []diag.Related{{Pos: d.Pos, Note: "the file ends before it does,"}}
		d.Pos = begin
	default:
		d.Related = []diag.Related{{Pos: begin, Note: "begins here"}}
	}
	return d
}

// byteAt is the byte at a place, zero beyond the text. Only the line's ASCII start
// is looked at, so columns count bytes.
func (s *source) byteAt(line, column int) byte {
	lines := bytes.Split(s.data, []byte("\n"))
	if line < 1 || line > len(lines) || column < 1 || column > len(lines[line-1]) {
		return 0
	}
	return lines[line-1][column-1]
}
