package diag

// machineCodes are the codes 4xx: this machine: ports, cgroups, state.
func machineCodes() []Entry {
	return []Entry{}
}
