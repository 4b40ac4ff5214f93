// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/bridgetest/matrix"
	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// sample is one message of a kind: as people post it, and as our account does.
type sample struct {
	kind   matrix.Kind
	theirs sim.Post
	files  []sim.Media
	ours   chat.Post // without the media, which the spool has first
}

// sampleOf makes a message of a kind, for a network with these capabilities.
func sampleOf(t *testing.T, caps chat.Capabilities, k matrix.Kind) sample {
	s := sample{kind: k}
	if matrix.Worded(caps, k) {
		s.say("words of a " + string(k))
	}
	if media, ok := k.Media(); ok {
		s.files = []sim.Media{fileSample(t, caps, media, 0)}
		return s
	}
	switch k {
	case matrix.Album:
		for i := range 2 {
			s.files = append(s.files, fileSample(t, caps, chat.Photo, i))
		}
	case matrix.Place:
		s.place(sim.Place{Latitude: 51.5007, Longitude: -0.1246})
	case matrix.Venue:
		s.place(sim.Place{Latitude: 51.5007, Longitude: -0.1246, Title: "Big Ben", Address: "Westminster"})
	case matrix.LivePlace:
		s.place(sim.Place{Latitude: 51.5007, Longitude: -0.1246, LiveS: 900})
	case matrix.Contact:
		s.theirs.Kind, s.theirs.Contact = "contact", &sim.Contact{Name: "Bo", Phone: "+447700900123"}
		s.ours.Contact = &chat.Contact{Name: "Bo", Phones: []string{"+447700900123"}}
	case matrix.Poll:
		s.theirs.Kind = "poll"
		s.theirs.Poll = &sim.Poll{Question: "Tea or coffee?", Options: []sim.PollOption{{Text: "Tea"}, {Text: "Coffee"}}}
		s.ours.Poll = &chat.Poll{Question: "Tea or coffee?", Options: []chat.PollOption{{Text: "Tea"}, {Text: "Coffee"}}}
	}
	return s
}

func (s *sample) say(text string) { s.theirs.Text, s.ours.Text = text, plain(text) }

func (s *sample) place(p sim.Place) {
	s.theirs.Kind, s.theirs.Place = "location", &p
	if p.Title != "" {
		s.theirs.Kind = "venue"
	}
	s.ours.Place = &chat.Place{Lat: p.Latitude, Lon: p.Longitude, Title: p.Title, Address: p.Address, Live: time.Duration(p.LiveS) * time.Second}
}

// comes reports whether messages that came up say what people posted. Several make an album.
func (s sample) comes(up []chat.Content) bool {
	var media []chat.Media
	text, album := "", up[0].Album
	for _, c := range up {
		media = append(media, c.Media...)
		text += c.Text.Body
		if len(up) > 1 && (c.Album == "" || c.Album != album) {
			return false
		}
	}
	c := up[0]
	switch {
	case c.Placeholder != "" || text != s.ours.Text.Body || len(media) != len(s.files):
		return false
	case slices.ContainsFunc(media, func(m chat.Media) bool { return m.Kind != s.mediaKind() || m.Ref == "" }):
		return false
	}
	return samePlace(c.Place, s.ours.Place) && sameContact(c.Contacts, s.ours.Contact) && samePoll(c.Poll, s.ours.Poll)
}

func (s sample) mediaKind() chat.MediaKind {
	if media, ok := s.kind.Media(); ok {
		return media
	}
	return chat.Photo
}

func samePlace(a, b *chat.Place) bool {
	if a == nil || b == nil {
		return a == b
	}
	return near(a.Lat, b.Lat) && near(a.Lon, b.Lon) && a.Title == b.Title && a.Address == b.Address && (a.Live > 0) == (b.Live > 0)
}

func near(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 }

func sameContact(up []chat.Contact, want *chat.Contact) bool {
	if want == nil {
		return len(up) == 0
	}
	return len(up) == 1 && up[0].Name == want.Name && cmp.Equal(up[0].Phones, want.Phones)
}

func samePoll(a, b *chat.Poll) bool {
	if a == nil || b == nil {
		return a == b
	}
	text := func(x, y chat.PollOption) bool { return x.Text == y.Text }
	return a.Question == b.Question && slices.EqualFunc(a.Options, b.Options, text)
}

// shown reports whether people see our post. Those of an album may be one message or several.
func (s sample) shown(seen []sim.Seen) bool {
	var hashes []string
	text := ""
	for _, m := range seen {
		for _, f := range m.Media {
			if f.Kind != string(s.mediaKind()) {
				return false
			}
			hashes = append(hashes, f.SHA256)
		}
		text += m.Text
	}
	var want []string
	for _, f := range s.files {
		want = append(want, hashOf(f.Data))
	}
	if len(want) > 0 || s.kind == matrix.Text {
		return text == s.ours.Text.Body && slices.Equal(hashes, want)
	}
	return s.shownOther(seen[0])
}

func (s sample) shownOther(m sim.Seen) bool {
	switch {
	case s.ours.Place != nil:
		return m.Place != nil && samePlace(&chat.Place{Lat: m.Place.Latitude, Lon: m.Place.Longitude, Title: m.Place.Title, Address: m.Place.Address,
			Live: time.Duration(m.Place.LiveS) * time.Second}, s.ours.Place)
	case s.ours.Contact != nil:
		return m.Contact != nil && m.Contact.Name == s.ours.Contact.Name && m.Contact.Phone == s.ours.Contact.Phones[0]
	}
	if m.Poll == nil || m.Poll.Question != s.ours.Poll.Question || len(m.Poll.Options) != len(s.ours.Poll.Options) {
		return false
	}
	return m.Poll.Options[1].Text == s.ours.Poll.Options[1].Text
}

// fileSample is the n-th file of a kind, as people would send it, of a type that the network takes.
func fileSample(t *testing.T, caps chat.Capabilities, k chat.MediaKind, n int) sim.Media {
	m := sim.Media{Kind: string(k), Name: names[k], MIME: usualType[k]}
	if types := caps.Media[k].MIME; len(types) > 0 && !slices.Contains(types, m.MIME) {
		m.MIME = types[0]
	}
	m.Data = bytesOf(t, m.MIME, n)
	return m
}

var names = map[chat.MediaKind]string{chat.Video: "a.mp4", chat.Animation: "a.mp4", chat.Audio: "a.mp3", chat.File: "مرحبا.pdf"}

var usualType = map[chat.MediaKind]string{
	chat.Photo: "image/jpeg", chat.Video: "video/mp4", chat.Animation: "video/mp4", chat.Audio: "audio/mpeg", chat.Voice: "audio/ogg",
	chat.VideoNote: "video/mp4", chat.File: "application/pdf", chat.Sticker: "image/webp",
}

// heads are how files of a type begin.
var heads = map[string]string{
	"video/mp4": "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", "audio/mpeg": "ID3\x03\x00\x00\x00\x00\x00\x00", "audio/ogg": "OggS\x00\x02",
	"audio/aac": "\xff\xf1\x50\x80", "audio/mp4": "\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00M4A isom", "application/pdf": "%PDF-1.4\n",
	"image/webp": "RIFF\x1a\x00\x00\x00WEBPVP8L\x0e\x00\x00\x00\x2f\x00\x00\x00",
}

// bytesOf makes the n-th file of a type; each is another.
func bytesOf(t *testing.T, mime string, n int) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, 30, 20))
	picture.Pix[0] = uint8(200 * n)
	for i := range picture.Pix[:30] {
		picture.Pix[i] = uint8(100 * n)
	}
	var b bytes.Buffer
	var err error
	switch mime {
	case "image/jpeg":
		err = jpeg.Encode(&b, picture, nil)
	case "image/png":
		err = png.Encode(&b, picture)
	default:
		b.WriteString(heads[mime])
		b.WriteString("a " + mime + " number ")
		b.Write(append([]byte{byte('0' + n)}, make([]byte, 60)...))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// spooled puts a file into the spool, where the router has what it lets the bridge send.
func (w *world) spooled(f sim.Media) chat.Media {
	w.t.Helper()
	m := chat.Media{Kind: chat.MediaKind(f.Kind), MIME: f.MIME, Name: f.Name, Hash: hashOf(f.Data), Size: int64(len(f.Data))}
	path := filepath.Join(w.spool, filepath.FromSlash(chat.SpoolPath(m.Hash)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, f.Data, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return m
}

// fetched plays the router: it lets the bridge copy the bytes of what came up, and returns their hash.
func (w *world) fetched(m chat.Media) string {
	w.t.Helper()
	const name = "in-the-making"
	hash, _, err := w.bridge.FetchMedia(w.t.Context(), m.Ref, name, 50<<20)
	if err != nil {
		w.t.Fatalf("fetch a %s: %v", m.Kind, err)
	}
	if err := os.Remove(filepath.Join(w.spool, name)); err != nil {
		w.t.Fatal(err)
	}
	return hash
}
