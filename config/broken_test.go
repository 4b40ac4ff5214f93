// SPDX-License-Identifier: Apache-2.0

package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestBrokenConfigsAreAnsweredInOneLineEach holds testdata/broken.txt to be true: "== name", a config
// (with "# env: NAME=value" lines), and after "-> " the answers.
func TestBrokenConfigsAreAnsweredInOneLineEach(t *testing.T) {
	golden := filepath.Join("testdata", "broken.txt")
	data, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(data), "\n== ")
	got := head
	cases := strings.Split(rest, "\n== ")
	if len(cases) < 25 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		name, body, _ := strings.Cut(c, "\n")
		text, _, _ := strings.Cut(body, "-> ")
		got += "\n== " + name + "\n" + text + answers(t, name, text)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(data), got); diff != "" {
		t.Errorf("answers differ (-want +got):\n%s", diff)
	}
}

func answers(t *testing.T, name, text string) string {
	var environ []string
	for line := range strings.Lines(text) {
		if e, ok := strings.CutPrefix(line, "# env: "); ok {
			environ = append(environ, strings.TrimSpace(e))
		}
	}
	path := writeConfig(t, text)
	cfg, problems := Load(path, environ, testSchemas(t))
	if cfg != nil || len(problems) == 0 {
		t.Errorf("%s: nothing was said", name)
	}
	out := ""
	for _, p := range problems {
		line := strings.ReplaceAll(p.String(), path, "causeway.yaml")
		if strings.Contains(line, "\n") || strings.Contains(line, goodToken) || strings.Contains(line, "hunter2pass") {
			t.Errorf("%s: not one clean line: %s", name, line)
		}
		out += "-> " + line + "\n"
	}
	return out
}
