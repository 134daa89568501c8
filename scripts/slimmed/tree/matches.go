// Package tree has what scripts/slim puts into compose-go's package of this name.
package tree

import "strings"

// matches is compose-go's Path.Matches without splitting both into lists first:
// are the keys of a path those of a pattern, where * is any key? A load asks it
// some hundred times for every key of a compose file, which was a third of the
// load.
func matches(path, pattern string) bool {
	for {
		key, laterKeys, more := strings.Cut(path, ".")
		want, laterWants, wanted := strings.Cut(pattern, ".")
		if more != wanted || want != "*" && want != key {
			return false
		}
		if !more {
			return true
		}
		path, pattern = laterKeys, laterWants
	}
}
