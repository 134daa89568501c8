package infra

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// The programs were disassembled by objdump, compared with the table line by
// line, and run: on amd64 by the kernel, for arm64 by qemu-user 7.2. Who
// changes a table does that again and takes the sum over.
func TestTheProgramsAreTheOnesThatWereChecked(t *testing.T) {
	t.Parallel()
	for arch, want := range map[string]string{
		"amd64": "c4b5cc2182ab87333bae97d72f9752b10e1182378c15df6e8e2358dcac1bbb30",
		"arm64": "61fd0a19fb900906ccb1b7e56df4e6304498ec0c969508405445aac3422fd2c1",
	} {
		if got, err := Sum(arch); err != nil || got != want {
			t.Errorf("%s: %s, %v", arch, got, err)
		}
	}
}

func TestTheProgramIsAnExecutable(t *testing.T) {
	t.Parallel()
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		program, err := Program(arch)
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			t.Fatalf("%s: %v", arch, err)
		}
		load, stack := f.Progs[0], f.Progs[1]
		if f.Machine != machine || f.Type != elf.ET_EXEC || f.Entry < load.Vaddr || f.Entry >= load.Vaddr+load.Filesz {
			t.Errorf("%s: %+v", arch, f.FileHeader)
		}
		if load.Flags != elf.PF_R|elf.PF_X || int(load.Filesz) != len(program) || stack.Type != elf.PT_GNU_STACK || stack.Flags&elf.PF_X != 0 {
			t.Errorf("%s: segments %+v, %+v", arch, load.ProgHeader, stack.ProgHeader)
		}
	}
	if _, err := Program("riscv64"); err == nil || !strings.Contains(err.Error(), "infra_image") {
		t.Errorf("an architecture without a table: %v", err)
	}
}

// Each arm64 branch is decoded again: a wrong offset is the mistake that a
// table makes easy.
func TestBranchesOfARM64LeadToTheirLabels(t *testing.T) {
	t.Parallel()
	code := arm64()
	label := map[string]int{}
	for i, in := range code {
		if name, _, ok := strings.Cut(in.asm, ": "); ok {
			label[name] = i
		}
	}
	branches := 0
	for i, in := range code {
		w := uint32(in.code[0]) | uint32(in.code[1])<<8 | uint32(in.code[2])<<16 | uint32(in.code[3])<<24
		var offset int32
		switch {
		case w>>24 == 0x54: // B.cond: 19 bits from bit 5 on
			offset = int32(w<<8) >> 13
		case w>>26 == 5: // B: 26 bits
			offset = int32(w<<6) >> 6
		default:
			continue
		}
		branches++
		to := in.asm[strings.LastIndex(in.asm, " ")+1:]
		if want, ok := label[to]; !ok || i+int(offset) != want {
			t.Errorf("%q at %d leads to %d", in.asm, i, i+int(offset))
		}
	}
	if branches != 4 {
		t.Errorf("%d branches were found", branches)
	}
}

func TestTheArchiveIsAnImage(t *testing.T) {
	t.Parallel()
	for _, arch := range []string{"amd64", "arm64"} {
		archive, err := Archive(arch, "dce/infra:1")
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Archive(arch, "dce/infra:1")
		if !bytes.Equal(archive, again) {
			t.Errorf("%s: two archives differ", arch)
		}
		files := unpack(t, archive)
		var manifest []struct {
			Config   string
			RepoTags []string
			Layers   []string
		}
		if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || manifest[0].RepoTags[0] != "dce/infra:1" {
			t.Fatalf("%s: manifest %s, %v", arch, files["manifest.json"], err)
		}
		layer := files[manifest[0].Layers[0]]
		program, _ := Program(arch)
		if got := unpack(t, layer); !bytes.Equal(got["infra"], program) || len(got) != 1 {
			t.Errorf("%s: the layer holds %d files", arch, len(got))
		}
		if !bytes.Contains(files[manifest[0].Config], []byte(sum(layer))) {
			t.Errorf("%s: the configuration does not name the layer", arch)
		}
	}
}

func unpack(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = b
	}
}
