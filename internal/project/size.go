package project

import "fmt"

// ParseSize reads an amount of memory or disk as dce.yaml has it: a number of
// MiB, or a number with a unit (512M, 2G). The result is in MiB.
func ParseSize(text string) (float64, error) {
	v, err := parseSize(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size such as 512M or 2G", text)
	}
	size, _ := v.(float64)
	if size < 0 {
		return 0, fmt.Errorf("%q is below zero", text)
	}
	return size, nil
}
