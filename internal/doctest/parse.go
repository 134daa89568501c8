// Package doctest runs what the documentation shows: the commands in its
// console blocks, with the output that it promises, and the YAML of its
// examples. Only tests use it.
package doctest

import (
	"fmt"
	"strings"
)

// Block is one fenced block of a Markdown file. After the language may stand
// more words: the name of the file that a block is written to, or the exit code
// of a console block's last command.
type Block struct {
	// Line is where the block's text starts, counted from 1.
	Line int
	Lang string
	Args []string
	// Text is what stands between the fences, with its last line break.
	Text string
}

// Blocks returns the fenced blocks of a Markdown file.
func Blocks(markdown string) ([]Block, error) {
	var blocks []Block
	var open *Block
	for i, line := range strings.SplitAfter(markdown, "\n") {
		info, fence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case open == nil && fence:
			open = &Block{Line: i + 2}
			if words := strings.Fields(info); len(words) > 0 {
				open.Lang, open.Args = words[0], words[1:]
			}
		case open != nil && fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Text += line
		}
	}
	if open != nil {
		return nil, fmt.Errorf("the block at line %d is not closed", open.Line-1)
	}
	return blocks, nil
}

// Step is one command of a console block with the output it is to have.
type Step struct {
	// Line is where the command stands in the file.
	Line    int
	Command string
	Want    string
}

// Steps splits a console block into its commands: lines that start with "$ ",
// continued by a backslash at the end.
func Steps(b Block) []Step {
	var steps []Step
	continued := false
	for i, line := range strings.SplitAfter(strings.TrimSuffix(b.Text, "\n"), "\n") {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch last := len(steps) - 1; {
		case continued:
			steps[last].Command += line
		case isCommand:
			steps = append(steps, Step{Line: b.Line + i, Command: command})
		case last >= 0:
			steps[last].Want += line
		}
		continued = (continued || isCommand) && strings.HasSuffix(strings.TrimRight(line, "\n"), `\`)
	}
	for i := range steps {
		steps[i].Command = strings.TrimSuffix(steps[i].Command, "\n")
		if steps[i].Want != "" && !strings.HasSuffix(steps[i].Want, "\n") {
			steps[i].Want += "\n"
		}
	}
	return steps
}
