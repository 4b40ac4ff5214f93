// SPDX-License-Identifier: GPL-3.0-or-later

package content_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

var update = flag.Bool("update", false, "rewrite what the golden files expect")

// The people of the golden files. Ada's number is known to belong to her LID.
var (
	ada    = types.NewJID("1001", types.HiddenUserServer)
	adaTel = types.NewJID("447700900001", types.DefaultUserServer)
	group  = types.NewJID("120363000000000000", types.GroupServer)
)

func incoming() content.Incoming {
	return content.Incoming{
		Chat: group, Sender: ada, ID: "3EB0AA",
		Preferred: func(j types.JID) types.JID {
			if j == adaTel {
				return ada
			}
			return j
		},
		Name: func(j types.JID) string { return map[types.JID]string{ada: "Ada"}[j] },
	}
}

// TestGolden: each file holds a message in the text form of its protobuf, and what it says.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/decode/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { checkGolden(t, name) })
	}
}

func checkGolden(t *testing.T, name string) {
	a, err := txtar.ParseFile(name)
	if err != nil || len(a.Files) != 2 {
		t.Fatalf("want a message and what it says: %v", err)
	}
	var m waE2E.Message
	if err := prototext.Unmarshal(a.Files[0].Data, &m); err != nil {
		t.Fatal(err)
	}
	got := describe(content.Decode(&m, incoming()))
	if *update {
		a.Files[1].Data = []byte(got)
		if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// describe writes what a message says, a line for each thing.
func describe(c chat.Content, r content.Reading) string {
	var b strings.Builder
	line := func(key, format string, args ...any) { fmt.Fprintf(&b, key+": "+format+"\n", args...) }
	switch r {
	case content.Silent:
		return "silent\n"
	case content.Unknown:
		return "unknown\n"
	}
	if c.Placeholder != "" {
		line("placeholder", "%s", c.Placeholder)
	}
	if c.Text.Body != "" {
		line("text", "%q", c.Text.Body)
	}
	for _, s := range c.Text.Spans {
		line("span", "%s %q %s", s.Kind, string([]rune(c.Text.Body)[s.Start:s.End]), s.User)
	}
	if p := c.Preview; p != nil {
		line("preview", "%s: %q, %q", p.URL, p.Title, p.Description)
	}
	for _, m := range c.Media {
		f, err := content.ParseRef(m.Ref)
		line("media", "%s %s %q %d bytes, %dx%d, %s, emoji %q, %d bars, spoiler %t", m.Kind, m.MIME, m.Name, m.Size, m.Width, m.Height, m.Duration, m.Emoji, len(m.Waveform), m.Spoiler)
		line("file", "%s of %s by %s in %s, path %s, %v", f.Type, f.ID, f.Sender, f.Chat, f.Path, err)
	}
	if p := c.Place; p != nil {
		line("place", "%g %g within %g m, %q, %q, live %s", p.Lat, p.Lon, p.Accuracy, p.Title, p.Address, p.Live)
	}
	for _, p := range c.Contacts {
		line("contact", "%q %q", p.Name, p.Phones)
	}
	if p := c.Poll; p != nil {
		line("poll", "%q multiple %t closed %t", p.Question, p.Multiple, p.Closed)
		for _, o := range p.Options {
			line("option", "%q %d", o.Text, o.Votes)
		}
	}
	if r := c.ReplyTo; r != nil {
		line("answers", "%s by %s: %q", r.ID, r.Author, r.Excerpt)
	}
	if c.Forward != nil {
		line("forwarded", "%q", c.Forward.From)
	}
	if c.Album != "" {
		line("album", "%s", c.Album)
	}
	if c.ExpiresAfter != 0 {
		line("expires", "%s", c.ExpiresAfter)
	}
	return b.String()
}

// TestEmptyKindsAreNoTrouble: each field of a message, set and empty, and again inside of every wrapper.
func TestEmptyKindsAreNoTrouble(t *testing.T) {
	content.Decode(nil, content.Incoming{})
	fields := (&waE2E.Message{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Kind() != protoreflect.MessageKind {
			continue
		}
		m := &waE2E.Message{}
		m.ProtoReflect().Mutable(f)
		content.Decode(m, content.Incoming{})
		inner := m.ProtoReflect().Get(f).Message()
		for j := range inner.Descriptor().Fields().Len() {
			g := inner.Descriptor().Fields().Get(j)
			if g.Kind() != protoreflect.MessageKind {
				continue
			}
			if g.IsList() {
				inner.Mutable(g).List().AppendMutable()
			} else {
				inner.Mutable(g)
			}
			content.Decode(m, content.Incoming{})
			quoted := &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String("x"), ContextInfo: &waE2E.ContextInfo{
				StanzaID: proto.String("1"), Participant: proto.String(ada.String()), QuotedMessage: m,
			}}}
			content.Decode(quoted, content.Incoming{})
		}
	}
}

func TestEveryKindIsEitherReadNamedOrSilent(t *testing.T) {
	fields := (&waE2E.Message{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		m := &waE2E.Message{}
		if f.Kind() == protoreflect.MessageKind {
			m.ProtoReflect().Mutable(f)
		} else {
			m.ProtoReflect().Set(f, protoreflect.ValueOfString("words"))
		}
		if _, r := content.Decode(m, content.Incoming{}); r == content.Unknown && content.Kind(m) == "" {
			t.Errorf("%s is unknown and has no name", f.Name())
		}
	}
}

func TestWrappersInWrappersEnd(t *testing.T) {
	m := &waE2E.Message{Conversation: proto.String("deep")}
	for range 10_000 {
		m = &waE2E.Message{EphemeralMessage: &waE2E.FutureProofMessage{Message: m}}
	}
	if _, r := content.Decode(m, content.Incoming{}); r != content.Unknown {
		t.Errorf("read as %v", r)
	}
}

func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/decode/*.txtar")
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var m waE2E.Message
		if err := prototext.Unmarshal(a.Files[0].Data, &m); err != nil {
			f.Fatal(err)
		}
		raw, err := proto.Marshal(&m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m waE2E.Message
		if proto.Unmarshal(raw, &m) != nil {
			return
		}
		c, r := content.Decode(&m, incoming())
		if r == content.Unknown && content.Kind(&m) == "" {
			t.Error("unknown without a name")
		}
		for _, s := range c.Text.Spans {
			if s.Start < 0 || s.End < s.Start || s.End > len([]rune(c.Text.Body)) {
				t.Errorf("the span %+v is outside of %q", s, c.Text.Body)
			}
		}
	})
}

func TestKeysAreReadBack(t *testing.T) {
	for _, k := range []content.Key{{Sender: ada, ID: "3EB0AA"}, {Sender: adaTel, ID: "A/B"}} {
		if got, err := content.ParseKey(k.Remote()); err != nil || got != k {
			t.Errorf("%v is %q and reads %v, %v", k, k.Remote(), got, err)
		}
	}
	if k := (content.Key{Sender: types.NewADJID("1001", types.LIDDomain, 7), ID: "1"}); k.Remote() != "1001/1" {
		t.Errorf("a device is told: %q", k.Remote())
	}
	for _, bad := range []chat.RemoteMessage{"", "1", "/1", "1001/"} {
		if k, err := content.ParseKey(bad); err == nil {
			t.Errorf("%q reads %v", bad, k)
		}
	}
	for _, bad := range []string{"", "!", "e30"} {
		if f, err := content.ParseRef(bad); err == nil {
			t.Errorf("%q reads %v", bad, f)
		}
	}
}

func TestVotesNameOptionsByTheirHashes(t *testing.T) {
	options := []string{"Tea", "Coffee", "Water"}
	hashes := [][]byte{content.OptionHash("Water"), content.OptionHash("Milk"), []byte("short"), nil, content.OptionHash("Tea")}
	if diff := cmp.Diff([]int{0, 2}, content.Choices(options, hashes)); diff != "" {
		t.Error(diff)
	}
}
