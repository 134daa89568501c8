package diag

// podCodes are the codes 5xx: a pod's life.
func podCodes() []Entry {
	return []Entry{}
}
