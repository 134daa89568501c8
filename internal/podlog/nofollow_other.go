//go:build !unix

package podlog

// noFollow is nothing on systems without the flag; no agent runs on them.
const noFollow = 0
