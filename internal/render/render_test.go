package render_test

import "testing"

func TestRenderGivesTheSamePodAgain(t *testing.T) {
	p := load(t, `
services:
  web: {image: a, ports: ['80:8080', '53:53/udp', '53:53/tcp'], command: 'echo $$HOME', labels: {'a$b': 'c$$d'}}
  db: {image: b, expose: [5432]}
`)
	checkPod(t, example(p))
	rendered(t, example(p))
}
