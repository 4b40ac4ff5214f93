// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// shelf is a preparer. A medium is ready under the hash of its own reference, unless it is late or lost.
type shelf struct {
	mu    sync.Mutex
	late  map[string]bool // by reference
	lost  map[string]bool
	asked map[string]int
}

func newShelf() *shelf {
	return &shelf{late: map[string]bool{}, lost: map[string]bool{}, asked: map[string]int{}}
}

func (s *shelf) Prepare(_ outbox.LaneRef, _ chat.MessageID, _ int, m chat.Media, _ chat.Capabilities) (chat.Media, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[m.Ref]++
	if !s.late[m.Ref] && !s.lost[m.Ref] {
		m.Hash, m.Ref = "hash of "+m.Ref, ""
	}
	return m, !s.late[m.Ref]
}

// set makes media late or not, lost or not.
func (s *shelf) set(late, lost bool, refs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range refs {
		s.late[r], s.lost[r] = late, lost
	}
}

// withMedia gives the world a shelf.
func withMedia(s *shelf) func(*world) { return func(w *world) { w.opt.Media = s } }

// files lets a chat take photos, videos, files and audio, and albums of up to four.
func files(c *chat.Capabilities) {
	full := chat.MediaLimit{Level: chat.Full, Caption: true}
	c.Media = map[chat.MediaKind]chat.MediaLimit{chat.Photo: full, chat.Video: full, chat.File: full, chat.Audio: full,
		chat.Voice: full, chat.VideoNote: {Level: chat.Full}}
	c.Album = chat.AlbumSupport{Max: 4, Sets: [][]chat.MediaKind{{chat.Photo, chat.Video}, {chat.File}, {chat.Audio}}}
}

func photo(ref string) chat.Media {
	return chat.Media{Kind: chat.Photo, Ref: ref, Name: ref + ".jpg", MIME: "image/jpeg", Size: 1000}
}

// show says something with media.
func (w *world) show(body string, media []chat.Media, lanes ...chat.ChatID) chat.MessageID {
	id := w.say(body)
	w.change(id, func(m *chat.Message) { m.Content.Media = media })
	for _, l := range lanes {
		w.plan(chat.DeliverSend, id, l)
	}
	return id
}

func one(m chat.Media) []chat.Media { return []chat.Media{m} }

func TestMediaAreWaitedForWithoutAHoldOnDisk(t *testing.T) {
	s := newShelf()
	s.set(true, false, "a")
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		w.chat(2, "tg", files)
		w.show("look", one(photo("a")), 1)
		w.say("after it", 1)
		w.show("too", one(photo("b")), 2)
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].seen(), "send [photo] too")
		if h, c := w.hold(1), w.box.Snapshot()["tg"]; h != (outbox.Hold{}) || c.Resting != 1 || c.Active != 0 {
			t.Errorf("hold %+v, lanes %+v", h, c)
		}
		s.set(false, false, "a")
		w.box.Resumed(w.ref(1))
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo] too", "send [photo] look", "send after it")
		if m := w.nets["tg"].call(1).Media[0]; m.Hash != "hash of a" || m.Ref != "" {
			t.Errorf("sent %+v", m)
		}
	}, withMedia(s))
}

func TestMediaThatDoNotComeInTimeBecomeALine(t *testing.T) {
	s := newShelf()
	s.set(true, false, "a")
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		w.show("look", one(photo("a")), 1)
		w.say("after it", 1)
		w.wait(time.Minute)
		w.stop() // the wait is not begun anew
		w.start()
		w.wait(time.Minute - time.Millisecond)
		w.want("calls", w.nets["tg"].seen())
		w.wait(time.Millisecond)
		w.want("calls", w.nets["tg"].seen(), "send [photo: a.jpg, 1 kB]|look", "send after it")
		w.want("ended", w.endings(), "send delivered", "send delivered")
	}, withMedia(s))
}

func TestMediaThatCanNeverBeHadBecomeALineAtOnce(t *testing.T) {
	s := newShelf()
	s.set(false, true, "a")
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		w.show("look", one(photo("a")), 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo: a.jpg, 1 kB]|look")
	}, withMedia(s))
}

func TestMediaOfABacklogGetALittleTime(t *testing.T) {
	s := newShelf()
	s.set(true, false, "a", "b")
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		w.box.SetSendable("tg", false)
		w.show("", one(photo("a")), 1)
		w.show("", one(photo("b")), 1)
		w.wait(time.Hour)
		w.box.SetSendable("tg", true)
		w.wait(10 * time.Second) // nobody had a reason to convert them before
		s.set(false, false, "a")
		w.box.Resumed(w.ref(1))
		w.wait(14 * time.Second)
		w.want("calls", w.nets["tg"].seen(), "send [photo]")
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send [photo]", "send [photo: b.jpg, 1 kB]")
	}, withMedia(s))
}

func TestReadinessDuringAStepIsNotMissed(t *testing.T) {
	s := newShelf()
	s.set(true, false, "a")
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		w.show("", one(photo("a")), 1)
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send [photo]")
	}, withMedia(s), func(w *world) {
		w.store.after = sync.OnceFunc(func() { // between the look at the shelf and the rest
			s.set(false, false, "a")
			w.box.Resumed(w.ref(1))
		})
	})
}

func TestFrozenPostKeepsItsMedia(t *testing.T) {
	s := newShelf()
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		w.answers("tg", func(ctx context.Context, n int, _ chat.Post) chat.Outcome {
			s.set(false, true, "a")
			if n == 1 {
				<-ctx.Done()
			}
			return chat.Outcome{}
		})
		w.show("look", one(photo("a")), 1)
		w.wait(time.Second)
		w.die()
		w.start()
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send [photo] look", "send [photo] look")
		if a, b := w.nets["tg"].call(0), w.nets["tg"].call(1); a.Media[0].Hash != b.Media[0].Hash || a.Key != b.Key {
			t.Errorf("the repeat is %+v", b.Post)
		}
	}, withMedia(s))
}

func TestWithoutAPreparerMediaAreTakenAsTheyAre(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		there, missing := photo("a"), photo("b")
		there.Hash = "h"
		w.show("", one(there), 1)
		w.show("", one(missing), 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo]", "send [photo: b.jpg, 1 kB]")
	})
}

func TestMediaOfOneMessageAreAsManyPostsAsTheChatNeeds(t *testing.T) {
	media := func(kinds ...chat.MediaKind) (all []chat.Media) {
		for i, k := range kinds {
			all = append(all, chat.Media{Kind: k, Ref: string(rune('a' + i)), Size: int64(i + 1)})
		}
		return all
	}
	p := chat.Photo
	cases := map[string]struct {
		media []chat.Media
		caps  func(*chat.Capabilities)
		want  []string
	}{
		"an album":       {media(p, p, chat.Video), files, []string{"send [photo* photo video] x"}},
		"too many":       {media(p, p, p, p, p), files, []string{"send [photo* photo photo photo] x", "send [photo]"}},
		"mixed kinds":    {media(p, chat.File, chat.File, p), files, []string{"send [photo] x", "send [file file]", "send [photo]"}},
		"no albums":      {media(p, p), noAlbums, []string{"send [photo] x", "send [photo]"}},
		"no such kind":   {media(p, chat.Sticker, p), noFiles, []string{"send [photo* photo] [sticker: 2 B]|x"}},
		"without a text": {media(chat.VideoNote, chat.VideoNote), files, []string{"send x", "send [video_note]", "send [video_note]"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.chat(1, "tg", c.caps)
				id := w.show("x", c.media, 1)
				w.wait(0)
				got := w.nets["tg"].seen()
				w.want("calls", got, c.want...)
				w.want("ended", w.endings(), "send delivered")
				w.delete(id, 1)
				w.wait(0)
				if left := w.copies(1, id); len(left) != 0 {
					t.Errorf("a delete leaves %+v", left)
				}
				ids := map[string]bool{}
				for _, s := range w.nets["tg"].seen()[len(got):] {
					ids[strings.TrimPrefix(s, "delete ")] = true
				}
				if n := len(ids); n < len(c.media)-1 || n != w.nets["tg"].count()-len(got) {
					t.Errorf("deleted %v", ids)
				}
			}, withMedia(newShelf()))
		})
	}
}

func noAlbums(c *chat.Capabilities) { files(c); c.Album = chat.AlbumSupport{} }

func noFiles(c *chat.Capabilities) { files(c); delete(c.Media, chat.File) }
