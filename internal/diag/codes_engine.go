package diag

// engineCodes are the codes 3xx: the Docker engine and images.
func engineCodes() []Entry {
	return []Entry{}
}
