package marathon

import "slices"

// The labels that dce puts on an app. The executor reads those of the bundle
// and of the health check; the others are for people and for dce itself.
const (
	LabelBundle       = "dce.bundle"        // the bundle, base64
	LabelBundleFile   = "dce.bundle.file"   // or its name in the sandbox
	LabelBundleDigest = "dce.bundle.digest" // sha256:... of its content
	LabelHealth       = "dce.health"        // "docker": the services' healthchecks answer the app's check
	LabelProject      = "dce.project"
	LabelEnvironment  = "dce.environment"
	LabelVersion      = "dce.version" // of the dce that deployed
	LabelImages       = "dce.images"  // service=reference, comma separated
	LabelRole         = "dce.role"    // that was asked for: Marathon gives one to every app
)

// Labels of a deployment, not of the app: they change without anything else,
// and a comparison of two apps leaves them out.
const (
	LabelDeployer = "dce.deployer"
	LabelMessage  = "dce.message"
	LabelTime     = "dce.time" // RFC 3339
)

// IsDeploymentLabel reports whether a label tells of a deployment and not of
// what is deployed.
func IsDeploymentLabel(key string) bool {
	return slices.Contains([]string{LabelDeployer, LabelMessage, LabelTime}, key)
}
