package executor

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/render"
)

// lookTime bounds the question for a pod's address: a report must not wait.
const lookTime = 5 * time.Second

// where is where a running pod can be reached.
type where struct {
	status *v1.ContainerStatus
	labels []v1.Label
}

// where asks for the address of the pod; the ports are known.
func (r *run) where() where {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	var ips []string
	pods, err := r.docker.Pods(ctx, map[string]string{render.LabelPod: r.podID})
	if err != nil {
		r.log.Warn("asking for the address of the pod", slog.Any("err", err))
	}
	for _, p := range pods {
		for _, c := range p.Containers {
			ips = append(ips, c.IPs...)
		}
	}
	return whereOf(ips, r.ports)
}

// whereOf tells of addresses and ports as Mesos has it, and of the ports by
// service in labels: Mesos has no place for a service's name.
func whereOf(ips []string, ports []render.PortMapping) where {
	var w where
	var info v1.NetworkInfo
	for _, ip := range ips {
		info.IPAddresses = append(info.IPAddresses, v1.NetworkInfo_IPAddress{IPAddress: &ip})
	}
	for _, p := range ports {
		info.PortMappings = append(info.PortMappings, v1.NetworkInfo_PortMapping{
			HostPort: uint32(p.HostPort), ContainerPort: uint32(p.ContainerPort), Protocol: &p.Protocol,
		})
		value := strconv.Itoa(int(p.HostPort))
		if p.HostIP != "" {
			value = net.JoinHostPort(p.HostIP, value)
		}
		key := "dce.port." + p.Service + "." + strconv.Itoa(int(p.ContainerPort)) + "/" + p.Protocol
		w.labels = append(w.labels, v1.Label{Key: key, Value: &value})
	}
	if len(ips) > 0 { // without an address the agent fills in the host's
		w.status = &v1.ContainerStatus{NetworkInfos: []v1.NetworkInfo{info}}
	}
	return w
}
