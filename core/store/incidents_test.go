// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

var wentAway = time.UnixMilli(1_790_000_000_000)

// away opens an incident of the account wa.
func away(t *testing.T, s *store.Store) outage.Incident {
	t.Helper()
	i := outage.Incident{Account: "wa", Network: "wa", Why: chat.Reason{Code: "unreachable", Sentence: "It is away.", Action: "Wait."},
		OpenedAt: wentAway}
	id, err := s.SaveIncident(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	i.ID = id
	return i
}

func untold(t *testing.T, s *store.Store, i outage.Incident, working ...chat.Account) []outage.Untold {
	t.Helper()
	to, err := s.Untold(t.Context(), i, working, wentAway, 100)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestIncidentsAreKeptUntilTheyAreDoneAndForgotten(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	i := away(t, s)
	i.BackAt, i.EndedAt, i.Trouble = wentAway.Add(time.Hour), wentAway.Add(2*time.Hour), chat.TroubleBanned
	if _, err := s.SaveIncident(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	list := func() []outage.Incident {
		got, err := s.Incidents(t.Context(), wentAway.Add(3*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff([]outage.Incident{i}, list()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	i.Done = true
	if _, err := s.SaveIncident(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	if got := list(); len(got) > 0 {
		t.Errorf("it is done and is still listed: %+v", got)
	}
	keep := store.Keep{Ended: time.Hour, Keys: time.Hour, IDs: time.Hour}
	if err := s.Prune(t.Context(), wentAway.Add(24*time.Hour), keep); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Incidents(t.Context(), wentAway); err != nil || len(all) > 0 {
		t.Errorf("it is not forgotten: %+v, %v", all, err)
	}
}

func TestOnlyAffectedChatsThatWorkAndTakeNoticesAreTold(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	i := away(t, s)
	if to := untold(t, s, i, "tg"); len(to) > 0 {
		t.Errorf("nothing waits and %v are told", to)
	}
	say(t, s, rm, tg, wa, "hello")
	if diff := cmp.Diff([]outage.Untold{{Room: rm, Chat: tg}}, untold(t, s, i, "tg")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if to := untold(t, s, i, "sig"); len(to) > 0 {
		t.Errorf("of an account that does not work %v are told", to)
	}
	for name, l := range map[string]room.Link{
		"gives only": {Direction: room.In, Notices: room.Changes, CatchUp: room.CatchUpAll}, "hears nothing": {Direction: room.Both, Notices: room.NoNotices},
		"is paused": {Direction: room.Both, Notices: room.Changes, CatchUp: room.CatchUpAll, Paused: true},
	} {
		l.Chat, l.Room, l.NameStyle, l.OnUncertain = tg, rm, chat.OwnLine, chat.Resend
		write(t, s, func(tx *store.Tx) error { return tx.SaveLink(l) })
		if to := untold(t, s, i, "tg"); len(to) > 0 {
			t.Errorf("a chat that %s is told", name)
		}
	}
}

func TestWhoSpokeToADeafNetworkIsAffected(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	i := away(t, s)
	i.Trouble = chat.TroubleDeaf
	say(t, s, rm, tg, wa, "what goes there goes out")
	if to := untold(t, s, i, "tg", "wa"); len(to) > 0 {
		t.Errorf("nobody has spoken there and %v are told", to)
	}
	say(t, s, rm, wa, tg, "this was heard")
	if to := untold(t, s, i, "tg", "wa"); len(to) != 2 {
		t.Errorf("%v are told, want both chats of the room", to)
	}
}

func TestWhoSpokeToAChatThatTakesNothingIsAffected(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	write(t, s, func(tx *store.Tx) error {
		return tx.SaveLink(room.Link{Chat: wa, Room: rm, Direction: room.In, NameStyle: chat.OwnLine, OnUncertain: chat.Resend, Notices: room.Changes, CatchUp: room.CatchUpAll})
	})
	i := away(t, s)
	if to := untold(t, s, i, "tg"); len(to) > 0 {
		t.Errorf("nobody has spoken and %v are told", to)
	}
	say(t, s, rm, wa, tg, "hello")
	if to := untold(t, s, i, "tg"); len(to) != 1 {
		t.Errorf("%v are told", to)
	}
}

// wantNotice checks the notice that waits at the head of a lane. When it was told is the store's own time.
func wantNotice(t *testing.T, s *store.Store, lane chat.ChatID, kind chat.DeliveryKind, want chat.Outage) {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		d, ok, err := tx.Head(lane)
		if err != nil || !ok || d.Kind != kind {
			return fmt.Errorf("head %+v, %v, %w", d, ok, err)
		}
		m, _, err := tx.Message(d.Message)
		if err != nil {
			return err
		}
		got := *m.Content.Notice.Outage
		got.Told = want.Told
		if diff := cmp.Diff(want, got); diff != "" || m.Sender != 0 || m.Origin != 0 {
			t.Errorf("sender %d, (-want +got):\n%s", m.Sender, diff)
		}
		return nil
	})
}

func TestTwoAccountsOfOneNetworkAreToldApart(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	var other chat.ChatID
	write(t, s, func(tx *store.Tx) error {
		c, err := tx.Chat(chat.Address{Account: "wa2", Chat: "1"}, "wa", "another")
		if err != nil {
			return err
		}
		other = c.ID
		if err := tx.Describe(wa, chat.ChatInfo{Title: "Choir"}); err != nil {
			return err
		}
		return tx.LinkChat(room.Link{Chat: c.ID, Room: rm})
	})
	i := away(t, s)
	say(t, s, rm, tg, wa, "hello")
	said := chat.Outage{Network: "WA", Since: wentAway}
	if _, _, err := s.Tell(t.Context(), i, said, untold(t, s, i, "wa2")); err != nil {
		t.Fatal(err)
	}
	said.Network = "WA (Choir)"
	wantNotice(t, s, other, chat.DeliverSend, said)
}

func TestTheEndIsToldInTheEndWhateverWaits(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	i := away(t, s)
	for n := range 3 {
		say(t, s, rm, tg, wa, fmt.Sprint(n))
	}
	if _, _, err := s.Tell(t.Context(), i, chat.Outage{Network: "WA", Since: wentAway}, untold(t, s, i, "tg")); err != nil {
		t.Fatal(err)
	}
	end(t, s, tg, chat.DeliveryDelivered)
	end(t, s, wa, chat.DeliveryDelivered)
	i.BackAt = time.Now().Add(time.Second).Truncate(time.Millisecond)
	lanes, done, err := s.TellEnd(t.Context(), i, chat.Outage{Network: "WA", Since: wentAway, Until: i.BackAt}, true, 10)
	if err != nil || !done || len(lanes) != 1 {
		t.Fatalf("%v, %v, %v", lanes, done, err)
	}
	wantNotice(t, s, tg, chat.DeliverEdit, chat.Outage{Network: "WA", Since: wentAway, Until: i.BackAt, Waiting: 2})
}

func TestTheLanguageOfARoomReachesItsLanes(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, _ := twoChats(t, s)
	for _, code := range []string{"", "ar", "en"} {
		write(t, s, func(tx *store.Tx) error {
			if code != "" {
				if err := tx.SetLanguage(rm, code); err != nil {
					return err
				}
			}
			l, err := tx.Lane(tg)
			if l.Language != code {
				t.Errorf("the lane speaks %q, want %q", l.Language, code)
			}
			return err
		})
	}
}

func TestWhoComesIsCountedByTheMinute(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	_, tg, _ := twoChats(t, s)
	counted := 0
	write(t, s, func(tx *store.Tx) error {
		for n := range 8 {
			c, err := tx.Gather(tg, chat.NoticeJoined, fmt.Sprint("user", n))
			if err != nil {
				return err
			}
			if c {
				counted++
			}
		}
		return nil
	})
	if counted != 7 {
		t.Errorf("%d of 8 are counted", counted)
	}
	if due, err := s.DueGatherings(t.Context(), time.Now(), 10); err != nil || len(due) > 0 {
		t.Errorf("due at once: %+v, %v", due, err)
	}
	due, err := s.DueGatherings(t.Context(), time.Now().Add(store.GatherFor+time.Second), 10)
	if err != nil || len(due) != 1 || due[0].Count != 7 || len(due[0].Names) != 5 {
		t.Fatalf("%+v, %v", due, err)
	}
	for _, want := range []int{7, 0} {
		write(t, s, func(tx *store.Tx) error {
			g, err := tx.TakeGathering(tg, chat.NoticeJoined)
			if g.Count != want {
				t.Errorf("taken are %d, want %d", g.Count, want)
			}
			return err
		})
	}
	if due, err := s.DueGatherings(t.Context(), time.Now().Add(time.Hour), 10); err != nil || len(due) > 0 {
		t.Errorf("the count has not ended: %+v, %v", due, err)
	}
}

func TestAnAccountIsAwayFromTheBeginningToTheEndOfAnIncident(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	begin := time.Now().Truncate(time.Millisecond)
	i := outage.Incident{Account: "wa", Network: "whatsapp", OpenedAt: begin}
	var err error
	if i.ID, err = s.SaveIncident(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	want := func(what string, a chat.Account, at time.Time, want bool) {
		t.Helper()
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			got, err := tx.Away(a, at)
			if got != want {
				t.Errorf("%s: away is %t", what, got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want("before", "wa", begin.Add(-time.Millisecond), false)
	want("while it lasts", "wa", begin.Add(time.Hour), true)
	want("another account", "tg", begin.Add(time.Hour), false)
	i.Trouble = chat.TroubleDeaf
	if _, err := s.SaveIncident(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	want("while it is merely deaf", "wa", begin.Add(time.Hour), false)
	i.Trouble = ""
	i.BackAt = begin.Add(time.Hour)
	if _, err := s.SaveIncident(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	want("at the beginning", "wa", begin, true)
	want("at the end", "wa", begin.Add(time.Hour), false)
}
