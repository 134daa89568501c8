// Package bundle packs what a pod is made of into one deterministic compressed
// file and takes it apart again: what a deployer makes, and an executor runs.
// Equal contents give equal bytes. Both ends hold the same limits, since what
// an executor gets comes from whoever may start a job. It knows no scheduler
// and no engine.
package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// ManifestName is the first entry of every bundle.
const ManifestName = "dce-bundle.json"

// SchemaVersion is that of manifests. It changes when a reader of the old form
// would misread the new one.
const SchemaVersion = 1

// Manifest is what a deployer has decided about the files beside it.
type Manifest struct {
	SchemaVersion int `json:"schema_version"`
	// Version is that of the dce which made the bundle.
	Version     string `json:"dce,omitempty"`
	Project     string `json:"project"`
	Environment string `json:"environment,omitempty"`
	// Dir is the directory that relative paths in the compose files are relative
	// to, and Files are these, in order of merging; all relative to the bundle,
	// with slashes.
	Dir   string   `json:"dir"`
	Files []string `json:"files"`
	// Values are all that interpolation sees beside the facts of the task.
	Values   map[string]string `json:"values"`
	Profiles []string          `json:"profiles,omitempty"`
	// Images replace those of the files, by service.
	Images map[string]string `json:"images,omitempty"`
	// Settings are keys of dce.yaml, as texts.
	Settings map[string]string `json:"settings,omitempty"`
	// Secrets say where on the agent a secret comes from (env:NAME, file:PATH), by
	// its name. Their values are in no bundle.
	Secrets map[string]string `json:"secrets,omitempty"`
	// Left are names of secrets that nothing was said about: the executor's
	// environment may hold them.
	Left []string `json:"left,omitempty"`
}

// File is one file that travels, or an empty directory.
type File struct {
	// Path is relative to the bundle, with slashes.
	Path       string
	Data       []byte
	Executable bool
	Dir        bool
}

// Bundle is a packed pod.
type Bundle struct {
	// Data is the compressed bundle.
	Data []byte
	// Digest is sha256:... of its content before compression, so that it is the
	// same whatever compressed it.
	Digest string
	// Files are those inside, sorted by path, without the manifest.
	Files []File
	// Manifest is the bundle's first file.
	Manifest []byte
}

// Pack makes a bundle of files. Their order does not matter.
func Pack(m Manifest, files []File) (Bundle, error) {
	m.SchemaVersion = SchemaVersion
	if m.Values == nil {
		m.Values = map[string]string{}
	}
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	manifest, err := encode(m)
	if err == nil {
		err = check(files, len(manifest))
	}
	if err != nil {
		return Bundle{}, err
	}
	content, err := archive(manifest, files)
	if err != nil {
		return Bundle{}, err
	}
	sum := make(chan string, 1)
	go func() { sum <- digest(content) }() // a third of the time that compressing takes
	data, err := compress(content)
	b := Bundle{Data: data, Digest: <-sum, Files: files, Manifest: manifest}
	if err == nil {
		err = checkPacked(len(content), len(data), files)
	}
	if err != nil {
		return Bundle{}, err
	}
	return b, nil
}

func archive(manifest []byte, files []File) ([]byte, error) {
	files = append([]File{{Path: ManifestName, Data: manifest}}, files...)
	var b bytes.Buffer
	b.Grow(room(files))
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := add(w, f); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.Path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	return b.Bytes(), nil
}

// room is what an archive of files takes, but for paths that are longer than a
// header.
func room(files []File) int {
	const block = 512
	n := 2 * block // the end
	for _, f := range files {
		n += block + (len(f.Data)+block-1)/block*block
	}
	return n
}

// add writes an entry with nothing in it that depends on the machine: no time,
// no owner, one of three modes.
func add(w *tar.Writer, f File) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Mode: 0o644, Size: int64(len(f.Data)), Format: tar.FormatPAX}
	if f.Executable {
		h.Mode = 0o755
	}
	if f.Dir {
		h.Typeflag, h.Mode, h.Size, h.Name = tar.TypeDir, 0o755, 0, f.Path+"/"
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	if f.Dir {
		return nil
	}
	_, err := w.Write(f.Data)
	return err
}

func encode(m Manifest) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("writing the bundle's manifest: %w", err)
	}
	return b.Bytes(), nil
}

func compress(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compressing the bundle: %w", err)
	}
	if _, err = w.Write(content); err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("compressing the bundle: %w", err)
	}
	return b.Bytes(), nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}
