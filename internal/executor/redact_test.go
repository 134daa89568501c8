package executor

import (
	"bytes"
	"testing"
)

func TestRedactor(t *testing.T) {
	r := newRedactor([]string{"PASSWORD", "PIN", "KEY"}, map[string]map[string]string{
		"db":  {"PASSWORD": `s3cr"et`, "PIN": "12"},
		"web": {"PASSWORD": `s3cr"et-and-more`, "KEY": "two\nlines"},
	}, map[string]string{"cert": "-a-file-\n"})
	for text, want := range map[string]string{
		`login with s3cr"et-and-more, then s3cr"et`: "login with ***, then ***",
		`{"msg":"no s3cr\"et"}`:                     `{"msg":"no ***"}`,
		`"two\nlines"`:                              `"***"`,
		"cat: -a-file-\n":                           "cat: ***\n",
		"12 o'clock":                                "12 o'clock",
	} {
		if got := r.text(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	doc := `[{"Env": ["PASSWORD=other", "PIN=12", "PATH=/bin"], "Log": ["said s3cr\"et"], "Pid": 12345678901234567, "PIN": "<12>"}]`
	want := `[
  {
    "Env": [
      "PASSWORD=***",
      "PIN=***",
      "PATH=/bin"
    ],
    "Log": [
      "said ***"
    ],
    "PIN": "<12>",
    "Pid": 12345678901234567
  }
]
`
	got, err := r.json([]byte(doc))
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	var out bytes.Buffer
	if n, err := r.writer(&out).Write([]byte("s3cr\"et\n")); n != 8 || err != nil || out.String() != "***\n" {
		t.Errorf("%d, %v: %s", n, err, out.String())
	}
	if got := (redactor{}).text("as it is"); got != "as it is" {
		t.Errorf("without secrets: %s", got)
	}
}
