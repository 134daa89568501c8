package project

import "dce/internal/render"

// Config is dce.yaml, merged from all its layers.
type Config struct {
	// Render are the settings that change a rendering.
	Render render.Settings
	// Resources are the pod's allocation where no task gives one.
	Resources render.Resources
	// Job: a pod that ends, instead of a service.
	Job bool
}
