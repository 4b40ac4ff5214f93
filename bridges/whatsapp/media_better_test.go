// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// inject lets Ana send a message that no simulated phone makes by itself.
func (l *lab) inject(c control.ChatID, m *waE2E.Message) {
	l.Helper()
	raw, err := proto.Marshal(m)
	l.must(err)
	doc, err := json.Marshal(map[string]any{"protobuf": raw, "user": l.ana, "chat": c})
	l.must(err)
	l.must(l.people.Inject(l.Context(), control.Inject{Raw: doc}))
}

// image is the message of a picture that was uploaded before.
func (l *lab) image(m chat.Media) *waE2E.ImageMessage {
	l.Helper()
	f, err := content.ParseRef(m.Ref)
	l.must(err)
	return &waE2E.ImageMessage{DirectPath: &f.Path, MediaKey: f.Key, FileEncSHA256: f.EncSum, FileSHA256: f.Sum,
		FileLength: proto.Uint64(uint64(f.Size)), Mimetype: proto.String("image/jpeg")}
}

// uploads lets Ana send two pictures elsewhere, so that messages of ours can have them.
func (l *lab) uploads() (usual, better *waE2E.ImageMessage, data [2][]byte) {
	l.Helper()
	elsewhere := l.group(control.NewGroup{Title: "Elsewhere"})
	data = [2][]byte{photo(l.T, 30, 20), photo(l.T, 300, 200)}
	for i, into := range []**waE2E.ImageMessage{&usual, &better} {
		*into = l.image(l.sends(elsewhere, control.Media{Kind: "photo", MIME: "image/jpeg", Data: data[i]}))
	}
	return usual, better, data
}

// hd is the second message of a picture in a better quality.
func hd(image *waE2E.ImageMessage, parent string) *waE2E.Message {
	return &waE2E.Message{
		AssociatedChildMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{ImageMessage: image}},
		MessageContextInfo: &waE2E.MessageContextInfo{MessageAssociation: &waE2E.MessageAssociation{
			AssociationType:  waE2E.MessageAssociation_HD_IMAGE_DUAL_UPLOAD.Enum(),
			ParentMessageKey: &waCommon.MessageKey{FromMe: proto.Bool(true), ID: &parent},
		}},
	}
}

// pictures lists the new messages with a picture in a chat.
func (l *lab) pictures(c control.ChatID) (out []chat.MessageNew) {
	l.router.mu.Lock()
	defer l.router.mu.Unlock()
	for _, ev := range l.router.events {
		if m, ok := ev.Body.(chat.MessageNew); ok && string(ev.Chat) == string(c) && len(m.Content.Media) > 0 {
			out = append(out, m)
		}
	}
	return out
}

func TestAPictureInHDIsOneMessageInTheBetterQuality(t *testing.T) {
	l, c := talking(t, sim.Options{})
	usual, better, data := l.uploads()
	usual.ContextInfo = &waE2E.ContextInfo{PairedMediaType: waE2E.ContextInfo_SD_IMAGE_PARENT.Enum()}
	l.inject(c, &waE2E.Message{ImageMessage: usual})
	l.until("the picture is heard", func() bool { return len(l.pictures(c)) == 1 })
	first := l.pictures(c)[0]
	key, err := content.ParseKey(first.ID)
	l.must(err)
	line := l.bridge.running.Load().ready()
	line.a.pauses.better = time.Millisecond
	if got, err := l.fetch(first.Content.Media[0]); err != nil || !bytes.Equal(got, data[0]) {
		t.Errorf("before the better one is there: %d bytes, %v", len(got), err)
	}
	line.a.pauses.better = patience
	fetched := make(chan []byte, 1)
	go func() {
		got, err := l.fetch(first.Content.Media[0])
		if err != nil {
			t.Error(err)
		}
		fetched <- got
	}()
	l.inject(c, hd(better, key.ID))
	if got := <-fetched; !bytes.Equal(got, data[1]) {
		t.Errorf("%d bytes were fetched, want the %d of the better one", len(got), len(data[1]))
	}
	l.tell(c, "after it")
	l.hearsText("after it")
	if n := len(l.pictures(c)); n != 1 {
		t.Errorf("it is shown %d times", n)
	}
}

func TestAPictureInHDFillsInForOneThatCannotBeRead(t *testing.T) {
	l, c := talking(t, sim.Options{})
	_, better, data := l.uploads()
	lost := content.Key{Sender: content.ParseUser(chat.RemoteUser(l.ana)), ID: "3EB0LOST"}
	live := l.bridge.running.Load()
	key := keyOf(place{chat: chat.RemoteChat(c)}, lost.Remote())
	l.must(live.notes.setUnread(t.Context(), string(key), time.Now()))
	l.inject(c, hd(better, lost.ID))
	l.until("the picture is heard", func() bool { return len(l.pictures(c)) == 1 })
	m := l.pictures(c)[0]
	if m.ID != lost.Remote() {
		t.Errorf("it came as %q, and not as the message that was missing", m.ID)
	}
	if got, err := l.fetch(m.Content.Media[0]); err != nil || !bytes.Equal(got, data[1]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if live.notes.isUnread(t.Context(), string(key)) {
		t.Error("the message is still missed")
	}
}
