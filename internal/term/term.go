// Package term shows things to a person: diagnostics with the lines they stand
// on, tables, progress, colours. stdout is the answer and nothing else; stderr
// is progress, hints, diagnostics and logs; each stream is judged separately
// for colour and width.
package term
