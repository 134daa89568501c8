package diag

// taskCodes are the codes 6xx: tasks and Mesos.
func taskCodes() []Entry {
	return []Entry{}
}
