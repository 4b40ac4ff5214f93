// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A golden file is one behaviour: what it is in prose, a message, and what each network that it names is sent. Several
// messages are merged into one post. A new file
// needs the prose, the message and empty sections for its networks; -update fills them in.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/render/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	caps := profiles(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { golden(t, file, caps) })
	}
}

func golden(t *testing.T, file string, caps map[string]chat.Capabilities) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.TrimSpace(a.Comment)) == 0 || len(a.Files) < 2 || a.Files[0].Name != "message" {
		t.Fatal("want prose, a message and at least one network")
	}
	var all []message
	got := &txtar.Archive{Comment: a.Comment, Files: slices.Clone(a.Files)}
	for i, f := range a.Files {
		if f.Name == "message" {
			m, err := readMessage(string(f.Data))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
			continue
		}
		c, ok := caps[f.Name]
		if !ok {
			t.Fatalf("no network %q", f.Name)
		}
		got.Files[i].Data = []byte(sent(all, c))
	}
	compare(t, file, a, got)
}

// sent is what a network is sent: of one message its posts, of several the one post that they share.
func sent(all []message, c chat.Capabilities) string {
	if len(all) == 1 {
		return writeParts(all[0].render(c), c)
	}
	p, n := render.Merged(inputs(all, c))
	if n == len(all) {
		return writeParts([]render.Part{p}, c)
	}
	return writeParts([]render.Part{p}, c) + fmt.Sprintf("and %d more that have no room\n", len(all)-n)
}

func inputs(all []message, c chat.Capabilities) (ins []render.Input) {
	for _, m := range all {
		m.in.Caps = c
		ins = append(ins, m.in)
	}
	return ins
}

func compare(t *testing.T, file string, want, got *txtar.Archive) {
	if *update {
		if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(txtar.Format(want)), string(txtar.Format(got))); d != "" {
		t.Errorf("rerun with -update and read the diff if this is meant:\n%s", d)
	}
}

// message is what a golden file describes.
type message struct {
	in      render.Input
	edited  bool
	reacted []string
}

func (m message) render(c chat.Capabilities) []render.Part {
	in := m.in
	in.Caps = c
	switch {
	case m.edited:
		return render.Edited(in)
	case m.reacted != nil:
		return []render.Part{render.Reacted(in.Name, m.reacted, in)}
	}
	return render.Message(in)
}
