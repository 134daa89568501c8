//go:build !linux

package agent

func (g *cgroups) oomEvents() (events <-chan struct{}, stop func()) { return nil, func() {} }
