package project

import (
	"context"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// renderedName stands for the rendered file where a position is shown.
const renderedName = "compose.rendered.yaml"

// LoadRendered reads the bytes of a rendered pod into the project that the
// engine runs: interpolated with an empty environment ($$ is a literal $),
// normalised, so ready for compose's Up but for its custom labels. It opens no file:
// what is rendered is whole.
//
// It is not held against compose's schema a second time: what the rules write
// is valid, as render's tests hold, and compiling the schema takes 15 ms and
// 2 MB that the monitor of a pod would keep.
func LoadRendered(ctx context.Context, data []byte) (*types.Project, error) {
	if len(data) > maxFileBytes {
		return nil, diag.Fail(unreadable(renderedName, errTooLarge))
	}
	s := &source{path: renderedName, data: data}
	if err := s.parse().Err(); err != nil {
		return nil, err
	}
	if len(s.docs) == 0 {
		return nil, diag.Fail(diag.Diagnostic{
			Code: "DCE128", Summary: "the rendered file is empty", Pos: diag.Pos{File: renderedName}, Hint: "render the pod again",
		})
	}
	r := request{
		sources: []*source{s}, dir: "/", name: renderedProject(s.docs[0]),
		env: map[string]string{}, interpolate: true, normalize: true, whole: true, valid: true,
	}
	if r.name == "" {
		return nil, diag.Fail(diag.Diagnostic{
			Code: "DCE128", Summary: "the rendered file names no project", Pos: diag.Pos{File: renderedName}, Hint: "render the pod again",
		})
	}
	p, _, err := r.loadCompose(ctx)
	if err != nil {
		return nil, plain(err).Err()
	}
	p.ComposeFiles = nil
	return p, nil
}

func renderedProject(doc *yaml.Node) string {
	if n := child(root(doc), "name"); n != nil {
		return n.Value
	}
	return ""
}
