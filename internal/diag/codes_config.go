package diag

// configCodes are the codes 2xx: dce.yaml, flags and the environment.
func configCodes() []Entry {
	return []Entry{}
}
