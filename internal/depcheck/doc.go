// Package depcheck holds the arrows between packages: its test fails when a
// pure package imports something new. It has no code of its own.
package depcheck
