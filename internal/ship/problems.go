package ship

import (
	"fmt"

	"dce/internal/bundle"
	"dce/internal/diag"
)

func notInline(b bundle.Bundle, limit int, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE710", Summary: fmt.Sprintf("the bundle is too large for a label: %s, compressed, where target.artifacts.inline allows %s", bundle.Size(len(b.Data)), bundle.Size(limit)), Pos: pos,
		Detail: bundle.Largest(b.Files),
		Hint:   "set target.artifacts.url to a directory that dce may PUT to and agents fetch from, or put what is large into an image",
	}
}

func limitAbovePod(service string, limit, mem float64, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE709", Summary: fmt.Sprintf("the memory limit of %s, %.0f MiB, is above the whole pod's, %.0f MiB", service, limit, mem), Pos: pos,
		Detail: "The scheduler gives the pod resources.mem for all of its services together.",
		Hint:   fmt.Sprintf("set resources.mem to %.0fM or more, or lower the limit", limit),
	}
}

func reservedAbovePod(reserved, mem float64, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE709", Summary: fmt.Sprintf("the services reserve %.0f MiB of memory, the pod has %.0f MiB", reserved, mem), Pos: pos,
		Detail: "The scheduler gives the pod resources.mem for all of its services together.",
		Hint:   fmt.Sprintf("set resources.mem to %.0fM or more", reserved),
	}
}

func noMemory(limited float64, pos diag.Pos) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE714", Severity: diag.Warning, Summary: fmt.Sprintf("no memory is set for the pod: it gets %d MiB", defaultMem), Pos: pos,
		Detail: "That is Marathon's default. What takes more is killed.",
		Hint:   "set resources.mem of the environment, or give every service a mem_limit, to take their sum",
	}
	if limited > 0 {
		d.Detail += fmt.Sprintf(" The limits of some services alone come to %.0f MiB.", limited)
	}
	return d
}
