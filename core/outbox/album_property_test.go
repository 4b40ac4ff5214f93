// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// deed is one thing that happens in a random talk.
type deed struct {
	what  string // say, item, edit, delete, restart, kill
	album int
	kind  chat.MediaKind
	words int // how long the text is; 0: none
	ready int // seconds until the medium is; -1: never
	which int // message that is edited or deleted, counted back from the last
	wait  int // milliseconds before it
}

var deeds = rapid.Custom(func(t *rapid.T) deed {
	return deed{
		what:  rapid.SampledFrom([]string{"item", "item", "item", "item", "item", "say", "edit", "delete", "restart", "kill"}).Draw(t, "what"),
		album: rapid.SampledFrom([]int{1, 1, 1, 1, 2}).Draw(t, "album"),
		kind:  rapid.SampledFrom([]chat.MediaKind{chat.Photo, chat.Photo, chat.Photo, chat.Video, chat.File, chat.Voice}).Draw(t, "kind"),
		words: rapid.SampledFrom([]int{0, 0, 0, 1, 20}).Draw(t, "words"),
		ready: rapid.SampledFrom([]int{0, 0, 0, 0, 1, 5, 300, -1}).Draw(t, "ready"),
		which: rapid.IntRange(0, 5).Draw(t, "which"),
		wait:  rapid.SampledFrom([]int{0, 0, 1, 100, 600, 1500, 20000}).Draw(t, "wait"),
	}
})

// shown is one message that people see.
type shown struct {
	refs    []string
	text    string
	deleted bool
}

// screen is a network that answers as it was told and remembers what people see.
type screen struct {
	w       *world
	single  bool  // an album is one message
	repeats bool  // a repeated key is shown again
	answers []int // in turn
	order   []string
	all     []*shown
	byID    map[chat.RemoteMessage]*shown
	byKey   map[chat.PostKey][]chat.RemoteMessage
	twice   int
	doubts  int
	bad     []string
}

func (s *screen) answer(_ context.Context, n int, p chat.Post) chat.Outcome {
	time.Sleep(time.Duration(n*37%300) * time.Millisecond)
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	caps := telegramLike()
	albumCaps(&caps)
	if why := outbox.OverLimit(caps, &p); why.Code != "" {
		s.bad = append(s.bad, fmt.Sprint(why))
	}
	switch s.answers[n%len(s.answers)] {
	case 1:
		return chat.RetryAfter(2*time.Second, chat.ScopeChat, why("rate_limited"))
	case 2:
		return chat.RetryAfter(0, chat.ScopeAccount, why("server_error"))
	case 3:
		s.doubts++
		return lost
	case 4:
		s.doubts++
		s.accept(p)
		return lost
	case 5:
		return chat.RetryAfter(0, chat.ScopeAccount, why(chat.CodeNotConnected))
	}
	return s.accept(p)
}

// doubt counts a post that is left in doubt: a death of the router leaves at most one, and so does an end at which the
// store refuses the answer.
func (s *screen) doubt() {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.doubts++
}

func (s *screen) accept(p chat.Post) chat.Outcome {
	switch p.Action {
	case chat.ActSend:
		return chat.DeliveredAs(s.show(p)...)
	case chat.ActEdit:
		s.target(p).text = p.Text.Body
	case chat.ActDelete:
		s.target(p).deleted = true
	}
	return chat.DeliveredAs()
}

func (s *screen) target(p chat.Post) *shown {
	m := s.byID[p.Target[len(p.Target)-1]]
	if m == nil {
		s.bad = append(s.bad, fmt.Sprintf("%s of what is not there: %v", p.Action, p.Target))
		return &shown{}
	}
	return m
}

func (s *screen) show(p chat.Post) []chat.RemoteMessage {
	if ids, ok := s.byKey[p.Key]; ok {
		if !s.repeats {
			return ids
		}
		s.twice++
	}
	var ids []chat.RemoteMessage
	for i := range max(1, len(p.Media)) {
		var m shown
		if len(p.Media) > 0 {
			m.refs = []string{strings.TrimPrefix(p.Media[i].Hash, "hash of ")}
		}
		if i == p.TextAt {
			m.text = p.Text.Body
		}
		s.order = append(s.order, strings.Join(m.refs, ""), m.text)
		if last := len(s.all) - 1; s.single && i > 0 {
			s.all[last].refs = append(s.all[last].refs, m.refs...)
			s.all[last].text += m.text
			continue
		}
		id := chat.RemoteMessage(fmt.Sprint("n", len(s.all)))
		s.all, s.byID[id], ids = append(s.all, &m), &m, append(ids, id)
	}
	s.byKey[p.Key] = ids
	return ids
}

func albumCaps(c *chat.Capabilities) { files(c); c.Caption.Max = 40 }

// drama is a random talk in one chat.
type drama struct {
	*world
	shelf   *shelf
	screen  *screen
	said    []chat.MessageID
	texts   map[chat.MessageID]string // the newest
	deleted map[chat.MessageID]bool
	refuses bool // the store does, now and then
}

func ref(id chat.MessageID) string { return fmt.Sprintf("r%d.", id) }

func text(id chat.MessageID, words, revision int) string {
	if words == 0 {
		return ""
	}
	return fmt.Sprintf("t%d. v%d.%s", id, revision, strings.Repeat(" word", words))
}

func (d *drama) play(t deed) {
	d.wait(time.Duration(t.wait) * time.Millisecond)
	id := chat.MessageID(d.seq + 1)
	switch t.what {
	case "say":
		d.said, d.texts[id] = append(d.said, id), text(id, t.words+1, 0)
		d.say(d.texts[id], 1)
	case "item":
		d.shelf.set(t.ready > 0, t.ready < 0, ref(id))
		if t.ready > 0 {
			d.getReady(id, time.Duration(t.ready)*time.Second)
		}
		d.said, d.texts[id] = append(d.said, id), text(id, t.words, 0)
		d.item(item{kind: t.kind, ref: ref(id), text: d.texts[id], key: chat.AlbumKey(fmt.Sprint(t.album))})
	case "restart":
		d.stop()
		if d.refuses && d.openPost(1).State == outbox.PostInFlight {
			d.screen.doubt()
		}
		d.start()
	case "kill":
		d.screen.doubt()
		d.die()
		d.start()
	default:
		d.alter(t)
	}
}

// getReady lets a medium be ready later, also over restarts.
func (d *drama) getReady(id chat.MessageID, after time.Duration) {
	time.AfterFunc(after, func() {
		d.shelf.set(false, false, ref(id))
		d.mu.Lock()
		box := d.box
		d.mu.Unlock()
		box.Resumed(d.ref(1))
	})
}

func (d *drama) alter(t deed) {
	if t.which >= len(d.said) {
		return
	}
	id := d.said[len(d.said)-1-t.which]
	switch {
	case d.deleted[id]:
	case t.what == "delete" && !d.screen.single:
		d.deleted[id] = true
		d.delete(id, 1)
	case t.what == "edit":
		d.texts[id] = text(id, t.words+1, 1)
		d.edit(id, d.texts[id], 1)
	}
}

// check compares what was said with what people see.
func (d *drama) check() (wrong []string) {
	wrong = d.screen.bad
	if left := d.states(); len(left) > 0 {
		wrong = append(wrong, fmt.Sprintf("left in the lane: %q", left))
	}
	if d.screen.twice > d.screen.doubts {
		wrong = append(wrong, fmt.Sprintf("%d repeats for %d doubts", d.screen.twice, d.screen.doubts))
	}
	last := -1
	for _, id := range d.said {
		if d.deleted[id] {
			wrong = append(wrong, d.checkDeleted(id)...)
			continue
		}
		at := d.firstSight(id)
		if at < last || at < 0 {
			wrong = append(wrong, fmt.Sprintf("message %d is at place %d, the one before at %d", id, at, last))
		}
		last = at
		wrong = append(wrong, d.checkCopies(id)...)
	}
	return wrong
}

// firstSight is where a message was first seen; -1 if it never was.
func (d *drama) firstSight(id chat.MessageID) int {
	return slices.IndexFunc(d.screen.order, func(s string) bool {
		return strings.Contains(s, ref(id)) || strings.Contains(s, fmt.Sprintf("t%d.", id))
	})
}

func (d *drama) checkDeleted(id chat.MessageID) (wrong []string) {
	for _, m := range d.screen.all {
		if !d.screen.repeats && !m.deleted && (slices.Contains(m.refs, ref(id)) || strings.Contains(m.text, fmt.Sprintf("t%d.", id))) {
			wrong = append(wrong, fmt.Sprintf("message %d was deleted and is still shown: %+v", id, *m))
		}
	}
	return wrong
}

// checkCopies looks whether each copy stands where the message is seen, and whether its newest text is seen.
func (d *drama) checkCopies(id chat.MessageID) (wrong []string) {
	seen := ""
	copies := d.copies(1, id)
	for _, c := range copies {
		m := d.screen.byID[c.Remote]
		if m == nil || m.deleted {
			wrong = append(wrong, fmt.Sprintf("a copy of message %d is nowhere: %+v", id, c))
			continue
		}
		if strings.Contains(c.Form, ":") && !slices.Contains(m.refs, ref(id)) {
			wrong = append(wrong, fmt.Sprintf("a copy of message %d is another's: %+v at %+v", id, c, *m))
		}
		seen += m.text + " " + strings.Join(m.refs, " ")
	}
	if len(copies) == 0 || !strings.Contains(flatWords(seen), flatWords(d.texts[id])) {
		wrong = append(wrong, fmt.Sprintf("message %d says %q, and people see %q at %+v", id, d.texts[id], seen, copies))
	}
	return wrong
}

func flatWords(s string) string { return strings.Join(strings.Fields(s), " ") }

// TestAlbumsAreWholeInOrderAndTheirOwn plays random talks full of albums over random answers, kills and slow media.
func TestAlbumsAreWholeInOrderAndTheirOwn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &screen{byID: map[chat.RemoteMessage]*shown{}, byKey: map[chat.PostKey][]chat.RemoteMessage{}}
		s.answers = rapid.SliceOfN(rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, 4, 5}), 1, 20).Draw(rt, "answers")
		s.answers = append(s.answers, 0)
		s.single, s.repeats = rapid.Bool().Draw(rt, "single"), rapid.Bool().Draw(rt, "repeats")
		fails := rapid.SampledFrom([]int{0, 0, 7}).Draw(rt, "fails")
		talk := rapid.SliceOfN(deeds, 1, 30).Draw(rt, "talk")
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = perform(t, s, fails, talk) })
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}

func perform(t *testing.T, s *screen, fails int, talk []deed) []string {
	d := &drama{world: newWorld(t), shelf: newShelf(), screen: s, texts: map[chat.MessageID]string{}, deleted: map[chat.MessageID]bool{}, refuses: fails > 0}
	s.w, d.opt.Media = d.world, d.shelf
	d.chat(1, "tg", albumCaps, func(c *chat.Capabilities) {
		if c.Repeat = chat.RepeatDropped; s.repeats {
			c.Repeat = chat.RepeatDoubles
		}
	})
	d.answers("tg", s.answer)
	commits := 0
	d.store.broken = func() error {
		if commits++; fails > 0 && commits%fails == 0 {
			return errors.New("disk I/O error")
		}
		return nil
	}
	d.start()
	for _, deed := range talk {
		d.play(deed)
	}
	for range 10 { // an operator looks at lanes that are held for deaths
		d.wait(time.Hour)
		if err := d.box.Resume(context.Background(), d.world.ref(1)); err != nil && fails == 0 {
			t.Error(err)
		}
	}
	d.wait(time.Hour)
	d.stop()
	d.world.check()
	return d.check()
}
