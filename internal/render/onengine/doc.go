// Package onengine holds what Docker Compose and a real engine make of rendered
// pods. It has no code of its own: its tests link compose, which those of
// render, a pure package, should not have to.
package onengine
