// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// changing is a post in doubt that changes the copies c1 and, as one post of several messages, c2 of wa:1.
type changing struct {
	*store.Store
	wa       chat.ChatID
	messages [3]chat.MessageID
	delivery chat.DeliveryID
}

// newChanging plans a change of the first message and puts it in doubt after three calls.
func newChanging(t *testing.T, frozen chat.Post) changing {
	c := changing{Store: openAt(t, t.TempDir(), store.Options{})}
	rm, tg, wa := twoChats(t, c.Store)
	c.wa = wa
	for i, text := range []string{"one", "two", "three"} {
		m, _ := say(t, c.Store, rm, tg, wa, text)
		c.messages[i] = m.ID
		end(t, c.Store, wa, chat.DeliveryDelivered)
	}
	write(t, c.Store, func(tx *store.Tx) (err error) {
		merged := chat.Copy{Chat: wa, Remote: "c", Form: chat.FormMerged, Digest: "shown"}
		for merged.At = range 2 {
			merged.Message = c.messages[merged.At]
			err = errors.Join(err, tx.SaveCopy(merged))
		}
		err = errors.Join(err, tx.SaveCopy(chat.Copy{Chat: wa, Remote: "d", Message: c.messages[2], Digest: "shown"}))
		d, perr := tx.Plan(wa, chat.DeliverEdit, c.messages[0], 1)
		c.delivery = d
		post := outbox.Post{Message: c.messages[0], State: outbox.PostUncertain, Attempts: 3, Frozen: frozen}
		return errors.Join(err, perr, tx.Freeze(wa, d, []outbox.Post{post}))
	})
	return c
}

// record tells of each message's copy what it shows, how often it was changed and its emoji.
func (c changing) record(t *testing.T) (lines []string) {
	t.Helper()
	write(t, c.Store, func(tx *store.Tx) error {
		lines = nil
		for _, m := range c.messages {
			copies, err := tx.Copies(c.wa, m)
			if err != nil || len(copies) != 1 {
				return fmt.Errorf("copies of %d: %+v, %w", m, copies, err)
			}
			lines = append(lines, fmt.Sprintf("%q %d %v", copies[0].Digest, copies[0].Edits, copies[0].Emoji))
		}
		return nil
	})
	return lines
}

// A change that is dropped while nobody knows whether it was made leaves copies of which nobody knows what they show.
func TestWhatIsDroppedInDoubtIsNotTakenForUnchanged(t *testing.T) {
	edit := chat.Post{Key: "k", Action: chat.ActEdit, Text: chat.Text{Body: "new"}}
	react := chat.Post{Key: "k", Action: chat.ActReact, Emoji: []string{"👍"}}
	unknown, reacted, as := `"" 3 []`, `"shown" 0 [👍]`, `"shown" 0 []`
	for name, c := range map[string]struct {
		frozen chat.Post
		end    func(changing) error
		want   []string
	}{
		"edit dropped":      {edit, changing.drop, []string{unknown, unknown, as}},
		"edit unlinked":     {edit, changing.unlink, []string{unknown, unknown, as}},
		"reaction dropped":  {react, changing.drop, []string{reacted, reacted, as}},
		"reaction unlinked": {react, changing.unlink, []string{reacted, reacted, as}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newChanging(t, c.frozen)
			if err := c.end(w); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, w.record(t)); diff != "" {
				t.Errorf("copies (-want +got):\n%s", diff)
			}
		})
	}
}

func (c changing) drop() error {
	_, err := c.DropDelivery(context.Background(), c.delivery, "ada", "")
	return err
}

func (c changing) unlink() error { return c.Unlink(context.Background(), c.wa) }

func TestWhatWasNeverSentLeavesCopiesAsTheyAreWhenItIsDropped(t *testing.T) {
	c := newChanging(t, chat.Post{Key: "k", Action: chat.ActEdit, Text: chat.Text{Body: "new"}})
	write(t, c.Store, func(tx *store.Tx) error { return tx.Raw("UPDATE post SET state = 'ready', attempts = 0") })
	if err := c.drop(); err != nil {
		t.Fatal(err)
	}
	if got := c.record(t); got[0] != `"shown" 0 []` {
		t.Errorf("copies: %q", got)
	}
}

// A post that an operator has repeated may be what the account then sees of itself.
func TestWhatIsToBeRepeatedIsStillInDoubt(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	_, d := say(t, s, rm, tg, wa, "hello")
	write(t, s, func(tx *store.Tx) error {
		return tx.Freeze(wa, d, []outbox.Post{{State: outbox.PostUncertain, Attempts: 1, Frozen: chat.Post{Key: "k", Action: chat.ActSend}}})
	})
	if _, _, err := s.RetryDelivery(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	write(t, s, func(tx *store.Tx) error {
		_, _, doubt, err := tx.Standing("wa", "1", "unknown")
		if len(doubt) != 1 {
			t.Errorf("in doubt: %v", doubt)
		}
		return err
	})
}

// What was in flight when its message disappeared keeps its words until its answer is there, and no longer.
func TestPostInDoubtOfADisappearedMessageIsErased(t *testing.T) {
	a := newArchive(t)
	m := a.say(t, 0)
	var d chat.DeliveryID
	write(t, a.Store, func(tx *store.Tx) (err error) {
		d, err = tx.Plan(a.lane, chat.DeliverSend, m, 0)
		post := outbox.Post{Message: m, State: outbox.PostInFlight, Attempts: 1, Frozen: chat.Post{Key: "k", Action: chat.ActSend, Text: chat.Text{Body: "x"}}}
		return errors.Join(err, tx.Raw("UPDATE message SET expires_at = ? WHERE id = ?", time.Now().Add(time.Hour), m), tx.Freeze(a.lane, d, []outbox.Post{post}))
	})
	for _, state := range []struct {
		of   outbox.PostState
		body string
	}{{outbox.PostInFlight, "x"}, {outbox.PostUncertain, ""}} {
		write(t, a.Store, func(tx *store.Tx) error { return tx.Raw("UPDATE post SET state = ?", state.of) })
		a.erase(t, time.Now().Add(2*time.Hour))
		write(t, a.Store, func(tx *store.Tx) error {
			posts, err := tx.OpenPosts(d)
			if len(posts) != 1 || posts[0].Frozen.Text.Body != state.body {
				t.Errorf("%s: posts %+v", state.of, posts)
			}
			return err
		})
	}
}

// A room that a chat has left, and comes back to, has none of the trouble of what was dropped with the link.
func TestUnlinkingEndsWhatOnlyAnOperatorCanEnd(t *testing.T) {
	for code, held := range map[string]bool{outbox.CodePoisonPost: false, store.CodeRestored: false, "muted": true} {
		s := openAt(t, t.TempDir(), store.Options{})
		rm, tg, wa := twoChats(t, s)
		say(t, s, rm, tg, wa, "hello")
		write(t, s, func(tx *store.Tx) error {
			return tx.HoldLane(wa, outbox.Hold{UntilResumed: true, Why: chat.Reason{Code: code}})
		})
		if err := s.Unlink(context.Background(), wa); err != nil {
			t.Fatal(err)
		}
		write(t, s, func(tx *store.Tx) error {
			err := tx.LinkChat(room.Link{Chat: wa, Room: rm})
			lane, lerr := tx.Lane(wa)
			if lane.Hold.UntilResumed != held {
				t.Errorf("%s: hold %+v", code, lane.Hold)
			}
			return errors.Join(err, lerr)
		})
	}
}

// The numbers of rooms are kept in memory until the commit, also when there are more rooms than are remembered.
func TestRoomsBeyondTheCacheKeepTheirNumbers(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	var rooms []chat.RoomID
	write(t, s, func(tx *store.Tx) error {
		rooms = rooms[:0]
		for n := range store.MaxCached {
			rm := room.Room{Name: fmt.Sprint(n)}
			if err := tx.CreateRoom(&rm); err != nil {
				return err
			}
			rooms = append(rooms, rm.ID)
		}
		return nil
	})
	for range 2 {
		write(t, s, func(tx *store.Tx) error {
			for _, rm := range append(rooms, rooms[0]) {
				if err := tx.AddMessage(&chat.Message{Room: rm, SentAt: time.Now()}, ""); err != nil {
					return err
				}
			}
			return nil
		})
	}
}
