// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
	"github.com/causeway-chat/causeway/core/route"
	"github.com/causeway-chat/causeway/core/store"
)

var outageTests = map[string]func(*testing.T, *world){
	"AnIncidentIsKept": func(t *testing.T, w *world) {
		i := w.away(t)
		i.BackAt, i.Trouble = sentAt.Add(time.Hour), chat.TroubleBanned
		if id, err := w.s.SaveIncident(t.Context(), i); err != nil || id != i.ID {
			t.Fatal(id, err)
		}
		w.reopen(t)
		got, err := w.s.Incidents(t.Context(), sentAt.Add(24*time.Hour))
		if diff := cmp.Diff([]outage.Incident{i}, got, sameInstant); err != nil || diff != "" {
			t.Errorf("%v, (-want +got):\n%s", err, diff)
		}
	},
	"ARoomIsToldOnceAndOnceOfTheEnd": func(t *testing.T, w *world) {
		i := w.away(t)
		w.plan(t, w.say(t, "a"))
		to := w.untold(t, i)
		for n := range 2 { // as after an answer of the store that got lost
			lanes, rooms, err := w.s.Tell(t.Context(), i, w.outage(), to)
			if err != nil || len(lanes) != 1-n || rooms != 1-n {
				t.Fatalf("%v, %d rooms, %v", lanes, rooms, err)
			}
			w.reopen(t)
		}
		if to := w.untold(t, i); len(to) > 0 {
			t.Errorf("%v are told again", to)
		}
		w.wantNotice(t, chat.DeliverSend, w.outage())
		i.BackAt = time.Now().Add(time.Second).Truncate(time.Millisecond)
		said := w.outage()
		said.Until = i.BackAt
		if lanes, done, err := w.s.TellEnd(t.Context(), i, said, false, 10); err != nil || done || len(lanes) > 0 {
			t.Fatalf("something waits and the end is told: %v, %v, %v", lanes, done, err)
		}
		w.finish(t, chat.DeliveryDelivered)
		w.finishOf(t, w.tg)
		if err := w.s.Caught(t.Context(), i.ID, map[chat.ChatID]int{w.wa: 1}); err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			if lanes, done, err := w.s.TellEnd(t.Context(), i, said, false, 10); err != nil || !done || len(lanes) != 1-n {
				t.Fatalf("%v, %v, %v", lanes, done, err)
			}
		}
		said.Delivered = 1
		w.wantNotice(t, chat.DeliverEdit, said)
		if n, err := w.s.ToldSince(t.Context(), sentAt); err != nil || n != 2 {
			t.Errorf("%d notices are counted, %v", n, err)
		}
	},
	"WhoComesIsCounted": func(t *testing.T, w *world) {
		counted := 0
		w.write(t, func(tx Tx) error {
			for n := range 8 {
				c, err := tx.Gather(w.tg, chat.NoticeJoined, fmt.Sprint("user", n))
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
		if due, err := w.s.DueGatherings(t.Context(), time.Now(), 10); err != nil || len(due) > 0 {
			t.Errorf("due at once: %+v, %v", due, err)
		}
		due, err := w.s.DueGatherings(t.Context(), time.Now().Add(store.GatherFor+time.Second), 10)
		if err != nil || len(due) != 1 || due[0].Count != 7 || len(due[0].Names) != 5 {
			t.Fatalf("%+v, %v", due, err)
		}
		for _, want := range []int{7, 0} {
			w.write(t, func(tx Tx) error {
				g, err := tx.TakeGathering(w.tg, chat.NoticeJoined)
				if g.Count != want {
					t.Errorf("taken are %d, want %d", g.Count, want)
				}
				return err
			})
		}
		if due, err := w.s.DueGatherings(t.Context(), time.Now().Add(time.Hour), 10); err != nil || len(due) > 0 {
			t.Errorf("the count has not ended: %+v, %v", due, err)
		}
	},
	"WhoIsCountedLongestIsToldFirst": func(t *testing.T, w *world) {
		for _, c := range []chat.ChatID{w.wa, w.tg} {
			w.write(t, func(tx Tx) error {
				_, err := tx.Gather(c, chat.NoticeLeft, "Ada")
				_, again := tx.Gather(c, chat.NoticeLeft, "Bo")
				return errors.Join(err, again)
			})
			for began := time.Now().UnixMilli(); time.Now().UnixMilli() == began; { // times are kept in milliseconds
			}
		}
		w.reopen(t)
		due, err := w.s.DueGatherings(t.Context(), time.Now().Add(time.Hour), 1)
		want := []route.Gathering{{Chat: w.wa, Kind: chat.NoticeLeft, Count: 1, Names: []string{"Bo"}}}
		if diff := cmp.Diff(want, due); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	},
	"AClockThatIsPutBackHoldsNobodyUp": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error {
			_, err := tx.Gather(w.tg, chat.NoticeJoined, "Ada")
			_, again := tx.Gather(w.tg, chat.NoticeJoined, "Bo")
			return errors.Join(err, again)
		})
		due, err := w.s.DueGatherings(t.Context(), time.Now().Add(-time.Hour), 10)
		if err != nil || len(due) != 1 || due[0].Count != 1 {
			t.Errorf("%+v, %v", due, err)
		}
	},
	"WhatIsUndoneCountsNobody": func(t *testing.T, w *world) {
		come := func(fail error) {
			err := w.s.Write(t.Context(), func(tx Tx) error {
				_, err := tx.Gather(w.tg, chat.NoticeJoined, "Ada")
				return errors.Join(err, fail)
			})
			if !errors.Is(err, fail) {
				t.Fatal(err)
			}
		}
		for _, fail := range []error{errUndo, nil, errUndo, nil, errUndo, nil} {
			come(fail)
		}
		due, err := w.s.DueGatherings(t.Context(), time.Now().Add(time.Hour), 10)
		if err != nil || len(due) != 1 || due[0].Count != 2 {
			t.Errorf("%+v, %v", due, err)
		}
	},
}

var sameInstant = cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })

// away opens an incident of the account wa.
func (w *world) away(t *testing.T) outage.Incident {
	t.Helper()
	i := outage.Incident{Account: "wa", Network: "wa", OpenedAt: sentAt, Why: chat.Reason{Code: "unreachable", Sentence: "It is away.", Action: "Wait."}}
	id, err := w.s.SaveIncident(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	i.ID = id
	return i
}

func (w *world) outage() chat.Outage {
	return chat.Outage{Network: "WA", Since: sentAt, Told: sentAt.Add(time.Minute)}
}

func (w *world) untold(t *testing.T, i outage.Incident) []outage.Untold {
	t.Helper()
	to, err := w.s.Untold(t.Context(), i, []chat.Account{"tg"}, sentAt, 100)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// finishOf ends what stands at the head of a lane as delivered.
func (w *world) finishOf(t *testing.T, lane chat.ChatID) {
	t.Helper()
	w.write(t, func(tx Tx) error {
		d, ok, err := tx.Head(lane)
		if err != nil || !ok {
			return fmt.Errorf("no head in lane %d: %w", lane, err)
		}
		d.State, d.EndedAt = chat.DeliveryDelivered, time.Now()
		return tx.SaveDelivery(d)
	})
}

// wantNotice checks the notice that waits for tg:1. When it was told is the store's own time.
func (w *world) wantNotice(t *testing.T, kind chat.DeliveryKind, want chat.Outage) {
	t.Helper()
	w.write(t, func(tx Tx) error {
		d, ok, err := tx.Head(w.tg)
		if err != nil || !ok || d.Kind != kind {
			return fmt.Errorf("head %+v, %v, %w", d, ok, err)
		}
		m, _, err := tx.Message(d.Message)
		if err != nil {
			return err
		}
		got := *m.Content.Notice.Outage
		got.Told = want.Told
		if diff := cmp.Diff(want, got, sameInstant); diff != "" || m.Sender != 0 || m.Origin != 0 {
			t.Errorf("sender %d, (-want +got):\n%s", m.Sender, diff)
		}
		return nil
	})
}
