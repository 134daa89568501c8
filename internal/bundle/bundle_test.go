package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dce/internal/diag"
)

func manifest() Manifest {
	return Manifest{Version: "1.2.3", Project: "shop", Environment: "qa", Dir: ".", Files: []string{"compose.yaml"}, Values: map[string]string{"TAG": "1"}}
}

func files() []File {
	return []File{
		{Path: "compose.yaml", Data: []byte("services: {}\n")},
		{Path: "conf/run.sh", Data: []byte("#!/bin/sh\n"), Executable: true},
		{Path: "empty", Dir: true},
	}
}

func TestWhatIsPackedComesOutAsItWas(t *testing.T) {
	b, err := Pack(manifest(), files())
	if err != nil {
		t.Fatal(err)
	}
	m, got, err := Open(b.Data, b.Digest)
	if err != nil {
		t.Fatal(err)
	}
	want := manifest()
	want.SchemaVersion = SchemaVersion
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(files(), got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestEqualContentsGiveEqualBytes(t *testing.T) {
	first, err := Pack(manifest(), files())
	if err != nil {
		t.Fatal(err)
	}
	backwards := files()
	slices.Reverse(backwards)
	second, err := Pack(manifest(), backwards)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Data, second.Data) || first.Digest != second.Digest {
		t.Error("the order of the files shows in the bundle")
	}
	other := manifest()
	other.Values["TAG"] = "2"
	third, err := Pack(other, files())
	if err != nil {
		t.Fatal(err)
	}
	if third.Digest == first.Digest {
		t.Error("a value does not show in the digest")
	}
}

func TestTheDigestIsOfTheContent(t *testing.T) {
	b, err := Pack(manifest(), files())
	if err != nil {
		t.Fatal(err)
	}
	content, err := decompress(b.Data)
	if err != nil {
		t.Fatal(err)
	}
	again := zipped(t, content, gzip.BestCompression)
	if bytes.Equal(again, b.Data) {
		t.Fatal("both compressions are the same")
	}
	if _, _, err := Open(again, b.Digest); err != nil {
		t.Errorf("compressed by another: %v", err)
	}
	if _, _, err := Open(b.Data, "sha256:0000"); codeOf(err) != "DCE713" {
		t.Errorf("another digest: %v", err)
	}
}

func zipped(tb testing.TB, content []byte, level int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func codeOf(err error) string {
	l, _ := diag.Of(err)
	if len(l) == 0 {
		return fmt.Sprint(err)
	}
	return string(l[0].Code)
}

// tarred is an archive of entries as somebody else would make it.
func tarred(tb testing.TB, headers ...tar.Header) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		data := []byte(h.Uname) // the name of a user stands for the content
		h.Uname, h.Size = "", 0
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(data))
		}
		if err := w.WriteHeader(&h); err != nil {
			tb.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(data); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func first(text string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: ManifestName, Uname: text}
}

func good() tar.Header {
	return first(`{"schema_version": 1, "dir": ".", "files": ["compose.yaml"]}`)
}

// hostile are contents that no dce has made.
func hostile(tb testing.TB) map[string][]byte {
	tb.Helper()
	file := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name, Uname: "x"} }
	return map[string][]byte{
		"nothing at all":                     tarred(tb),
		"no archive":                         []byte("not a tar file, but long enough to be taken for one"),
		"no manifest":                        tarred(tb, file("compose.yaml")),
		"a manifest that is none":            tarred(tb, first("[]")),
		"a manifest of the future":           tarred(tb, first(`{"schema_version": 2, "files": ["compose.yaml"]}`)),
		"a manifest without files":           tarred(tb, first(`{"schema_version": 1, "dir": "."}`)),
		"a manifest whose file is elsewhere": tarred(tb, first(`{"schema_version": 1, "dir": ".", "files": ["../compose.yaml"]}`)),
		"a manifest whose root is elsewhere": tarred(tb, first(`{"schema_version": 1, "dir": "/etc", "files": ["compose.yaml"]}`)),
		"a path that leads out":              tarred(tb, good(), file("a/../../b")),
		"an absolute path":                   tarred(tb, good(), file("/etc/cron.d/x")),
		"a path that is not plain":           tarred(tb, good(), file("a//b")),
		"a path of another system":           tarred(tb, good(), file(`a\b`)),
		"a path without end":                 tarred(tb, good(), file(strings.Repeat("a/", 300)+"b")),
		"a second manifest":                  tarred(tb, good(), good()),
		"one file twice":                     tarred(tb, good(), file("a"), file("a")),
		"a symbolic link":                    tarred(tb, good(), tar.Header{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "/etc"}),
		"a hard link":                        tarred(tb, good(), tar.Header{Typeflag: tar.TypeLink, Name: "a", Linkname: "b"}),
		"a device":                           tarred(tb, good(), tar.Header{Typeflag: tar.TypeChar, Name: "a"}),
		"a pipe":                             tarred(tb, good(), tar.Header{Typeflag: tar.TypeFifo, Name: "a"}),
	}
}

func TestWhatNoDCEHasMadeIsRefused(t *testing.T) {
	for name, content := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			_, _, err := Open(zipped(t, content, gzip.BestSpeed), "")
			if code := codeOf(err); code != "DCE711" && code != "DCE712" {
				t.Error(code)
			}
		})
	}
}

func TestBombsAreDefused(t *testing.T) {
	zeros := zipped(t, make([]byte, 8<<20), gzip.BestCompression)
	sparse := tarred(t, good())
	for name, data := range map[string][]byte{
		"zeros":             zeros,
		"not compressed":    sparse,
		"cut off":           zipped(t, sparse, gzip.BestSpeed)[:60],
		"empty":             nil,
		"larger than taken": make([]byte, MaxCompressed+1),
	} {
		if _, _, err := Open(data, ""); codeOf(err) != "DCE712" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLimitsHoldForWhoPacksToo(t *testing.T) {
	many := make([]File, MaxFiles+1)
	for i := range many {
		many[i] = File{Path: fmt.Sprint(i)}
	}
	large := []File{{Path: "small", Data: []byte("x")}, {Path: "data/large.bin", Data: make([]byte, MaxContent)}}
	zeros := []File{{Path: "small", Data: []byte("x")}, {Path: "data/zero.img", Data: make([]byte, 20<<20)}}
	for name, tc := range map[string]struct {
		files []File
		want  string
	}{
		"a file of zeros":       {zeros, "its 20 MiB compress to "},
		"many files":            {many, "it has 10001 files, 10000 may travel"},
		"large files":           {large, "its files and its manifest come to more than 256 MiB"},
		"with the manifest":     {large[1:], "its files and its manifest come to more than 256 MiB"},
		"a path that leads out": {[]File{{Path: "../x"}}, `"../x", which does not stay below it`},
		"dce's own name":        {[]File{{Path: ManifestName}}, "which is dce's own"},
	} {
		_, err := Pack(manifest(), tc.files)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := Pack(manifest(), large)
	if l, _ := diag.Of(err); len(l) != 1 || !strings.Contains(l[0].Detail, "The largest: data/large.bin (256 MiB), small (1 bytes)") {
		t.Errorf("what is large: %+v", l)
	}
}

// Whatever can be packed, an executor can take apart.
func TestWhatIsPackedCanBeOpened(t *testing.T) {
	for _, size := range []int{0, freeRatio - 8<<10, freeRatio + 64<<10, 5 << 20} {
		b, err := Pack(manifest(), []File{{Path: "zero.img", Data: make([]byte, size)}})
		if codeOf(err) == "DCE710" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(b.Data, b.Digest); err != nil {
			t.Errorf("%d zeros: %v", size, err)
		}
	}
}

func TestNothingIsWrittenThroughALink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(dir, "conf")); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, manifest(), files()); err == nil {
		t.Error("written where a link led out")
	}
	left, err := os.ReadDir(elsewhere)
	if err != nil || len(left) > 0 {
		t.Errorf("written elsewhere: %v, %v", left, err)
	}
}

func TestModesAreKept(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, manifest(), files()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"compose.yaml": 0o644, "conf/run.sh": 0o755, "empty": os.ModeDir | 0o755, ManifestName: 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode() != want {
			t.Errorf("%s is %v, want %v", name, info.Mode(), want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	b, err := Pack(manifest(), files())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Data)
	for _, content := range hostile(f) {
		f.Add(zipped(f, content, gzip.BestSpeed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, files, err := Open(data, "")
		if err != nil {
			return
		}
		again, err := Pack(m, files)
		if codeOf(err) == "DCE710" { // compressed less, it was within the limit
			return
		}
		if err != nil {
			t.Fatalf("what was taken cannot be packed: %v", err)
		}
		for _, file := range again.Files {
			if filepath.IsAbs(file.Path) || strings.Contains(file.Path, "..") && !filepath.IsLocal(file.Path) {
				t.Errorf("%q was taken", file.Path)
			}
		}
	})
}

// A bundle of 100 files of 50 KB, as incompressible as text is not.
func BenchmarkPack(b *testing.B) {
	var all []File
	total := 0
	for i := range 100 {
		data := make([]byte, 50<<10)
		x := uint32(i + 1)
		for j := range data {
			x = x*1664525 + 1013904223
			data[j] = "abcdefghijklmnop \n{}:,\"01"[x>>27%25]
		}
		total += len(data)
		all = append(all, File{Path: fmt.Sprintf("conf/%03d.json", i), Data: data})
	}
	b.SetBytes(int64(total))
	for b.Loop() {
		if _, err := Pack(manifest(), all); err != nil {
			b.Fatal(err)
		}
	}
}
