// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

func TestAccountsAreListedWithWhatWaitsForThem(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	epoch := begin(t, s, "wa")
	say(t, s, rm, tg, wa, "a")
	say(t, s, rm, tg, wa, "b")
	down := chat.State{State: "down", Why: chat.Reason{Code: "gone", Sentence: "It is gone.", Action: "Wait."}, Since: time.UnixMilli(1_700_000_000_000).UTC()}
	if err := s.SetAccountState(t.Context(), "wa", down); err != nil {
		t.Fatal(err)
	}
	hold := outbox.Hold{Until: time.UnixMilli(1_800_000_000_000).UTC(), Why: chat.Reason{Code: "flood"}, Fails: 2}
	write(t, s, func(tx *store.Tx) error { return tx.HoldAccount("wa", hold) })
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 2 || accounts[0].Name != "tg" || accounts[0].Waiting != 0 || !accounts[0].Oldest.IsZero() {
		t.Fatalf("accounts: %+v, %v", accounts, err)
	}
	want := store.Account{Name: "wa", Network: "wa", State: down, Epoch: epoch, Hold: hold, Waiting: 2, Oldest: accounts[1].Oldest}
	if diff := cmp.Diff(want, accounts[1]); diff != "" || time.Since(accounts[1].Oldest) > time.Hour {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStateWithoutATimeBeginsNow(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	if err := s.SetAccountState(t.Context(), "tg", chat.State{State: "connected"}); err != nil {
		t.Fatal(err)
	}
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].State.State != "connected" || time.Since(accounts[0].State.Since) > time.Hour {
		t.Errorf("accounts: %+v, %v", accounts, err)
	}
}

func TestChatsAreListedWithRoomAndTitle(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	_, tg, wa := twoChats(t, s)
	day, none := 24*time.Hour, time.Duration(0)
	write(t, s, func(tx *store.Tx) error {
		_, err := tx.Chat(chat.Address{Account: "tg", Chat: "2"}, "tg", "")
		caps := &chat.Capabilities{Network: "tg", Disappears: true}
		return errors.Join(err, tx.Describe(tg, chat.ChatInfo{Title: "Zebras", Members: 7, Timer: &day, Capabilities: caps}), tx.Describe(tg, chat.ChatInfo{}),
			tx.Describe(wa, chat.ChatInfo{Timer: &day}), tx.Describe(wa, chat.ChatInfo{Timer: &none}), tx.RenameRoom(1, "nobody"))
	})
	for account, want := range map[chat.Account][]string{"tg": {"tg:2", "tg:1"}, "": {"tg:2", "tg:1", "wa:1"}, "sig": nil} {
		chats, err := s.Chats(t.Context(), account)
		var got []string
		for _, c := range chats {
			got = append(got, c.Address.String())
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("chats of %q: %v (-want +got):\n%s", account, err, diff)
		}
	}
	found, err := s.FindChat(t.Context(), chat.Address{Account: "tg", Chat: "1"})
	if err != nil || found.Title != "Zebras" || found.Members != 7 || found.Room != "lobby" || found.ID != tg || found.Link.Chat != tg || found.Timer != day || !found.Disappears {
		t.Errorf("found: %+v, %v", found, err)
	}
	if other, err := s.FindChat(t.Context(), chat.Address{Account: "wa", Chat: "1"}); err != nil || other.Timer != 0 || other.Disappears {
		t.Errorf("without a timer: %+v, %v", other, err)
	}
	if _, err := s.FindChat(t.Context(), chat.Address{Account: "tg", Chat: "404"}); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("an unknown chat: %v", err)
	}
	write(t, s, func(tx *store.Tx) error {
		c, ok, err := tx.FindChat(chat.Address{Account: "wa", Chat: "1"})
		a, aerr := tx.Account(wa)
		if c.ID != wa || !ok || a != "wa" {
			t.Errorf("found %+v of %q", c, a)
		}
		return errors.Join(err, aerr)
	})
}

func TestRoomsAreListedWithTheirChats(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	say(t, s, rm, tg, wa, "a")
	write(t, s, func(tx *store.Tx) error { return tx.RenameRoom(rm, "The lobby") })
	if err := s.ApplyConfigRooms(t.Context(), []store.ConfigRoom{{Name: "attic"}}); err != nil {
		t.Fatal(err)
	}
	rooms, err := s.Rooms(t.Context())
	if err != nil || len(rooms) != 2 || rooms[0].Name != "attic" || !rooms[0].FromConfig || len(rooms[0].Chats) != 0 {
		t.Fatalf("rooms: %+v, %v", rooms, err)
	}
	lobby, err := s.Room(t.Context(), "lobby")
	if diff := cmp.Diff(rooms[1], lobby); diff != "" || err != nil {
		t.Errorf("one room and the same in the list: %v\n%s", err, diff)
	}
	if lobby.Title != "The lobby" || lobby.Messages != 1 || len(lobby.Chats) != 2 || lobby.Chats[1].Waiting != 1 {
		t.Errorf("lobby: %+v", lobby)
	}
	if _, err := s.Room(t.Context(), "cellar"); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("an unknown room: %v", err)
	}
}

func TestStatsCount(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	say(t, s, rm, tg, wa, "a")
	end(t, s, wa, chat.DeliveryDelivered)
	m, _ := say(t, s, rm, tg, wa, "b")
	write(t, s, func(tx *store.Tx) error { return tx.DeleteMessage(m.ID) })
	st, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := store.Stats{Rooms: 1, Chats: 2, Messages: 2, Bodies: 1, Copies: 2, Open: 1, Schema: len(store.Migrations()),
		DatabaseBytes: st.DatabaseBytes, LogBytes: st.LogBytes, Commits: st.Commits}
	if diff := cmp.Diff(want, st); diff != "" || st.LogBytes == 0 || st.Commits == 0 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// ids are the items of a page.
func ids(page store.QueuePage) (ids []chat.DeliveryID) {
	for _, it := range page.Items {
		ids = append(ids, it.ID)
	}
	return ids
}

func TestQueueIsReadPageByPageInOrder(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	var open, ended []chat.DeliveryID
	for i := range 7 {
		_, d := say(t, s, rm, tg, wa, fmt.Sprint(i))
		if i < 3 {
			ended = append([]chat.DeliveryID{d}, ended...)
			end(t, s, wa, chat.DeliveryRefused)
		} else {
			open = append(open, d)
		}
	}
	say(t, s, rm, wa, tg, "back")
	_, delivered := say(t, s, rm, wa, tg, "arrives")
	_ = delivered
	for name, c := range map[string]struct {
		filter store.QueueFilter
		want   []chat.DeliveryID
	}{
		"open":           {store.QueueFilter{Chat: chat.Address{Account: "wa", Chat: "1"}, Limit: 3}, open},
		"ended":          {store.QueueFilter{Ended: true, Limit: 2}, ended},
		"of a room":      {store.QueueFilter{Room: "lobby", Chat: chat.Address{Account: "wa", Chat: "1"}, Limit: 1}, open},
		"of nobody":      {store.QueueFilter{Room: "cellar"}, nil},
		"of no chat":     {store.QueueFilter{Chat: chat.Address{Account: "wa", Chat: "404"}}, nil},
		"beyond a limit": {store.QueueFilter{Ended: true, Limit: 1 << 30}, ended},
	} {
		t.Run(name, func(t *testing.T) {
			var got []chat.DeliveryID
			for c.filter.After = ""; ; {
				page, err := s.Queue(t.Context(), c.filter)
				if err != nil || page.Total != len(c.want) {
					t.Fatalf("total %d, %v", page.Total, err)
				}
				got = append(got, ids(page)...)
				if c.filter.After = page.Next; page.Next == "" {
					break
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueueTellsWhyAndUntilWhen(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	say(t, s, rm, tg, wa, "a")
	until := time.Now().Add(time.Hour).Truncate(time.Millisecond).UTC()
	one := func() store.QueueItem {
		page, err := s.Queue(t.Context(), store.QueueFilter{})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		return page.Items[0]
	}
	write(t, s, func(tx *store.Tx) error {
		return errors.Join(tx.HoldLane(wa, outbox.Hold{Until: until, Why: chat.Reason{Code: "slow"}}), tx.HoldAccount("wa", outbox.Hold{Until: until.Add(time.Minute), Why: chat.Reason{Code: "flood"}}))
	})
	if it := one(); it.Why.Code != "slow" || it.Until != until.Add(time.Minute) || it.Held {
		t.Errorf("resting: %+v", it)
	}
	write(t, s, func(tx *store.Tx) error {
		return tx.HoldLane(wa, outbox.Hold{UntilResumed: true, Why: chat.Reason{Code: "muted"}})
	})
	if it := one(); it.Why.Code != "muted" || !it.Until.IsZero() || !it.Held {
		t.Errorf("held: %+v", it)
	}
	write(t, s, func(tx *store.Tx) error { _, err := tx.SetPaused(wa, true); return err })
	if it := one(); !it.Paused || it.Attempts != 0 || it.Room != "lobby" || it.State != chat.DeliveryWaiting {
		t.Errorf("paused: %+v", it)
	}
}

func TestBadCursorsAreRefused(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	for _, bad := range []string{"x", "o.1", "o.a.b", "e.1.2", "o.1.2.3"} {
		if _, err := s.Queue(t.Context(), store.QueueFilter{After: bad}); !errors.Is(err, store.ErrBadCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

func TestEndedDeliveriesSayInWhichState(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	_, d := say(t, s, rm, tg, wa, "a")
	end(t, s, wa, chat.DeliveryExpired)
	_, err := s.DropDelivery(t.Context(), d, "ada", "")
	var ended *store.EndedError
	if !errors.As(err, &ended) || ended.State != chat.DeliveryExpired || !strings.Contains(err.Error(), fmt.Sprint(d)) {
		t.Errorf("drop: %v", err)
	}
	next, lane, err := s.RetryDelivery(t.Context(), d)
	if next <= d || lane.Lane != wa || err != nil {
		t.Errorf("retried as %d in %v: %v", next, lane, err)
	}
}

func TestExportWritesWhatARoomStillHolds(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	var first chat.Message
	write(t, s, func(tx *store.Tx) error {
		who, err := tx.Identify("tg", chat.Sender{User: "u1", Name: "Ada"})
		if err != nil {
			return err
		}
		at := time.UnixMilli(1_700_000_000_000).UTC()
		first = chat.Message{Room: rm, Origin: tg, Sender: who.ID, SentAt: at, Content: chat.Content{Text: chat.Text{Body: "<hi>"}, Media: []chat.Media{{Kind: chat.Photo, Name: "cat"}}}}
		reply := chat.Message{Room: rm, Origin: wa, SentAt: at, Revision: 2, Content: chat.Content{Text: chat.Text{Body: "ho"}}}
		if err := tx.AddMessage(&first, "1"); err != nil {
			return err
		}
		reply.ReplyTo = first.ID
		gone := chat.Message{Room: rm, SentAt: at}
		if err := errors.Join(tx.AddMessage(&reply, "2"), tx.AddMessage(&gone, "")); err != nil {
			return err
		}
		return tx.DeleteMessage(gone.ID)
	})
	var out bytes.Buffer
	if err := s.ExportRoom(t.Context(), "lobby", &out); err != nil {
		t.Fatal(err)
	}
	want := `{"seq":1,"sent_at":"2023-11-14T22:13:20Z","network":"tg","chat":"tg:1","user":"u1","sender":"Ada","text":"<hi>","media":["photo cat"]}
{"seq":2,"sent_at":"2023-11-14T22:13:20Z","network":"wa","chat":"wa:1","text":"ho","reply_to":1,"revision":2}
{"seq":3,"sent_at":"2023-11-14T22:13:20Z","deleted":true,"erased":true}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := s.ExportRoom(t.Context(), "cellar", &out); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("an unknown room: %v", err)
	}
	if err := s.ExportRoom(t.Context(), "lobby", deaf{}); !errors.Is(err, errMine) {
		t.Errorf("a reader that is gone: %v", err)
	}
}

// deaf takes nothing.
type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, errMine }

func TestExportGoesOnOverManyPages(t *testing.T) {
	a := newArchive(t)
	a.sayMany(t, 1001, 0)
	var out bytes.Buffer
	if err := a.ExportRoom(t.Context(), "lobby", &out); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1001 {
		t.Errorf("%d lines, %v", bytes.Count(out.Bytes(), []byte("\n")), err)
	}
}
