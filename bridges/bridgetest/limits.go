// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/bridges/bridgetest/matrix"
	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// wantRefused delivers what is beyond a limit.
func (w *world) wantRefused(what string, p chat.Post) {
	w.t.Helper()
	if p.Action == "" {
		p.Action = chat.ActSend
	}
	if out := w.deliver(p); out.Kind != chat.Refused || out.Why.Code == "" || out.Why.Sentence == "" {
		w.t.Errorf("%s: %s, %s", what, out.Kind, out.Why)
	}
}

// testCaptionLimit: the longest caption arrives whole, and one unit more is refused.
func testCaptionLimit(t *testing.T, w *world) {
	if !w.caps().Media[chat.Photo].Caption {
		return
	}
	c := w.group("captions")
	media := []chat.Media{w.spooled(fileSample(t, w.caps(), chat.Photo, 0))}
	for _, unit := range []string{"a", "م", "😀"} {
		text := fill(w.caps().Caption, unit)
		ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain(text), Media: media})
		if s := w.seen(c, ids[0]); s.Text != text {
			t.Errorf("a caption of %d bytes arrives with %d", len(text), len(s.Text))
		}
	}
	w.wantRefused("a caption over the limit", chat.Post{Chat: chat.RemoteChat(c), Text: plain(over(w.caps().Caption)), Media: media})
}

// over is the shortest text of plain letters that does not fit.
func over(l chat.TextLimit) string { return fill(l, "a") + "a" }

// maxFilled bounds the files that are made to meet a limit.
const maxFilled = 16 << 20

// testSizeLimits: a file of exactly the size that the capabilities allow is seen as what it is. What becomes of one byte more
// is certain: capabilities may be stricter than the network.
func testSizeLimits(t *testing.T, w *world) {
	c := w.group("sizes")
	for _, file := range w.limited() {
		k, limit := chat.MediaKind(file.Kind), w.caps().Media[chat.MediaKind(file.Kind)].Of(file.MIME)
		file.Data = append(file.Data, make([]byte, limit.MaxBytes-int64(len(file.Data)))...)
		ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Media: []chat.Media{w.spooled(file)}})
		if s := w.seen(c, ids[0]); len(s.Media) != 1 || s.Media[0].Kind != string(k) {
			t.Errorf("a %s of %d bytes of %s is seen as %+v", k, limit.MaxBytes, file.MIME, s.Media)
		}
		file.Data = append(file.Data, 0)
		out := w.deliver(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Media: []chat.Media{w.spooled(file)}})
		switch {
		case out.Kind == chat.Refused:
		case out.Kind != chat.Delivered:
			t.Errorf("a %s of one byte more: %s, %s", k, out.Kind, out.Why)
		case len(w.seen(c, out.IDs[0]).Media) != 1:
			t.Errorf("a %s of one byte more is delivered, and nobody sees it", k)
		}
	}
}

// limited are files of every kind and type whose size has a limit that can be met.
func (w *world) limited() (files []sim.Media) {
	for _, k := range chat.MediaKinds() {
		limit := w.caps().Media[k]
		usual := fileSample(w.t, w.caps(), k, 0)
		for _, mime := range append([]string{usual.MIME}, slices.Sorted(maps.Keys(limit.Types))...) {
			if most := limit.Of(mime).MaxBytes; limit.Level.Native() && most > 0 && most <= maxFilled {
				usual.MIME, usual.Data = mime, bytesOf(w.t, mime, 0)
				files = append(files, usual)
			}
		}
	}
	return files
}

// testEmptyFile: a file without bytes has a clear outcome.
func testEmptyFile(t *testing.T, w *world) {
	c := w.group("empty files")
	file := fileSample(t, w.caps(), chat.File, 0)
	file.Data = nil
	post := chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Media: []chat.Media{w.spooled(file)}}
	if out := w.deliver(post); out.Kind != chat.Refused && out.Kind != chat.Delivered {
		t.Errorf("a file of no bytes: %s, %s", out.Kind, out.Why)
	}
	post.Media[0].Hash = strings.Repeat("0", 64)
	w.wantRefused("a file that is not in the spool", post)
}

// testAlbumLimits: the largest album is one post, its words stand with the item that they belong to, and one item more is
// refused.
func testAlbumLimits(t *testing.T, w *world) {
	limit := w.caps().Album.Max
	if limit < 2 {
		return
	}
	c := w.group("albums")
	var media []chat.Media
	for i := range limit + 1 {
		media = append(media, w.spooled(numbered(t, w.caps(), i)))
	}
	post := chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("of the last"), Media: media[:limit], TextAt: limit - 1}
	ids := w.delivered(post)
	w.checkAlbum(c, ids, post)
	post.Media = media
	w.wantRefused("an album of one item more", post)
	post.Media = media[:1]
	post.Media = append(post.Media, w.spooled(fileSample(t, w.caps(), chat.Sticker, 0)))
	if w.caps().Media[chat.Sticker].Level.Native() && !matrix.Joined(w.caps(), chat.Photo, chat.Sticker) {
		w.wantRefused("an album of what does not go together", post)
	}
}

// numbered is a photo that has something of its number.
func numbered(t *testing.T, caps chat.Capabilities, n int) sim.Media {
	f := fileSample(t, caps, chat.Photo, n%2)
	f.Data = append(f.Data, byte(n))
	return f
}

// checkAlbum looks for every item, in order, and for the text where it belongs. A network may show it all as one message.
func (w *world) checkAlbum(c sim.ChatID, ids []chat.RemoteMessage, post chat.Post) {
	w.t.Helper()
	n := 0
	for i, s := range w.seenAll(c, ids) {
		for _, m := range s.Media {
			if n < len(post.Media) && m.SHA256 != post.Media[n].Hash {
				w.t.Errorf("item %d has other bytes", n)
			}
			n++
		}
		want := ""
		if len(s.Media) > 1 || i == post.TextAt {
			want = post.Text.Body
		}
		if s.Text != want {
			w.t.Errorf("item %d is seen with the text %q, want %q", i, s.Text, want)
		}
	}
	if n != len(post.Media) {
		w.t.Errorf("%d of %d items are seen", n, len(post.Media))
	}
}

// testPollLimits: the largest poll is seen whole, and one unit or option more is refused.
func testPollLimits(t *testing.T, w *world) {
	can := w.caps().Poll
	if !can.Level.Native() {
		return
	}
	c := w.group("polls")
	largest := chat.Poll{Question: fill(can.Question, "م")}
	for i := range can.Options {
		o := fmt.Sprintf("%c ", 'a'+i)
		rest := can.Option
		rest.Max -= rest.Unit.Count(o)
		largest.Options = append(largest.Options, chat.PollOption{Text: o + fill(rest, "م")})
	}
	ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Poll: &largest})
	if s := w.seen(c, ids[0]); s.Poll == nil || s.Poll.Question != largest.Question || len(s.Poll.Options) != can.Options {
		t.Errorf("the largest poll is seen as %+v", s.Poll)
	}
	for what, change := range map[string]func(*chat.Poll){
		"a question of one letter more": func(p *chat.Poll) { p.Question = over(can.Question) },
		"an option of one letter more": func(p *chat.Poll) {
			p.Options = append(p.Options[:1:1], chat.PollOption{Text: over(can.Option)})
		},
		"one option more": func(p *chat.Poll) {
			p.Options = append(p.Options[:can.Options:can.Options], chat.PollOption{Text: "more"})
		},
		"a poll of no option": func(p *chat.Poll) { p.Options = nil },
	} {
		p := largest
		change(&p)
		w.wantRefused(what, chat.Post{Chat: chat.RemoteChat(c), Poll: &p})
	}
}
