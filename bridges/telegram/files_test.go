// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/telegram/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
)

// fetched lets the bridge fetch a file and puts it where posts look for it.
func (w *world) fetched(t *testing.T, m chat.Media) chat.Media {
	t.Helper()
	return w.fetchedUpTo(t, m, 50<<20)
}

func (w *world) fetchedUpTo(t *testing.T, m chat.Media, most int64) chat.Media {
	t.Helper()
	hash, size, err := w.FetchMedia(t.Context(), m.Ref, "in-the-making", most)
	if err != nil {
		t.Fatalf("%s: %v", m.Kind, err)
	}
	m.Hash, m.Size = hash, size
	path := filepath.Join(w.spool, filepath.FromSlash(chat.SpoolPath(hash)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(w.spool, "in-the-making"), path); err != nil {
		t.Fatal(err)
	}
	return m
}

// media waits for the file of a message.
func (w *world) media(t *testing.T, c control.ChatID, id control.MessageID) (found chat.Content) {
	t.Helper()
	w.until(t, "message "+string(id), func() bool {
		for _, e := range w.events {
			if m, ok := e.Body.(chat.MessageNew); ok && e.Chat == chat.RemoteChat(c) && m.ID == chat.RemoteMessage(id) {
				found = m.Content
				return true
			}
		}
		return false
	})
	return found
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// kindsOfFiles are one of each, as people would send them.
func kindsOfFiles(t *testing.T) []control.Media {
	large := bytes.Repeat([]byte("OggS not so small "), 200_000)
	return []control.Media{
		{Kind: "photo", Data: picture(t)},
		{Kind: "video", Name: "a.mp4", MIME: "video/mp4", Data: []byte("a film")},
		{Kind: "animation", Name: "a.gif", MIME: "image/gif", Data: []byte("a short film")},
		{Kind: "audio", Name: "a.mp3", MIME: "audio/mpeg", Data: []byte("a song")},
		{Kind: "voice", MIME: "audio/ogg", Data: large},
		{Kind: "video_note", MIME: "video/mp4", Data: []byte("a round film")},
		{Kind: "file", Name: "مرحبا \"1\".pdf", MIME: "application/pdf", Data: []byte("a document")},
		{Kind: "sticker", MIME: "image/webp", Data: []byte("a sticker")},
	}
}

// TestFilesGoBothWaysThroughTheRealProcess lets Ana send one of each kind, fetches it and sends it to another group.
func TestFilesGoBothWaysThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	from, to := w.group(t, control.Supergroup, control.RoleAdmin), w.group(t, control.Supergroup, control.RoleAdmin)
	for _, file := range kindsOfFiles(t) {
		post := control.Post{Chat: from, Content: control.Content{Media: []control.Media{file}}}
		if file.Kind != "sticker" && file.Kind != "video_note" {
			post.Text = "words of Ana"
		}
		got := w.media(t, from, w.post(t, post))
		if len(got.Media) != 1 || got.Media[0].Kind != chat.MediaKind(file.Kind) || got.Text.Body != post.Text {
			t.Fatalf("%s came up as %+v", file.Kind, got)
		}
		sum := sha256.Sum256(file.Data)
		media := w.fetched(t, got.Media[0])
		if media.Hash != hex.EncodeToString(sum[:]) || media.Size != int64(len(file.Data)) {
			t.Fatalf("%s: other bytes came", file.Kind)
		}
		sent := w.send(t, chat.Post{Chat: chat.RemoteChat(to), Action: chat.ActSend, Text: got.Text, Media: []chat.Media{media}})
		if sent.Kind != chat.Delivered {
			t.Fatalf("%s: %+v", file.Kind, sent)
		}
		last := w.last(t, to)
		if len(last.Media) != 1 || last.Media[0].Kind != file.Kind || last.Media[0].SHA256 != media.Hash || last.Text != post.Text ||
			file.Kind == "file" && last.Media[0].Name != file.Name {
			t.Errorf("%s is seen as %+v", file.Kind, last)
		}
		if post.Text == "" {
			continue
		}
		edit := chat.Post{Chat: chat.RemoteChat(to), Action: chat.ActEdit, Target: sent.IDs, Text: chat.Text{Body: "changed"}, Media: []chat.Media{{Kind: media.Kind}}}
		if got := w.send(t, edit); got.Kind != chat.Delivered || w.last(t, to).Text != "changed" {
			t.Errorf("%s: %+v", file.Kind, got)
		}
	}
}

func (w *world) last(t *testing.T, c control.ChatID) control.Seen {
	t.Helper()
	messages := w.seen(t, c).Visible()
	return messages[len(messages)-1]
}

func TestAlbumsGoThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	files := kindsOfFiles(t)
	var media []chat.Media
	for _, file := range files[:2] {
		got := w.media(t, group, w.post(t, control.Post{Chat: group, Content: control.Content{Media: []control.Media{file}, Album: "both"}}))
		if got.Album == "" || len(media) > 0 && got.Album == "" {
			t.Errorf("no album: %+v", got)
		}
		media = append(media, w.fetched(t, got.Media[0]))
	}
	sent := w.send(t, chat.Post{Chat: chat.RemoteChat(group), Action: chat.ActSend, Text: chat.Text{Body: "of the second"}, TextAt: 1, Media: media})
	if sent.Kind != chat.Delivered || len(sent.IDs) != 2 {
		t.Fatalf("%+v", sent)
	}
	var seen []control.Seen
	for _, m := range w.seen(t, group).Visible() {
		if slices.Contains(sent.IDs, chat.RemoteMessage(m.ID)) {
			seen = append(seen, m)
		}
	}
	if len(seen) != 2 || seen[0].Album == "" || seen[0].Album != seen[1].Album || seen[0].Text != "" || seen[1].Text != "of the second" {
		t.Fatalf("%+v", seen)
	}
	for i, m := range seen {
		if string(sent.IDs[i]) != string(m.ID) || m.Media[0].SHA256 != media[i].Hash {
			t.Errorf("item %d is %s with %+v", i, m.ID, m.Media)
		}
	}
}

// breaks are what can go wrong with a download, by the call that it happens to.
var breaks = map[string][]control.FaultKind{
	"file": {
		control.HalfAnswer, control.ResetBefore, control.BadGateway, control.ServerError,
		control.FileTruncated, control.FileCut, control.FileLies, control.FileEmpty, control.FileSlow,
	},
	"getFile": {control.HalfAnswer, control.ResetBefore, control.BadGateway, control.ServerError, control.NotJSON, control.ResetAfter},
}

// TestDownloadsThatBreakComeWhole lets the network fail in the middle of files.
func TestDownloadsThatBreakComeWhole(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	file := kindsOfFiles(t)[4]
	sum := sha256.Sum256(file.Data)
	got := w.media(t, group, w.post(t, control.Post{Chat: group, Content: control.Content{Media: []control.Media{file}}}))
	for _, method := range []string{"file", "getFile"} {
		for _, kind := range breaks[method] {
			f, err := w.sim.SetFault(t.Context(), control.Fault{Kind: kind, Method: method, Count: 2, DelayMS: 100})
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if m := w.fetched(t, got.Media[0]); m.Hash != hex.EncodeToString(sum[:]) {
				t.Errorf("%s of %s: other bytes came", kind, method)
			}
			c, err := w.sim.Counters(t.Context())
			if err != nil || c.Struck[f] == 0 {
				t.Errorf("%s of %s never struck, %v", kind, method, err)
			}
			if err := w.sim.ClearFault(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFilesThatAreTooLargeAreToldAsSuch: what is over the server's limit becomes a line.
func TestFilesThatAreTooLargeAreToldAsSuch(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	big := control.Media{Kind: "file", Name: "big.bin", Size: 21 << 20}
	got := w.media(t, group, w.post(t, control.Post{Chat: group, Content: control.Content{Media: []control.Media{big}}}))
	_, _, err := w.FetchMedia(t.Context(), got.Media[0].Ref, "name", 50<<20)
	if !errors.Is(err, host.ErrMediaTooLarge) {
		t.Errorf("%v", err)
	}
	if m := got.Media[0]; m.Name != "big.bin" || m.Size != 21<<20 || m.Link == "" {
		t.Errorf("the line would hold %+v", m)
	}
}

// TestFilesOfOwnServersGoBothWays shares a folder with a self-hosted server, and files that are larger than those of the
// public one.
func TestFilesOfOwnServersGoBothWays(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, func(o *sim.Options, config map[string]string) { o.Local, config["files_dir"] = dir, dir })
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	big := control.Media{Kind: "file", Name: "big.bin", Size: 24 << 20, Seed: 7}
	sum := sha256.New()
	if _, err := io.Copy(sum, big.Bytes()); err != nil {
		t.Fatal(err)
	}
	got := w.media(t, group, w.post(t, control.Post{Chat: group, Content: control.Content{Media: []control.Media{big}}}))
	media := w.fetchedUpTo(t, got.Media[0], 100<<20)
	if media.Hash != hex.EncodeToString(sum.Sum(nil)) {
		t.Error("other bytes came")
	}
	if sent := w.send(t, chat.Post{Chat: chat.RemoteChat(group), Action: chat.ActSend, Media: []chat.Media{media}}); sent.Kind != chat.Delivered {
		t.Fatalf("%+v", sent)
	}
	if last := w.last(t, group); last.Media[0].SHA256 != media.Hash || last.Media[0].Size != big.Size {
		t.Errorf("%+v", last.Media)
	}
	w.until(t, "larger limits", func() bool { return w.caps.Media[chat.File].MaxBytes == maxOwnUpload })
}
