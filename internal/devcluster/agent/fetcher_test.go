package agent

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// entry is one entry of an archive: a directory when the name ends in a slash, a link when link is set.
type entry struct {
	name, content, link string
	hard                bool
	mode                int64
}

func tarOf(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Size: int64(len(e.content)), Mode: max(e.mode, 0o644), Typeflag: tar.TypeReg, Linkname: e.link}
		switch {
		case e.hard:
			h.Typeflag = tar.TypeLink
		case e.link != "":
			h.Typeflag = tar.TypeSymlink
		case strings.HasSuffix(e.name, "/"):
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	return b.Bytes()
}

func zipOf(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(fs.FileMode(max(e.mode, 0o644)))
		content := e.content
		if e.link != "" {
			h.SetMode(fs.ModeSymlink | 0o777)
			content = e.link
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	return b.Bytes()
}

func gzipOf(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	return b.Bytes()
}

// tree lists a directory: "name" -> content, "-> target", with a * behind the name of what can be executed.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			found[name] = "-> " + target

			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode()&0o111 != 0 {
			name += "*"
		}
		data, err := os.ReadFile(path)
		found[name] = string(data)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return found
}

func TestTheFetcher(t *testing.T) {
	t.Parallel()
	files := t.TempDir()
	app := []entry{{name: "app/"}, {name: "app/run.sh", content: "run", mode: 0o755}, {name: "app/link", link: "run.sh"}, {name: "etc/c.yml", content: "a: 1"}}
	extracted := map[string]string{"app/run.sh*": "run", "app/link": "-> run.sh", "etc/c.yml": "a: 1"}
	write := func(name string, data []byte) string {
		path := filepath.Join(files, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}

		return path
	}
	archives := map[string][]byte{
		"app.tar": tarOf(t, app...), "app.tar.gz": gzipOf(t, tarOf(t, app...)), "app.tgz": gzipOf(t, tarOf(t, app...)),
		"app.zip":    zipOf(t, app[1:]...),
		"app.tar.xz": compressWith(t, "xz", tarOf(t, app...)), "app.tbz2": compressWith(t, "bzip2", tarOf(t, app...)),
		"up.tar":      tarOf(t, entry{name: "../up", content: "x"}),
		"up.zip":      zipOf(t, entry{name: "../up", content: "x"}),
		"through.tar": tarOf(t, entry{name: "out", link: "/tmp"}, entry{name: "out/file", content: "x"}),
		"hard.tar":    tarOf(t, entry{name: "passwd", link: "/etc/passwd", hard: true}),
		"big.tar.gz":  gzipOf(t, tarOf(t, entry{name: "big", content: strings.Repeat("x", 5000)})),
		"many.tar":    tarOf(t, entry{name: "1"}, entry{name: "2"}, entry{name: "3"}, entry{name: "4"}, entry{name: "5"}),
		"broken.zip":  []byte("no zip"),
		"words.gz":    gzipOf(t, []byte("words")),
	}
	for name, data := range archives {
		write(name, data)
	}
	plain := write("plain.txt", []byte("text"))
	server := httptest.NewServer(http.FileServer(http.Dir(files)))
	t.Cleanup(server.Close)

	tests := map[string]struct {
		uri  mesos.CommandInfo_URI
		want map[string]string
		with string // an archive that is extracted and stays
		err  string
	}{
		"a path":                         {uri: mesos.CommandInfo_URI{Value: plain}, want: map[string]string{"plain.txt": "text"}},
		"a file URI":                     {uri: mesos.CommandInfo_URI{Value: "file://" + plain}, want: map[string]string{"plain.txt": "text"}},
		"http":                           {uri: mesos.CommandInfo_URI{Value: server.URL + "/plain.txt"}, want: map[string]string{"plain.txt": "text"}},
		"http with a query":              {uri: mesos.CommandInfo_URI{Value: server.URL + "/plain.txt?a=1"}, want: map[string]string{"plain.txt?a=1": "text"}},
		"an executable":                  {uri: mesos.CommandInfo_URI{Value: plain, Executable: new(true)}, want: map[string]string{"plain.txt*": "text"}},
		"an executable archive":          {uri: mesos.CommandInfo_URI{Value: files + "/words.gz", Executable: new(true)}, want: map[string]string{"words.gz*": string(archives["words.gz"])}},
		"output_file":                    {uri: mesos.CommandInfo_URI{Value: plain, OutputFile: new("conf/a.txt")}, want: map[string]string{"conf/a.txt": "text"}},
		"not to be extracted":            {uri: mesos.CommandInfo_URI{Value: files + "/up.tar", Extract: new(false)}, want: map[string]string{"up.tar": string(archives["up.tar"])}},
		"tar":                            {uri: mesos.CommandInfo_URI{Value: files + "/app.tar"}, want: extracted, with: "app.tar"},
		"tar.gz":                         {uri: mesos.CommandInfo_URI{Value: files + "/app.tar.gz"}, want: extracted, with: "app.tar.gz"},
		"tgz over http":                  {uri: mesos.CommandInfo_URI{Value: server.URL + "/app.tgz"}, want: extracted, with: "app.tgz"},
		"tar.xz":                         {uri: mesos.CommandInfo_URI{Value: files + "/app.tar.xz"}, want: extracted, with: "app.tar.xz"},
		"tbz2":                           {uri: mesos.CommandInfo_URI{Value: files + "/app.tbz2"}, want: extracted, with: "app.tbz2"},
		"zip":                            {uri: mesos.CommandInfo_URI{Value: files + "/app.zip"}, want: extracted, with: "app.zip"},
		"gz":                             {uri: mesos.CommandInfo_URI{Value: files + "/words.gz"}, want: map[string]string{"words": "words"}, with: "words.gz"},
		"nothing there":                  {uri: mesos.CommandInfo_URI{Value: files + "/no"}, err: "no such file"},
		"a directory":                    {uri: mesos.CommandInfo_URI{Value: files}, err: "no regular file"},
		"http says no":                   {uri: mesos.CommandInfo_URI{Value: server.URL + "/no"}, err: "HTTP return code 404"},
		"http without a path":            {uri: mesos.CommandInfo_URI{Value: "http://host"}, err: "missing path"},
		"a relative path":                {uri: mesos.CommandInfo_URI{Value: "plain.txt"}, err: "framework home was not specified"},
		"another scheme":                 {uri: mesos.CommandInfo_URI{Value: "s3://bucket/key"}, err: "no fetcher for s3://"},
		"an illegal character":           {uri: mesos.CommandInfo_URI{Value: "/it's"}, err: "illegal character"},
		"no name":                        {uri: mesos.CommandInfo_URI{Value: files + "/"}, err: "missing basename"},
		"output_file outside":            {uri: mesos.CommandInfo_URI{Value: plain, OutputFile: new("../out")}, err: "within the sandbox"},
		"a tar entry outside":            {uri: mesos.CommandInfo_URI{Value: files + "/up.tar"}, err: "leaves the sandbox"},
		"a zip entry outside":            {uri: mesos.CommandInfo_URI{Value: files + "/up.zip"}, err: "leaves the sandbox"},
		"a tar entry through a link":     {uri: mesos.CommandInfo_URI{Value: files + "/through.tar"}, err: "escapes"},
		"a hard link to outside":         {uri: mesos.CommandInfo_URI{Value: files + "/hard.tar"}, err: "no such file"},
		"an archive that grows too big":  {uri: mesos.CommandInfo_URI{Value: files + "/big.tar.gz"}, err: "larger than the limit when extracted"},
		"an archive of too many entries": {uri: mesos.CommandInfo_URI{Value: files + "/many.tar"}, err: "more entries than the limit"},
		"no zip":                         {uri: mesos.CommandInfo_URI{Value: files + "/broken.zip"}, err: "not a valid zip"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			f := fetcher{limits: FetchLimits{Bytes: 1 << 20, Extracted: 4096, Entries: 4}.withDefaults()}
			err := f.fetchAll(t.Context(), dir, []mesos.CommandInfo_URI{test.uri}, nil)
			got := tree(t, dir)
			report := got["stderr"]
			delete(got, "stderr")
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(report, "Failed to fetch") {
					t.Fatalf("got error %v and the report %q, want %q", err, report, test.err)
				}

				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			maps.Copy(want, test.want)
			if test.with != "" {
				want[test.with] = string(archives[test.with])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sandbox (-want +got):\n%s", diff)
			}
			if !strings.Contains(report, fmt.Sprintf("Fetching URI '%s'", test.uri.Value)) {
				t.Errorf("the report is %q", report)
			}
		})
	}
}

func compressWith(t *testing.T, program string, data []byte) []byte {
	t.Helper()
	cmd := exec.Command(program, "--compress", "--stdout")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("needs %s: %v", program, err)
	}

	return out
}

func TestAFileLargerThanTheLimitIsNotFetched(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(path, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	f := fetcher{limits: FetchLimits{Bytes: 99}.withDefaults()}
	err := f.fetchAll(t.Context(), t.TempDir(), []mesos.CommandInfo_URI{{Value: path}}, nil)
	if err == nil || !strings.Contains(err.Error(), "limit of 99 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestAnExecutorIsFetchedAndStarted(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "report", Options{})
	tr.info.Command.Value = new("chmod ug+rx './executor' && exec './executor' an argument") // as Marathon writes it
	tr.info.Command.URIs = []mesos.CommandInfo_URI{{Value: testBinary(), OutputFile: new("executor"), Extract: new(false)}}
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	var got given
	tr.read("report.json", &got)
	if diff := cmp.Diff([]string{"./executor", "an", "argument"}, got.Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}

func TestOneCopyOfACachedFileServesAllSandboxes(t *testing.T) {
	t.Parallel()
	source := filepath.Join(t.TempDir(), "dce")
	f := fetcher{limits: FetchLimits{}.withDefaults(), cache: fetchCache{dir: t.TempDir(), bytes: 100}}
	fetch := func(cached bool) os.FileInfo {
		t.Helper()
		dir := t.TempDir()
		uri := mesos.CommandInfo_URI{Value: "file://" + source, Cache: &cached, Executable: new(true)}
		if err := f.fetchAll(t.Context(), dir, []mesos.CommandInfo_URI{uri}, nil); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, "dce"))
		if err != nil || info.Mode().Perm() != 0o755 {
			t.Fatalf("fetched %v, %v", info, err)
		}

		return info
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	first := fetch(true)
	if !os.SameFile(first, fetch(true)) {
		t.Error("a second sandbox has a copy of its own")
	}
	if os.SameFile(first, fetch(false)) {
		t.Error("what is not to be cached is")
	}
	write("one more")
	if again := fetch(true); os.SameFile(first, again) || again.Size() != 8 {
		t.Error("a file that has changed is given in its old state")
	}
	if info, err := os.Stat(source); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the source is touched: %v, %v", info.Mode(), err)
	}
	write(strings.Repeat("x", 101))
	if big := fetch(true); big.Size() != 101 {
		t.Errorf("what is too large for the cache has %d bytes", big.Size())
	}
}
