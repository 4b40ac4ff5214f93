// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// fileSamples are one of each kind, as people would send them.
func fileSamples(t *testing.T) map[chat.MediaKind]sim.Media {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 30, 20)), nil); err != nil {
		t.Fatal(err)
	}
	return map[chat.MediaKind]sim.Media{
		chat.Photo:     {Data: photo.Bytes(), MIME: "image/jpeg"},
		chat.Video:     {Data: []byte("a film"), Name: "a.mp4", MIME: "video/mp4"},
		chat.Animation: {Data: []byte("a short film"), Name: "a.mp4", MIME: "video/mp4"},
		chat.Audio:     {Data: []byte("a song"), Name: "a.mp3", MIME: "audio/mpeg"},
		chat.Voice:     {Data: append([]byte("OggS"), make([]byte, 60)...), MIME: "audio/ogg"},
		chat.VideoNote: {Data: []byte("a round film"), MIME: "video/mp4"},
		chat.File:      {Data: []byte("a document"), Name: "مرحبا.pdf", MIME: "application/pdf"},
		chat.Sticker:   {Data: []byte("a sticker"), MIME: "image/webp"},
	}
}

// testFiles: what people send comes up with a reference, its bytes can be had, and a post with the same bytes is seen as
// the same kind of file, with its caption.
func testFiles(t *testing.T, w *world) {
	from, to := w.group("files from"), w.group("files to")
	for kind, file := range fileSamples(t) {
		limit := w.caps().Media[kind]
		if !limit.Level.Native() {
			continue
		}
		file.Kind = string(kind)
		post := sim.Post{Chat: from, User: w.ana, Media: []sim.Media{file}}
		if limit.Caption {
			post.Text = "a caption"
		}
		id, err := w.people.Post(t.Context(), post)
		if errors.Is(err, sim.ErrNotSupported) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		_, m := w.inbox.message(t, from, id)
		if len(m.Content.Media) != 1 || m.Content.Media[0].Kind != kind || m.Content.Text.Body != post.Text {
			t.Errorf("%s came up as %+v", kind, m.Content)
			continue
		}
		media := w.fetch(m.Content.Media[0])
		if sum := sha256.Sum256(file.Data); media.Hash != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: other bytes came", kind)
		}
		ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(to), Text: m.Content.Text, Media: []chat.Media{media}})
		s := w.seen(to, ids[0])
		if len(s.Media) != 1 || s.Media[0].Kind != string(kind) || s.Media[0].SHA256 != media.Hash || s.Text != post.Text {
			t.Errorf("%s is seen as %+v", kind, s)
		}
	}
}

// fetch plays the router: it lets the bridge copy the bytes into the spool.
func (w *world) fetch(m chat.Media) chat.Media {
	w.t.Helper()
	const name = "in-the-making"
	hash, size, err := w.bridge.FetchMedia(w.t.Context(), m.Ref, name, 50<<20)
	if err != nil {
		w.t.Fatalf("fetch a %s: %v", m.Kind, err)
	}
	m.Hash, m.Size = hash, size
	path := filepath.Join(w.spool, filepath.FromSlash(chat.SpoolPath(hash)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(w.spool, name), path); err != nil {
		w.t.Fatal(err)
	}
	return m
}

// testCaptionLimit: the longest caption arrives whole.
func testCaptionLimit(t *testing.T, w *world) {
	if !w.caps().Media[chat.Photo].Caption {
		return
	}
	c := w.group("captions")
	photo := fileSamples(t)[chat.Photo]
	photo.Kind = string(chat.Photo)
	_, m := w.inbox.message(t, c, w.post(sim.Post{Chat: c, Media: []sim.Media{photo}}))
	media := w.fetch(m.Content.Media[0])
	text := fill(w.caps().Caption, "م")
	ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain(text), Media: []chat.Media{media}})
	if s := w.seen(c, ids[0]); s.Text != text {
		t.Errorf("a caption of %d bytes arrives with %d", len(text), len(s.Text))
	}
	over := plain(strings.Repeat("a", 2*w.caps().Caption.Max))
	if out := w.deliver(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: over, Media: []chat.Media{media}}); out.Kind != chat.Refused {
		t.Errorf("a caption over the limit: %s, %s", out.Kind, out.Why)
	}
}

// testAlbum: several photos are one post, with an id for each, and come up under one key.
func testAlbum(t *testing.T, w *world) {
	if w.caps().Album.Max < 2 {
		return
	}
	c := w.group("albums")
	var media []chat.Media
	var key chat.AlbumKey
	for range 2 {
		photo := fileSamples(t)[chat.Photo]
		photo.Kind = string(chat.Photo)
		_, m := w.inbox.message(t, c, w.post(sim.Post{Chat: c, Media: []sim.Media{photo}, Album: "both"}))
		if m.Content.Album == "" || key != "" && m.Content.Album != key {
			t.Errorf("the items have the keys %q and %q", key, m.Content.Album)
		}
		key = m.Content.Album
		media = append(media, w.fetch(m.Content.Media[0]))
	}
	ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("of the album"), Media: media})
	if len(ids) != len(media) {
		t.Fatalf("%d photos have the ids %v", len(media), ids)
	}
	for i, id := range ids {
		if s := w.seen(c, id); len(s.Media) != 1 || s.Media[0].SHA256 != media[i].Hash {
			t.Errorf("item %d is seen as %+v", i, s.Media)
		}
	}
}

// testPlaces: a place goes both ways to a tenth of a metre.
func testPlaces(t *testing.T, w *world) {
	if !w.caps().Place.Level.Native() {
		return
	}
	c := w.group("places")
	_, m := w.inbox.message(t, c, w.post(sim.Post{Chat: c, Kind: "location", Place: &sim.Place{Latitude: 51.5007, Longitude: -0.1246}}))
	p := m.Content.Place
	if p == nil || !near(p.Lat, 51.5007) || !near(p.Lon, -0.1246) {
		t.Fatalf("the place came up as %+v", m.Content)
	}
	ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Place: p})
	if s := w.seen(c, ids[0]); s.Place == nil || !near(s.Place.Latitude, p.Lat) || !near(s.Place.Longitude, p.Lon) {
		t.Errorf("the place is seen as %+v", s.Place)
	}
}

func near(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 }

// testContacts: a contact goes both ways with its number.
func testContacts(t *testing.T, w *world) {
	if !w.caps().Contact.Level.Native() {
		return
	}
	c := w.group("contacts")
	_, m := w.inbox.message(t, c, w.post(sim.Post{Chat: c, Kind: "contact", Contact: &sim.Contact{Name: "Bo", Phone: "+447700900123"}}))
	want := []chat.Contact{{Name: "Bo", Phones: []string{"+447700900123"}}}
	if diff := cmp.Diff(want, m.Content.Contacts); diff != "" {
		t.Fatal(diff)
	}
	ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Contact: &want[0]})
	if s := w.seen(c, ids[0]); s.Contact == nil || s.Contact.Name != "Bo" || s.Contact.Phone != "+447700900123" {
		t.Errorf("the contact is seen as %+v", s.Contact)
	}
}

// testPolls: a poll goes both ways, and votes in one of ours are told where the capabilities say so.
func testPolls(t *testing.T, w *world) {
	can := w.caps().Poll
	if !can.Level.Native() {
		return
	}
	c := w.group("polls")
	ask := &sim.Poll{Question: "Tea or coffee?", Options: []sim.PollOption{{Text: "Tea"}, {Text: "Coffee"}}}
	_, m := w.inbox.message(t, c, w.post(sim.Post{Chat: c, Kind: "poll", Poll: ask}))
	p := m.Content.Poll
	if p == nil || p.Question != ask.Question || len(p.Options) != 2 || p.Options[1].Text != "Coffee" {
		t.Fatalf("the poll came up as %+v", m.Content)
	}
	ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Poll: p})
	if s := w.seen(c, ids[0]); s.Poll == nil || s.Poll.Question != p.Question {
		t.Fatalf("the poll is seen as %+v", s.Poll)
	}
	if !can.SeesVotes {
		return
	}
	if err := w.people.Vote(t.Context(), sim.Vote{Chat: c, Message: sim.MessageID(ids[0]), User: w.ana, Options: []int{1}}); err != nil {
		t.Fatal(err)
	}
	w.inbox.event(t, c, "the vote", func(ev chat.Event) bool {
		switch b := ev.Body.(type) {
		case chat.Vote:
			return b.ID == ids[0] && cmp.Equal(b.Options, []int{1})
		case chat.PollState:
			return b.ID == ids[0] && cmp.Equal(b.Votes, []int{0, 1})
		}
		return false
	})
}
