// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// FuzzLines answers any line: always in JSON, and the server stays usable.
func FuzzLines(f *testing.F) {
	for _, line := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"version"}`, `[{"jsonrpc":"2.0","id":"a","method":"listGroups","params":{}}]`, `[1,2`, `{"id":{}}`,
		`{"jsonrpc":"2.0","id":-1.5e3,"method":"send","params":{"groupIds":["G"],"message":"a😀\ud800","textStyles":["0:99:BOLD"],"mention":"-1:1:x"}}`,
	} {
		f.Add(line)
	}
	for _, method := range Methods() {
		f.Add(`{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{"groupId":"G","recipient":["U"],"message":"x","emoji":"👍","targetAuthor":"U",` +
			`"targetTimestamp":1700000000000,"question":"q","option":["a","b"],"pollAuthor":"U","pollTimestamp":1700000000000,"timeout":0.001,"name":"n"}}`)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s, err := New(Options{Folder: t.TempDir(), LinkTimeout: 1})
		if err != nil {
			t.Fatal(err)
		}
		world := s.World()
		u, _ := world.CreateUser(t.Context(), control.NewUser{Name: "Ana"})
		g, _ := world.CreateGroup(t.Context(), control.NewGroup{Title: "G", Members: []control.UserID{u.User}})
		line = strings.NewReplacer(`"G"`, `"`+strings.TrimPrefix(string(g.Chat), "group.")+`"`, `"U"`, `"`+string(u.User)+`"`).Replace(line)
		if strings.Contains(line, `"receive"`) && !strings.Contains(line, `"timeout":0.001`) {
			return // it would wait
		}
		if out := s.serve(s.daemons[0], nil, []byte(line)); len(out.body) > 0 && !json.Valid(out.body) {
			t.Errorf("%q is answered %q", line, out.body)
		}
		if out := s.serve(s.daemons[0], nil, []byte(`{"jsonrpc":"2.0","id":1,"method":"version"}`)); !strings.Contains(string(out.body), DefaultVersion) {
			t.Errorf("afterwards: %s", out.body)
		}
		if _, err := world.See(t.Context(), control.See{Chat: g.Chat}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// FuzzText shows any text with any ranges: nothing of the text is lost, and spans stay inside it.
func FuzzText(f *testing.F) {
	f.Add("😀 bold \uFFFC", 3, 4, 8)
	f.Add("", 0, 0, 0)
	f.Add("\uFFFC\uFFFC", -1, 1<<62, 1)
	f.Fuzz(func(t *testing.T, text string, start, length, at int) {
		text = strings.ToValidUTF8(text, "?")
		if len(text) > maxText {
			return
		}
		c := content{
			text: text, styles: []style{{start, length, "BOLD"}}, mentions: []mention{{at, 1, &person{name: "Ana", aci: "a"}}},
		}
		got, spans := shown(c)
		runes := []rune(got)
		for _, sp := range spans {
			if sp.Start < 0 || sp.Start >= sp.End || sp.End > len(runes) {
				t.Errorf("%q: %+v in %d characters", text, sp, len(runes))
			}
		}
		if !slices.ContainsFunc(spans, func(sp control.Span) bool { return sp.Kind == "mention" }) && got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	})
}
