package diag

// composeCodes are the codes 1xx: what a compose file says.
func composeCodes() []Entry {
	return []Entry{}
}
