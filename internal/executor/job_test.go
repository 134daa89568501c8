package executor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

func TestJobOf(t *testing.T) {
	tests := map[string]struct {
		labels map[string]string
		want   job
		wrong  []string // parts of the problems, in order
	}{
		"without labels the files are to be looked for": {
			want: job{config: map[string]wish{}},
		},
		"files come in their order, without blanks": {
			labels: map[string]string{"fileName": " docker-compose.yml ,, sub/./prod.yml"},
			want:   job{files: []string{"docker-compose.yml", "sub/prod.yml"}, config: map[string]wish{}},
		},
		"Aurora's prefix is no hindrance": {
			labels: map[string]string{"org.apache.aurora.metadata.fileName": "a.yml", "org.apache.aurora.metadata.pluginorder": "general"},
			want:   job{files: []string{"a.yml"}, ordered: true, config: map[string]wish{}},
		},
		"the whole key wins over a suffix": {
			labels: map[string]string{"a.fileName": "a.yml", "fileName": "b.yml"},
			want:   job{files: []string{"b.yml"}, config: map[string]wish{}},
		},
		"a key that only ends in the same letters is another one": {
			labels: map[string]string{"myfileName": "a.yml"},
			want:   job{config: map[string]wish{}},
		},
		"settings are what follows config.": {
			labels: map[string]string{"config.launchTask.timeout": "300s ", "org.apache.aurora.metadata.config.cleanpod.timeout": "5s", "config.": "x"},
			want: job{config: map[string]wish{
				"launchtask.timeout": {"300s", "label config.launchTask.timeout"}, "cleanpod.timeout": {"5s", "label config.cleanpod.timeout"},
			}},
		},
		"every problem is named": {
			labels: map[string]string{"fileName": "/etc/a.yml, ok.yml, x/../../b.yml", "pluginorder": "general, acme,other"},
			wrong:  []string{`"/etc/a.yml", which is not below the sandbox`, `"x/../../b.yml", which leads out`, `plugin "acme"`, `plugin "other"`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := jobOf(tt.labels)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(job{}, wish{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			problems, _ := diag.Of(err)
			if len(problems) != len(tt.wrong) {
				t.Fatalf("problems: %v", problems)
			}
			for i, part := range tt.wrong {
				if !strings.Contains(problems[i].Summary, part) {
					t.Errorf("problem %d is %q, which does not say %q", i, problems[i].Summary, part)
				}
			}
		})
	}
}
