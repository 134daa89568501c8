package bundle

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"dce/internal/diag"
)

// Limits of a bundle, the same for who packs it and who takes it apart. What
// belongs to a pod and is larger belongs into an image or a volume.
const (
	MaxCompressed = 64 << 20  // bytes, of the compressed bundle
	MaxContent    = 256 << 20 // bytes, of all files and the manifest together
	MaxFiles      = 10_000
	MaxPath       = 512 // bytes, of a path
	// MaxRatio bounds how many times as large a bundle may become, above a size
	// that is free: text compresses to a tenth, zeros to a thousandth.
	MaxRatio  = 200
	freeRatio = 4 << 20
)

// contentLimit is how large the content of a bundle of that many bytes may
// become. Headers of entries come on top of the files.
func contentLimit(compressed int) int {
	return min(MaxContent+MaxFiles*2048, freeRatio+MaxRatio*compressed)
}

// check holds files, beside a manifest of that many bytes, against the limits, and
// against what would not come out of a bundle as it went in.
func check(files []File, manifest int) error {
	if len(files) > MaxFiles {
		return tooLarge(fmt.Sprintf("it has %d files, %d may travel", len(files), MaxFiles), files)
	}
	total := manifest
	seen := map[string]bool{}
	for _, f := range files {
		if err := checkPath(f.Path); err != nil {
			return err
		}
		if seen[f.Path] {
			return badPath(f.Path, "which is there twice")
		}
		seen[f.Path] = true
		total += len(f.Data)
	}
	if total > MaxContent {
		return tooLarge("its files and its manifest come to more than "+Size(MaxContent), files)
	}
	return nil
}

// checkPacked holds a bundle against what whoever takes it apart holds it
// against.
func checkPacked(content, compressed int, files []File) error {
	switch {
	case compressed > MaxCompressed:
		return tooLarge(fmt.Sprintf("it comes to %s, compressed", Size(compressed)), files)
	case content > contentLimit(compressed):
		return tooLarge(fmt.Sprintf("its %s compress to %s, less than a part in %d, which no agent unpacks", Size(content), Size(compressed), MaxRatio), files)
	}
	return nil
}

func checkPath(name string) error {
	why := ""
	switch {
	case name == "" || name == "." || path.IsAbs(name) || path.Clean(name) != name || name == ".." || strings.HasPrefix(name, "../"):
		why = "which does not stay below it"
	case len(name) > MaxPath:
		why = fmt.Sprintf("which is longer than %d bytes", MaxPath)
	case !utf8.ValidString(name) || strings.ContainsAny(name, "\x00\\"):
		why = "with a character that not every machine has in names of files"
	case name == ManifestName:
		why = "which is dce's own"
	default:
		return nil
	}
	return badPath(name, why)
}

func badPath(name, why string) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE711", Summary: fmt.Sprintf("the bundle would hold a path %q, %s", shorten(name), why),
		Detail: "A bundle holds files below one directory, by plain relative paths.",
		Hint:   "rename the file, or leave it out of what the compose files refer to",
	})
}

func shorten(name string) string {
	if len(name) > 80 {
		return name[:77] + "..."
	}
	return name
}

// tooLarge says what is large, the largest first.
func tooLarge(what string, files []File) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE710", Summary: "the bundle is too large: " + what,
		Detail: Largest(files),
		Hint:   "put data and programs into an image, or fetch them with app.fetch; what is mounted as a directory travels whole",
	})
}

// Largest are the largest files in a sentence.
func Largest(files []File) string {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(len(b.Data), len(a.Data)) })
	var names []string
	for _, f := range files[:min(5, len(files))] {
		names = append(names, fmt.Sprintf("%s (%s)", f.Path, Size(len(f.Data))))
	}
	return fmt.Sprintf("It holds %d files. The largest: %s.", len(files), strings.Join(names, ", "))
}

// Size is a number of bytes for a person.
func Size(n int) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}
