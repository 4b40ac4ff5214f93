// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

// erase runs a round of the retention, with a window of a day.
func (a archive) erase(t *testing.T, now time.Time) (erased int) {
	t.Helper()
	erased, err := a.EraseBodies(t.Context(), now, day)
	if err != nil {
		t.Fatal(err)
	}
	return erased
}

func (a archive) wantBodies(t *testing.T, want map[chat.MessageID]bool) {
	t.Helper()
	write(t, a.Store, func(tx *store.Tx) error {
		for m, kept := range want {
			got, ok, err := tx.Message(m)
			if err != nil {
				return err
			}
			if !ok || got.Erased == kept || (got.Content.Text.Body != "") != kept {
				t.Errorf("message %d: known %v, erased %v, want its body kept: %v", m, ok, got.Erased, kept)
			}
		}
		return nil
	})
}

func TestBodiesAreErasedAWindowAfterTheLastDelivery(t *testing.T) {
	a := newArchive(t)
	idle, delivered, recent, open, young := a.say(t, 2*day), a.say(t, 2*day), a.say(t, 2*day), a.say(t, 2*day), a.say(t, 0)
	a.deliver(t, delivered, 25*time.Hour)
	a.deliver(t, recent, 25*time.Hour)
	a.deliver(t, recent, 23*time.Hour)
	a.deliver(t, open, 25*time.Hour)
	a.deliver(t, open, -1)
	if n := a.erase(t, time.Now()); n != 2 {
		t.Errorf("%d erased", n)
	}
	a.wantBodies(t, map[chat.MessageID]bool{idle: false, delivered: false, recent: true, open: true, young: true})
	if kept := a.kept(t, delivered); kept != 3 {
		t.Errorf("of an erased message %d rows are left", kept)
	}
}

func TestErasingReachesOldBodiesBehindManyThatStay(t *testing.T) {
	a := newArchive(t)
	a.keepOpen(t, a.sayMany(t, 1100, 2*day))
	edited, last := a.say(t, 0), a.say(t, 2*day)
	write(t, a.Store, func(tx *store.Tx) error { return tx.Raw("UPDATE message SET revision = 1 WHERE id = ?", edited) })
	if n := a.erase(t, time.Now()); n != 1 {
		t.Errorf("%d erased", n)
	}
	a.wantBodies(t, map[chat.MessageID]bool{edited: true, last: false})
}

func TestDisappearingMessagesGoWhateverWaits(t *testing.T) {
	a := newArchive(t)
	gone, later := a.say(t, 0), a.say(t, 0)
	var posts []outbox.Post
	write(t, a.Store, func(tx *store.Tx) error {
		for m, in := range map[chat.MessageID]time.Duration{gone: time.Hour, later: 3 * time.Hour} {
			if err := tx.Raw("UPDATE message SET expires_at = ? WHERE id = ?", time.Now().Add(in), m); err != nil {
				return err
			}
		}
		d, err := tx.Plan(a.lane, chat.DeliverSend, gone, 0)
		if err != nil {
			return err
		}
		for i, state := range []outbox.PostState{outbox.PostInFlight, outbox.PostReady} {
			posts = append(posts, outbox.Post{Part: i, State: state, Frozen: chat.Post{Key: chat.PostKey(state), Action: chat.ActSend, Text: chat.Text{Body: "x"}}})
		}
		return tx.Freeze(a.lane, d, posts)
	})
	if n := a.erase(t, time.Now().Add(2*time.Hour)); n != 1 {
		t.Errorf("%d erased", n)
	}
	a.wantBodies(t, map[chat.MessageID]bool{gone: false, later: true})
	write(t, a.Store, func(tx *store.Tx) error {
		left, err := tx.OpenPosts(posts[0].Delivery)
		if len(left) != 2 || left[0].Frozen.Text.Body != "x" || left[1].Frozen.Text.Body != "" {
			t.Errorf("posts of a message that has disappeared: %+v", left)
		}
		return err
	})
}

// TestBodiesFromTheFutureAreErasedOneWindowFromNow has a clock that was a year ahead for a while.
func TestBodiesFromTheFutureAreErasedOneWindowFromNow(t *testing.T) {
	a := newArchive(t)
	said, delivered := a.say(t, -365*day), a.say(t, 2*day)
	a.deliver(t, delivered, -365*day+time.Hour)
	write(t, a.Store, func(tx *store.Tx) error {
		return tx.Raw("UPDATE delivery SET state = 'delivered', ended_at = ?", time.Now().Add(365*day))
	})
	for _, round := range []struct {
		after time.Duration
		kept  bool
	}{{0, true}, {23 * time.Hour, true}, {25 * time.Hour, false}} {
		a.erase(t, time.Now().Add(round.after))
		a.wantBodies(t, map[chat.MessageID]bool{said: round.kept, delivered: round.kept})
	}
}

// TestHoldsAreBoundedWhateverTheClockSaid opens a store whose holds were made by a clock that was wrong.
func TestHoldsAreBoundedWhateverTheClockSaid(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	_, tg, wa := twoChats(t, s)
	near := time.Now().Add(time.Hour).Truncate(time.Millisecond).UTC()
	write(t, s, func(tx *store.Tx) error {
		for lane, until := range map[chat.ChatID]time.Time{tg: near, wa: time.Now().Add(1000 * day)} {
			if err := tx.HoldLane(lane, outbox.Hold{Until: until, Fails: 1}); err != nil {
				return err
			}
		}
		return tx.HoldAccount("wa", outbox.Hold{Until: time.Now().Add(2 * day)})
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir, store.Options{})
	write(t, s, func(tx *store.Tx) error {
		ln, err := tx.Lane(tg)
		if ln.Hold.Until != near {
			t.Errorf("a hold for an hour now ends %v", ln.Hold.Until)
		}
		far, ferr := tx.Lane(wa)
		for _, h := range []outbox.Hold{far.Hold, far.AccountHold} {
			if left := time.Until(h.Until); left > day || left < day-time.Hour {
				t.Errorf("a hold from a wrong clock ends in %v", left)
			}
		}
		if err == nil {
			err = ferr
		}
		return err
	})
}

// mark is in everything that TestErasedBodiesAreInNoFile writes.
const mark = "MARK-of-somebodys-words"

func TestErasedBodiesAreInNoFile(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	if n := marks(t, dir); n != 0 {
		t.Fatalf("%d marks before anything was said", n)
	}
	liveAndErase(t, s)
	if n := marks(t, dir); n != 0 {
		t.Errorf("%d marks in a running store", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := marks(t, dir); n != 0 {
		t.Errorf("%d marks in a closed store", n)
	}
}

// TestMarksAreFoundWithoutSecureDelete is the control.
func TestMarksAreFoundWithoutSecureDelete(t *testing.T) {
	defer store.ChangeSetting("secure_delete = ON", "secure_delete = OFF")()
	dir := t.TempDir()
	liveAndErase(t, openAt(t, dir, store.Options{}))
	if marks(t, dir) == 0 {
		t.Error("the search finds nothing where there must be something")
	}
}

// liveAndErase says, edits, delivers, deletes and drops many things, all with the mark in them, and lets the retention run
// until nothing of them may be left.
func liveAndErase(t *testing.T, s *store.Store) {
	t.Helper()
	a := archive{Store: s}
	a.room, a.origin, a.lane = twoChats(t, s)
	epoch := begin(t, s, "tg")
	rng := rand.New(rand.NewPCG(1, 1))
	for range rounds(40, 8) {
		write(t, s, func(tx *store.Tx) error {
			for range 25 {
				if err := a.sayAndDeliver(tx, marked(rng)); err != nil {
					return err
				}
			}
			return tx.SaveCursor("tg", epoch, 0, []chat.StateItem{{Key: "k", Value: []byte(marked(rng))}})
		})
	}
	if marks(t, filepath.Dir(s.Path())) == 0 {
		t.Fatal("nothing was said")
	}
	write(t, s, func(tx *store.Tx) error { return tx.SaveCursor("tg", epoch, 0, []chat.StateItem{{Key: "k"}}) })
	if _, err := s.EraseBodies(t.Context(), time.Now().Add(2*day), day); err != nil {
		t.Fatal(err)
	}
	if err := s.Prune(t.Context(), time.Now().Add(60*day), keep); err != nil {
		t.Fatal(err)
	}
}

// marked is a text with the mark, sometimes longer than a page.
func marked(rng *rand.Rand) string {
	text := fmt.Sprint(mark, rng.Uint64())
	for range 1 << rng.IntN(10) {
		text += " and so on"
	}
	return text + mark
}

// sayAndDeliver leaves the text in a message, its edit, a post and the journal.
func (a archive) sayAndDeliver(tx *store.Tx, text string) error {
	m := chat.Message{Room: a.room, Origin: a.origin, SentAt: time.Now(), Content: chat.Content{Text: chat.Text{Body: text}}}
	if err := tx.AddMessage(&m, chat.RemoteMessage(fmt.Sprint(time.Now().UnixNano()))); err != nil {
		return err
	}
	if _, err := tx.Record("tg", chat.EventKey(fmt.Sprint("key", m.ID)), a.origin, "unknown", []byte(text)); err != nil {
		return err
	}
	d, err := tx.Plan(a.lane, chat.DeliverSend, m.ID, 0)
	if err != nil {
		return err
	}
	posts := []outbox.Post{{Frozen: chat.Post{Key: chat.PostKey(fmt.Sprint(d)), Action: chat.ActSend, Text: m.Content.Text}}}
	if err := tx.Freeze(a.lane, d, posts); err != nil {
		return err
	}
	posts[0].State = outbox.PostDelivered
	if err := tx.SavePost(posts[0]); err != nil {
		return err
	}
	if err := tx.SaveDelivery(chat.Delivery{ID: d, State: chat.DeliveryDelivered}); err != nil || m.ID%3 == 0 {
		return err
	}
	if m.ID%3 == 1 {
		return tx.DeleteMessage(m.ID)
	}
	_, err = tx.Revise(m.ID, chat.Content{Text: chat.Text{Body: mark + " edited"}})
	return err
}

// marks counts the marks in all files of a folder.
func marks(t *testing.T, dir string) (n int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(b, []byte(mark))
	}
	return n
}

func TestErasingCutsTheLogAndGivesSpaceBack(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	liveAndErase(t, s)
	if sizes := s.Sizes(); sizes.Log != 0 || sizes.Database > 5<<18 {
		t.Errorf("an emptied store takes %+v bytes", sizes)
	}
}

// TestLongReadDelaysTheCutAndNothingElse erases while somebody reads, in virtual time.
func TestLongReadDelaysTheCutAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := openAt(t, dir, store.Options{})
		a := archive{Store: s}
		a.room, a.origin, a.lane = twoChats(t, s)
		a.say(t, 2*day)
		endRead := readLong(t, s)
		a.say(t, 2*day) // what the reader does not see yet keeps the log
		if _, err := s.EraseBodies(t.Context(), time.Now(), day); !errors.Is(err, store.ErrLogInUse) {
			t.Errorf("erasing beside a long read: %v", err)
		}
		record(t, s, "goes on")
		endRead()
		a.erase(t, time.Now())
		if log := s.Sizes().Log; log != 0 {
			t.Errorf("the log still has %d bytes", log)
		}
	})
}

// readLong begins to read and returns how to end it.
func readLong(t *testing.T, s *store.Store) (end func()) {
	began, stop, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if err := s.ReadUntil(began, stop); err != nil {
			t.Error(err)
		}
	}()
	<-began
	return func() { close(stop); <-done }
}
