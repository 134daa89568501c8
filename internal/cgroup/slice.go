package cgroup

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Slice names a systemd slice for a pod: "dce-<id>.slice". A dash would make it
// a slice below another one (systemd.slice(5)), and few characters are allowed,
// so an id that has others is told apart by a hash.
func Slice(podID string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.':
			return r
		default:
			return '_'
		}
	}, podID)
	const longest = 200 // a unit's name may have 255 characters
	if plain != podID || len(plain) > longest {
		sum := sha256.Sum256([]byte(podID))
		plain = plain[:min(longest, len(plain))] + "_" + hex.EncodeToString(sum[:4])
	}
	return "dce-" + plain + ".slice"
}
