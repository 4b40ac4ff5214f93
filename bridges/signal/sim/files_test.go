// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestReceivedFilesLieAtTheDaemonUntilSomebodyRemovesThem(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	w.say(control.Post{Content: control.Content{Text: "both", Media: []control.Media{
		{Kind: "photo", Data: []byte("a picture")}, {Kind: "file", Name: "plan.pdf", MIME: "application/pdf", Size: 3 << 20, Seed: 7},
	}}})
	files := c.text("both").Data.Attachments
	if len(files) != 2 || files[0].ContentType != "image/jpeg" || files[0].Filename != nil || *files[1].Filename != "plan.pdf" || files[1].Size != 3<<20 {
		t.Fatalf("%+v", files)
	}
	for i, want := range [][]byte{[]byte("a picture"), generated(t, 7, 3<<20)} {
		path := filepath.Join(w.s.daemons[0].attachments(), files[i].ID)
		got, err := os.ReadFile(path)
		w.must(err)
		if !bytes.Equal(got, want) {
			t.Errorf("file %d has %d other bytes", i, len(got))
		}
		var data struct{ Data []byte }
		w.must(json.Unmarshal(c.call("getAttachment", fmt.Sprintf(`{"id":%q,"groupId":"x"}`, files[i].ID)).Result, &data))
		if !bytes.Equal(data.Data, want) {
			t.Errorf("getAttachment of file %d gave %d other bytes", i, len(data.Data))
		}
		w.must(os.Remove(path))
		if a := c.call("getAttachment", fmt.Sprintf(`{"id":%q}`, files[i].ID)); a.Error == nil || !strings.HasPrefix(a.Error.Message, "Could not find attachment with ID: ") {
			t.Errorf("a removed file: %+v", a.Error)
		}
	}
}

func generated(t *testing.T, seed uint64, size int64) []byte {
	var b bytes.Buffer
	if _, err := b.ReadFrom(control.Generate(seed, size)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFailedDownloadIsToldToNobody(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	w.fault(control.Fault{Kind: NoDownload, Chat: w.group})
	w.say(control.Post{Content: control.Content{Text: "gone", Media: []control.Media{{Kind: "photo", Data: []byte("x")}}}})
	files := c.text("gone").Data.Attachments
	a := c.call("getAttachment", fmt.Sprintf(`{"id":%q}`, files[0].ID))
	if a.Error == nil || a.Error.Message != "Could not find attachment with ID: "+files[0].ID {
		t.Errorf("%+v", a.Error)
	}
}

func TestSentFilesAreSeen(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	path := filepath.Join(t.TempDir(), "song.ogg")
	w.must(os.WriteFile(path, []byte("OggS and more"), 0o600))
	inline := "data:image/png;filename=a%20b.png;base64," + base64.StdEncoding.EncodeToString([]byte("a picture"))
	c.did(c.call("send", w.fill(fmt.Sprintf(`{"groupId":"GROUP","message":"m","attachments":[%q,%q]}`, path, inline), nil)))
	c.did(c.call("send", w.fill(fmt.Sprintf(`{"groupId":"GROUP","attachment":%q,"voiceNote":true,"viewOnce":true}`, path), nil)))
	seen := w.seen(w.group)
	var got [][]string
	for _, m := range seen {
		row := []string{m.Kind, m.Text}
		for _, f := range m.Media {
			row = append(row, f.Kind, f.Name, f.MIME, fmt.Sprint(f.Size))
		}
		got = append(got, row)
	}
	want := [][]string{{"", "m", "audio", "song.ogg", "audio/ogg", "13", "photo", "a b.png", "image/png", "9"}, {kindOnce, "", "voice", "song.ogg", "audio/ogg", "13"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFilesThatCannotBeSentAreRefused(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	dir := w.s.daemons[0].dir
	w.must(os.MkdirAll(filepath.Join(dir, "data"), 0o700))
	w.must(os.WriteFile(filepath.Join(dir, "data", "key"), []byte("x"), 0o600))
	big, err := os.Create(filepath.Join(dir, "big"))
	w.must(err)
	w.must(big.Truncate(maxFile + 1))
	w.must(big.Close())
	for _, path := range []string{dir, filepath.Join(dir, "data", "key"), big.Name(), "data:x"} {
		a := c.call("send", w.fill(fmt.Sprintf(`{"groupId":"GROUP","message":"m","attachment":%q}`, path), nil))
		if a.Error == nil || a.Error.Code != codeInternal || !strings.HasSuffix(a.Error.Message, "(AttachmentInvalidException)") {
			t.Errorf("%s: %+v", path, a.Error)
		}
	}
}

func TestLongTextsTravelAsFilesAndArriveWhole(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	long := strings.Repeat("é", 5000)
	c.sent(long)
	if m := w.seen(w.group)[0]; m.Text != long || len(m.Media) != 0 {
		t.Errorf("people see %d bytes and %d files", len(m.Text), len(m.Media))
	}
	w.post(long)
	d := c.text(long).Data
	if len(d.Attachments) != 1 || d.Attachments[0].ContentType != "text/x-signal-plain" || d.Attachments[0].Size != 10_000 {
		t.Errorf("%+v", d.Attachments)
	}
	c.sent(strings.Repeat("a", maxText+5))
	if m := w.seen(w.group)[2]; len(m.Text) != maxText || w.counters().Breaches["long_text"] != 1 {
		t.Errorf("people see %d bytes of a text that is too long", len(m.Text))
	}
}

func TestStickersGoOutFromInstalledPacks(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	w.say(control.Post{Content: control.Content{Media: []control.Media{{Kind: "sticker", Data: []byte("RIFF webp"), MIME: "image/webp"}}}})
	st := c.received(func(e envelope) bool { return e.Data != nil && e.Data.Sticker != nil }).Data.Sticker
	var data struct{ Data []byte }
	w.must(json.Unmarshal(c.call("getSticker", fmt.Sprintf(`{"packId":%q,"stickerId":%d}`, st.Pack, st.ID)).Result, &data))
	if string(data.Data) != "RIFF webp" {
		t.Errorf("the sticker is %q", data.Data)
	}
	c.did(c.call("send", w.fill(fmt.Sprintf(`{"groupId":"GROUP","sticker":"%s:%d"}`, st.Pack, st.ID), nil)))
	seen := w.seen(w.group)
	if len(seen) != 2 || seen[1].Media[0].Kind != "sticker" || seen[1].Media[0].SHA256 != seen[0].Media[0].SHA256 {
		t.Errorf("%+v", seen)
	}
}

func TestAGroupHasAnAvatar(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	if a := c.call("getAvatar", w.fill(`{"groupId":"GROUP"}`, nil)); a.Error == nil || a.Error.Message != "Could not find avatar" {
		t.Errorf("%+v", a.Error)
	}
	_, err := w.people.ChangeGroup(t.Context(), control.GroupChange{Chat: w.group, Action: control.NewPhoto})
	w.must(err)
	if a := c.call("getAvatar", w.fill(`{"groupId":"GROUP"}`, nil)); len(a.Result) < 12 {
		t.Errorf("%s %+v", a.Result, a.Error)
	}
}
