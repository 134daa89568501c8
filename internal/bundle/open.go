package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"dce/internal/diag"
)

// Open takes a bundle apart, within the limits, and checks its digest; an
// empty one is not checked. Whatever it holds, it ends in an error at most.
func Open(data []byte, want string) (Manifest, []File, error) {
	content, err := decompress(data)
	if err != nil {
		return Manifest{}, nil, err
	}
	if got := digest(content); want != "" && got != want {
		return Manifest{}, nil, diag.Fail(diag.Diagnostic{
			Code: "DCE713", Summary: "the bundle is not the one that was deployed",
			Detail: fmt.Sprintf("Its digest is %s, the job says %s.", got, want),
			Hint:   "deploy again; where bundles are fetched, look at what stands at the artifact URL, and at the agents' fetcher cache",
		})
	}
	return read(content)
}

func decompress(data []byte) ([]byte, error) {
	if len(data) > MaxCompressed {
		return nil, broken(fmt.Sprintf("it has %s, compressed; %s may travel", Size(len(data)), Size(MaxCompressed)), nil)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, broken("it is not compressed as bundles are", err)
	}
	z.Multistream(false)
	limit := int64(contentLimit(len(data)))
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(z, limit+1))
	switch {
	case err != nil:
		return nil, broken("it is damaged", err)
	case n > limit:
		return nil, broken(fmt.Sprintf("its %s become more than %s", Size(len(data)), Size(int(limit))), nil)
	}
	return b.Bytes(), nil
}

func read(content []byte) (Manifest, []File, error) {
	r := tar.NewReader(bytes.NewReader(content))
	var manifest *Manifest
	var size int // of the manifest
	var files []File
	total := 0
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Manifest{}, nil, broken("it is damaged", err)
		}
		f, err := entry(h, r, MaxContent-total)
		if err != nil {
			return Manifest{}, nil, err
		}
		total += len(f.Data)
		if manifest == nil {
			if manifest, err = decode(f); err != nil {
				return Manifest{}, nil, err
			}
			size = total
			continue
		}
		if files = append(files, f); len(files) > MaxFiles {
			return Manifest{}, nil, broken(fmt.Sprintf("it has more than %d files", MaxFiles), nil)
		}
	}
	if manifest == nil {
		return Manifest{}, nil, broken("it is empty", nil)
	}
	if err := check(files, size); err != nil {
		return Manifest{}, nil, err
	}
	return *manifest, files, nil
}

// entry takes files and directories only: a link could lead anywhere. A sparse
// file may become larger than what it was read from, so there is a limit here
// too.
func entry(h *tar.Header, r io.Reader, limit int) (File, error) {
	f := File{Path: strings.TrimSuffix(h.Name, "/"), Executable: h.Mode&0o100 != 0}
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir:
		f.Dir, f.Executable = true, false
		return f, nil
	default:
		return f, broken(fmt.Sprintf("%q in it is neither a file nor a directory", shorten(h.Name)), nil)
	}
	if h.Size < 0 || h.Size > int64(limit) {
		return f, broken(fmt.Sprintf("%q in it is too large", shorten(h.Name)), nil)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return f, broken("it is damaged", err)
	}
	f.Data = data
	return f, nil
}

func decode(f File) (*Manifest, error) {
	if f.Path != ManifestName {
		return nil, broken(fmt.Sprintf("its first entry is %q, not %s", shorten(f.Path), ManifestName), nil)
	}
	return Decode(f.Data)
}

// Decode reads a manifest.
func Decode(data []byte) (*Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, broken("its manifest cannot be read", err)
	}
	if m.SchemaVersion != SchemaVersion {
		return nil, diag.Fail(diag.Diagnostic{
			Code: "DCE712", Summary: fmt.Sprintf("the bundle is of format %d, this dce knows %d", m.SchemaVersion, SchemaVersion),
			Hint: "let the agents have the dce that deployed it",
		})
	}
	for _, name := range append([]string{m.Dir}, m.Files...) {
		if name == "." && name == m.Dir {
			continue
		}
		if err := checkPath(name); err != nil {
			return nil, err
		}
	}
	if len(m.Files) == 0 {
		return nil, broken("it names no compose file", nil)
	}
	return &m, nil
}

func broken(why string, cause error) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE712", Summary: "the bundle cannot be taken apart: " + why, Cause: cause,
		Detail: "A job brings its pod's files as a bundle that dce deploy has made.",
		Hint:   "deploy again with dce deploy",
	})
}
