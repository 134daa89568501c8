package infra

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// LabelProgram is a label of the image: the SHA-256 of its program. An image of
// the right name without it, or with another's, is not the built-in one.
const LabelProgram = "dce.infra.program"

// Path is where the program lies in the image.
const Path = "/infra"

// Sum is the SHA-256 of the program of a GOARCH, as LabelProgram holds it.
func Sum(arch string) (string, error) {
	program, err := Program(arch)
	if err != nil {
		return "", err
	}
	return sum(program), nil
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// Archive is the image under the name given, in the form of `docker save`. No
// time and nothing of this machine is in it: the same bytes, so the same image
// id, every time.
func Archive(arch, name string) ([]byte, error) {
	program, err := Program(arch)
	if err != nil {
		return nil, err
	}
	layer, err := pack(file{Path[1:], program, 0o555})
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(imageConfig(arch, sum(program), sum(layer)))
	if err != nil {
		return nil, fmt.Errorf("writing the infra image's configuration: %w", err)
	}
	configName, layerName := sum(config)+".json", sum(layer)+"/layer.tar"
	manifest, err := json.Marshal([]map[string]any{{"Config": configName, "RepoTags": []string{name}, "Layers": []string{layerName}}})
	if err != nil {
		return nil, fmt.Errorf("writing the infra image's manifest: %w", err)
	}
	return pack(file{configName, config, 0o444}, file{layerName, layer, 0o444}, file{"manifest.json", manifest, 0o444})
}

func imageConfig(arch, program, layer string) map[string]any {
	return map[string]any{
		"architecture": arch,
		"os":           "linux",
		"created":      "1970-01-01T00:00:00Z",
		"config": map[string]any{
			"Entrypoint": []string{Path},
			"Labels":     map[string]string{LabelProgram: program},
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + layer}},
		"history": []map[string]string{
			{"created": "1970-01-01T00:00:00Z", "created_by": "dce: built-in infra image"},
		},
	}
}

type file struct {
	name string
	data []byte
	mode int64
}

func pack(files ...file) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.name, err)
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing the infra image: %w", err)
	}
	return out.Bytes(), nil
}
