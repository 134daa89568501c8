package local

import "context"

// prober knows the host ports as they are now. Where the engine is on another
// machine only its own list says anything.
func (m *Machine) prober(ctx context.Context, here bool) (prober, error) {
	held, err := m.Engine.PublishedPorts(ctx)
	if err != nil {
		return prober{}, err
	}
	p := prober{free: freePort}
	for _, h := range held {
		p.taken = append(p.taken, taken{h.Port.HostIP, h.Port.HostPort, h.Port.Protocol, h.Container})
	}
	if here {
		p.bind = bind
	}
	return p, nil
}
