package render

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// ownNamesRule puts the project's name before every fixed name of the pod's
// own, and writes down the names that compose would make up.
func ownNamesRule(d *draft) {
	d.each(func(name string, s *types.ServiceConfig) {
		if s.ContainerName == "" {
			return
		}
		s.ContainerName = d.own(s.ContainerName, "container_name of every pod must be its own", "services", name, "container_name")
	})
	fixed := d.fixedNames()
	for _, key := range d.p.NetworkNames() {
		n := d.p.Networks[key]
		if !n.External {
			n.Name = d.own(fixed.nameOf("networks", n.Name, key), "every pod has networks of its own", "networks", key, "name")
		} else {
			n.Name = nameOr(n.Name, key)
		}
		d.p.Networks[key] = n
	}
	for _, key := range d.p.VolumeNames() {
		v := d.p.Volumes[key]
		if !v.External {
			v.Name = d.own(fixed.nameOf("volumes", v.Name, key), "every pod has volumes of its own", "volumes", key, "name")
		} else {
			v.Name = nameOr(v.Name, key)
		}
		d.p.Volumes[key] = v
	}
}

// fixedNames are the names that files give to networks and volumes of the pod's
// own, each behind its kind.
type fixedNames map[string]bool

func (d *draft) fixedNames() fixedNames {
	fixed := fixedNames{}
	for _, n := range d.p.Networks {
		fixed["networks "+n.Name] = fixed["networks "+n.Name] || !bool(n.External)
	}
	for _, v := range d.p.Volumes {
		fixed["volumes "+v.Name] = fixed["volumes "+v.Name] || !bool(v.External)
	}
	return fixed
}

// nameOf is a fixed name, or one made of the key that is not somebody's fixed
// one: compose tells the two apart by the project's name before the latter alone,
// which is here before both.
func (f fixedNames) nameOf(kind, fixed, key string) string {
	if fixed != "" {
		return fixed
	}
	for f[kind+" "+key] {
		key += "-2"
	}
	return key
}

func nameOr(name, key string) string {
	if name != "" {
		return name
	}
	return key
}

// own is a name with the project's before it, once.
func (d *draft) own(name, reason string, path ...string) string {
	prefix := d.p.Name + "_"
	if strings.HasPrefix(name, prefix) {
		return name
	}
	d.changedFrom(d.at(path...), reason, path...)
	return prefix + name
}

// unusedRule leaves out what no service uses.
func unusedRule(d *draft) {
	before := d.p
	d.p = before.WithoutUnnecessaryResources()
	d.left("networks", before.NetworkNames(), d.p.NetworkNames())
	d.left("volumes", before.VolumeNames(), d.p.VolumeNames())
	d.left("secrets", before.SecretNames(), d.p.SecretNames())
	d.left("configs", before.ConfigNames(), d.p.ConfigNames())
}

func (d *draft) left(kind string, before, after []string) {
	kept := map[string]bool{}
	for _, name := range after {
		kept[name] = true
	}
	for _, name := range before {
		if !kept[name] {
			d.changedFrom(d.at(kind, name), "left out, no service of the pod uses it", kind, name)
		}
	}
}
