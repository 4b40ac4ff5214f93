// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// item is one message of an album.
type item struct {
	kind chat.MediaKind // default: a photo
	ref  string
	text string
	key  chat.AlbumKey // default: "album"
}

// item stores a message of an album and plans it for lane 1.
func (w *world) item(it item) chat.MessageID {
	m := photo(it.ref)
	if it.kind != "" {
		m.Kind = it.kind
	}
	if it.key == "" {
		it.key = "album"
	}
	id := w.say(it.text)
	w.change(id, func(msg *chat.Message) { msg.Content.Media, msg.Content.Album, msg.Origin = one(m), it.key, 9 })
	w.plan(chat.DeliverSend, id, 1)
	return id
}

// items stores an album of photos named after the letters; a capital letter is a caption too.
func (w *world) items(letters string) (ids []chat.MessageID) {
	for _, r := range letters {
		it := item{ref: string(r)}
		if r < 'a' {
			it.text = string(r)
		}
		ids = append(ids, w.item(it))
	}
	return ids
}

// inAlbumWorld runs f with a chat that takes albums of up to four.
func inAlbumWorld(t *testing.T, f func(w *world), with ...func(*world)) {
	t.Helper()
	shelf := withMedia(newShelf())
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		f(w)
	}, append([]func(*world){shelf}, with...)...)
}

// refs are the media of a call, by their references.
func refs(c call) (all string) {
	for _, m := range c.Media {
		all += m.Hash[len("hash of "):]
	}
	return all
}

// sent lists what was sent, as references and text.
func (n *net) sent() (all []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.calls {
		if c.Action == chat.ActSend {
			all = append(all, refs(c)+" "+c.Text.Body)
		}
	}
	return all
}

func TestAlbumIsOnePost(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		ids := w.items("Abc")
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send [photo* photo photo] A")
		w.want("ended", w.endings(), "send delivered", "send delivered", "send delivered")
		for i, id := range ids {
			c := w.copies(1, id)
			if len(c) != 1 || c[0].Remote != chat.RemoteMessage(fmt.Sprint("m1/", i)) || c[0].At != 0 || c[0].Part != 0 || c[0].SentAt.IsZero() {
				t.Errorf("copies of item %d: %+v", i, c)
			}
		}
	})
}

func TestAlbumIsGatheredUntilItIsQuiet(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		for _, letter := range []string{"a", "b", "c"} { // each comes with another poll
			w.wait(900 * time.Millisecond)
			w.items(letter)
		}
		w.wait(999 * time.Millisecond)
		w.want("calls", w.nets["tg"].sent())
		w.wait(time.Millisecond)
		w.want("calls", w.nets["tg"].sent(), "abc ")
		w.wait(time.Minute)
		w.items("d")
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].sent(), "abc ", "d ")
	})
}

func TestItemThatComesDuringALookIsNotMissed(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.items("ab")
		w.wait(time.Millisecond)
		w.want("calls", w.nets["tg"].sent(), "abc ", " t")
	}, func(w *world) {
		writes := 0
		w.store.after = func() {
			if writes++; writes == 1 { // between the look and the rest
				w.items("c")
				w.say("t", 1)
			}
		}
	})
}

func TestAlbumIsGatheredOverARestart(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.items("a")
		w.wait(500 * time.Millisecond)
		w.stop()
		w.start()
		w.wait(400 * time.Millisecond)
		w.items("b")
		w.wait(999 * time.Millisecond)
		w.want("calls", w.nets["tg"].sent())
		w.wait(time.Millisecond)
		w.want("calls", w.nets["tg"].sent(), "ab ")
	})
}

func TestAlbumEndsAtOnceWhenNothingCanJoinIt(t *testing.T) {
	cases := map[string]struct {
		last func(w *world)
		want []string
	}{
		"a text":  {func(w *world) { w.say("t", 1) }, []string{"ab ", " t"}},
		"an edit": {func(w *world) { w.plan(chat.DeliverEdit, 1, 1) }, []string{"ab "}},
		"another album": {func(w *world) {
			w.item(item{ref: "x", key: "other"})
			w.item(item{ref: "y", key: "other"})
			w.say("t", 1)
		}, []string{"ab ", "xy ", " t"}},
		"another chat": {func(w *world) {
			id := w.item(item{ref: "x"})
			w.change(id, func(m *chat.Message) { m.Origin = 8 })
			w.say("t", 1)
		}, []string{"ab ", "x ", " t"}},
		"it is full":      {func(w *world) { w.items("cd") }, []string{"abcd "}},
		"another kind":    {func(w *world) { w.item(item{ref: "f", kind: chat.File}); w.say("t", 1) }, []string{"ab ", "f ", " t"}},
		"a second text":   {func(w *world) { w.items("CD"); w.say("t", 1) }, []string{"abC C", "D D", " t"}},
		"the same text":   {func(w *world) { w.items("CC"); w.say("t", 1) }, []string{"abCC C", " t"}},
		"not in an album": {func(w *world) { w.show("", one(photo("x")), 1); w.say("t", 1) }, []string{"ab ", "x ", " t"}},
		"another timer": {func(w *world) {
			id := w.item(item{ref: "x"})
			w.change(id, func(m *chat.Message) { m.Content.ExpiresAfter = time.Hour })
			w.say("t", 1)
		}, []string{"ab ", "x ", " t"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inAlbumWorld(t, func(w *world) {
				w.box.SetSendable("tg", false)
				w.items("ab")
				w.box.SetSendable("tg", true)
				w.wait(time.Millisecond) // the lane rests for more
				c.last(w)
				w.wait(0)
				w.want("calls", w.nets["tg"].sent(), c.want...)
				w.wait(time.Hour)
			})
		})
	}
}

func TestWithoutAlbumsItemsGoOneByOneAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", noAlbums)
		w.items("Abc")
		w.wait(0)
		w.want("calls", w.nets["tg"].sent(), "A A", "b ", "c ")
	}, withMedia(newShelf()))
}

func TestTextOfAnAlbumStandsWithItsOwnItem(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		ids := w.items("aBc")
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send [photo photo* photo] B")
		w.edit(ids[1], "new", 1)
		w.edit(ids[2], "third", 1)
		w.wait(0)
		w.delete(ids[1], 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo photo* photo] B", "edit [photo] new", "edit [photo] third", "delete m1/1")
		if a, b := w.nets["tg"].call(1).Target[0], w.nets["tg"].call(2).Target[0]; a != "m1/1" || b != "m1/2" {
			t.Errorf("the edits went to %s and %s", a, b)
		}
		if m := w.nets["tg"].call(1).Media[0]; m.Hash != "" {
			t.Errorf("an edit sends the file again: %+v", m)
		}
		if n := len(w.copies(1, ids[0])) + len(w.copies(1, ids[2])); n != 2 || len(w.copies(1, ids[1])) != 0 {
			t.Errorf("%d copies of the others are left", n)
		}
	})
}

func TestLongTextOfAnAlbumIsKeptWhole(t *testing.T) {
	long := func(c *chat.Capabilities) { files(c); c.Caption.Max = 3 }
	cases := map[string]struct {
		texts [3]string
		want  []string
	}{
		"of the first":   {[3]string{"too long"}, []string{"abc ", " too long"}},
		"of a later one": {[3]string{"", "", "too long"}, []string{"ab ", "c ", " too long"}},
		"that fits":      {[3]string{"", "", "yes"}, []string{"abc yes"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.chat(1, "tg", long)
				var ids []chat.MessageID
				for i, text := range c.texts {
					ids = append(ids, w.item(item{ref: string(rune('a' + i)), text: text}))
				}
				w.wait(time.Second)
				w.want("calls", w.nets["tg"].sent(), c.want...)
				for _, id := range ids {
					if len(w.copies(1, id)) == 0 {
						t.Errorf("message %d has no copy", id)
					}
				}
				w.want("ended", w.endings(), "send delivered", "send delivered", "send delivered")
			}, withMedia(newShelf()))
		})
	}
}

func TestNameStandsOnceAboveAnAlbum(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.lane(1, func(l *outbox.Lane) { l.Link.NameStyle = "" })
		ids := w.items("aB")
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send [photo photo*] Ada|B")
		// An edit that changes nothing that people see there.
		w.change(ids[0], func(m *chat.Message) { m.Revision++; m.Content.Media[0].Spoiler = true })
		w.plan(chat.DeliverEdit, ids[0], 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo photo*] Ada|B")
		if c := w.copies(1, ids[0]); c[0].Revision != 1 {
			t.Errorf("copy: %+v", c[0])
		}
	})
}

func TestItemThatCannotBeHadIsNamedInItsPlace(t *testing.T) {
	for name, late := range map[string]bool{"never": false, "not in time": true} {
		s := newShelf()
		s.set(late, !late, "c")
		inWorld(t, func(w *world) {
			w.chat(1, "tg", files)
			w.items("abcde")
			w.wait(time.Second)
			if late {
				w.want(name, w.nets["tg"].seen())
			}
			w.wait(2 * time.Minute)
			w.want(name, w.nets["tg"].seen(), "send [photo photo]", "send [photo: c.jpg, 1 kB]", "send [photo photo]")
			if n := len(w.endings()); n != 5 {
				t.Errorf("%s: %d ended", name, n)
			}
		}, withMedia(s))
	}
}

func TestItemsThatAreAlreadyGonePartNoAlbum(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.box.SetSendable("tg", false)
		ids := w.items("abcd")
		w.change(ids[1], func(m *chat.Message) { m.Deleted, m.Erased, m.Content = true, true, chat.Content{} })
		w.change(ids[2], func(m *chat.Message) { m.ExpiresAt = time.Now() })
		w.box.SetSendable("tg", true)
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].sent(), "ad ")
		w.want("ended", w.endings(), "send delivered", "send delivered", "send discarded deleted", "send expired expired")
	})
}

func TestEachItemCountsForThePace(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.chat(1, "tg", files, func(c *chat.Capabilities) {
			c.Pace.PerChat = []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}}
		})
		w.items("abcd")
		w.say("next", 1)
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].sent(), "abcd ", " next")
		if gap := w.nets["tg"].call(1).at - w.nets["tg"].call(0).at; gap < 4*time.Second || gap > 5*time.Second {
			t.Errorf("the next post came after %v, want 4 s", gap)
		}
	})
}

func TestAnswersToItemsFindTheirCopies(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		for i, id := range w.items("abc") {
			w.wait(time.Second)
			w.answer(id, 1)
			if r := w.nets["tg"].call(i + 1).Reply; r == nil || r.ID != chat.RemoteMessage(fmt.Sprint("m1/", i)) {
				t.Errorf("the answer to item %d goes to %+v", i, r)
			}
		}
	})
}

// oneID answers as a network whose album is one message.
func oneID(_ context.Context, n int, p chat.Post) chat.Outcome {
	if p.Action != chat.ActSend {
		return chat.DeliveredAs()
	}
	return chat.DeliveredAs(chat.RemoteMessage(fmt.Sprint("m", n)))
}

func TestAlbumThatIsOneMessageThere(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.answers("tg", oneID)
		ids := w.items("Abc")
		w.wait(time.Second)
		for i, id := range ids {
			if c := w.copies(1, id); len(c) != 1 || c[0].Remote != "m1" || c[0].At != i {
				t.Errorf("copies of item %d: %+v", i, c)
			}
		}
		w.edit(ids[0], "new", 1)
		w.edit(ids[1], "mine", 1) // there is but one text, and it is another's
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo* photo photo] A", "edit [photo] new", "send (edited)|[photo: b.jpg, 1 kB]|mine")
		for i := range ids {
			w.delete(ids[i], 1)
			w.wait(0)
		}
		w.want("calls", w.nets["tg"].seen()[3:], "delete m3", "delete m1") // the correction, and the whole with its last item
		w.want("ended", w.endings()[5:], "delete refused delete_shared", "delete refused delete_shared", "delete delivered")
		for _, id := range ids {
			if c := w.copies(1, id); len(c) != 0 {
				t.Errorf("copies are left: %+v", c)
			}
		}
	})
}

func TestMessageWithManyMediaThatIsOneMessageThere(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.answers("tg", oneID)
		id := w.show("x", []chat.Media{photo("a"), photo("b"), photo("c")}, 1)
		w.wait(0)
		w.edit(id, "y", 1)
		w.wait(0)
		w.delete(id, 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo* photo photo] x", "edit [photo] y", "delete m1")
		w.want("ended", w.endings(), "send delivered", "edit delivered", "delete delivered")
	})
}
