// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

var laneTests = map[string]func(*testing.T, *world){
	"HeadIsTheFirstThatHasNotEnded": func(t *testing.T, w *world) {
		first, second := w.plan(t, w.say(t, "a")), w.plan(t, w.say(t, "b"))
		for _, want := range []chat.DeliveryID{first, second} {
			d, ok := w.head(t)
			if !ok || d.ID != want || d.State != chat.DeliveryWaiting || d.Lane != w.wa || d.PlannedAt.IsZero() {
				t.Errorf("head is %+v, want %d", d, want)
			}
			d.State = chat.DeliveryDelivered
			w.write(t, func(tx Tx) error { return tx.SaveDelivery(d) })
		}
		if d, ok := w.head(t); ok {
			t.Errorf("an empty lane has the head %+v", d)
		}
	},
	"DeliveryComesBackAsItWas": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		var id chat.DeliveryID
		w.write(t, func(tx Tx) (err error) {
			id, err = tx.Plan(w.wa, chat.DeliverEdit, m.ID, 4)
			return err
		})
		d, _ := w.head(t)
		d.State, d.Why = chat.DeliveryUncertain, muted
		w.write(t, func(tx Tx) error { return tx.SaveDelivery(d) })
		w.reopen(t)
		got, _ := w.head(t)
		want := chat.Delivery{ID: id, Lane: w.wa, Kind: chat.DeliverEdit, Message: m.ID, Revision: 4, State: chat.DeliveryUncertain, Why: muted, PlannedAt: got.PlannedAt}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	},
	"WhatHasEndedStaysEnded": func(t *testing.T, w *world) {
		w.plan(t, w.say(t, "a"))
		d, _ := w.head(t)
		for _, state := range []chat.DeliveryState{chat.DeliveryDiscarded, chat.DeliveryWaiting, chat.DeliveryInFlight} {
			d.State = state
			w.write(t, func(tx Tx) error { return tx.SaveDelivery(d) })
		}
		if d, ok := w.head(t); ok {
			t.Errorf("an ended delivery is open again: %+v", d)
		}
	},
	"LaneHasItsLinkAndHolds": func(t *testing.T, w *world) {
		until := time.Now().Add(time.Hour).Truncate(time.Millisecond).UTC() // a wait that is over is forgotten
		lane := outbox.Hold{Until: until, UntilResumed: true, Why: muted, Fails: 3}
		account := outbox.Hold{Until: until.Add(time.Minute), Why: chat.Reason{Code: "flood"}, Fails: 1}
		w.write(t, func(tx Tx) error { return errors.Join(tx.HoldLane(w.wa, lane), tx.HoldAccount("wa", account)) })
		w.reopen(t)
		ln := w.lane(t)
		if ln.Hold != lane || ln.Fails != 3 || ln.AccountHold != account || ln.Link.Room != w.room || ln.Chat.ID != w.wa {
			t.Errorf("lane is %+v", ln)
		}
		w.write(t, func(tx Tx) error {
			return errors.Join(tx.HoldLane(w.wa, outbox.Hold{}), tx.HoldAccount("wa", outbox.Hold{}))
		})
		if ln := w.lane(t); ln.Hold != (outbox.Hold{}) || ln.Fails != 0 || ln.AccountHold != (outbox.Hold{}) {
			t.Errorf("a lane that rests no more: %+v", ln)
		}
	},
	"PaceIsKnownUntilItsTime": func(t *testing.T, w *world) {
		now := time.Now().Truncate(time.Millisecond)
		note := func(lane chat.ChatID, a chat.Account, after time.Duration) outbox.Paced {
			p := outbox.Paced{LaneRef: outbox.LaneRef{Lane: lane, Account: a}, Until: now.Add(after)}
			w.write(t, func(tx Tx) error { return tx.NotePace(p) })
			return p
		}
		note(w.wa, "wa", -time.Second)
		lane := note(w.tg, "tg", time.Hour)
		note(0, "tg", time.Minute)
		account := note(0, "tg", 2*time.Hour)
		note(0, "nobody", time.Hour)
		w.reopen(t)
		got, err := w.s.Paced(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b outbox.Paced) int { return b.Until.Compare(a.Until) })
		if diff := cmp.Diff([]outbox.Paced{account, lane}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	},
	"AccountHoldRestsNoOtherAccount": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error { return tx.HoldAccount("tg", outbox.Hold{UntilResumed: true}) })
		if h := w.lane(t).AccountHold; h != (outbox.Hold{}) {
			t.Errorf("wa rests: %+v", h)
		}
	},
	"UnlinkedLaneHasTheZeroLink": func(t *testing.T, w *world) {
		id := w.chat(t, "wa:9")
		w.write(t, func(tx Tx) error {
			ln, err := tx.Lane(id)
			if ln.Link.Room != 0 || ln.Link.Chat != 0 {
				t.Errorf("link is %+v", ln.Link)
			}
			return err
		})
	},
	"UnknownLaneIsAnError": func(t *testing.T, w *world) {
		err := w.s.Write(t.Context(), func(tx Tx) error { _, err := tx.Lane(12345); return err })
		if err == nil {
			t.Error("found a lane")
		}
	},
	"OpenLanesAreThoseWithWork": func(t *testing.T, w *world) {
		lanes := func() []outbox.LaneRef {
			l, err := w.s.OpenLanes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		if l := lanes(); len(l) != 0 {
			t.Errorf("open lanes without work: %v", l)
		}
		m := w.say(t, "a")
		w.plan(t, m)
		w.plan(t, m)
		if diff := cmp.Diff([]outbox.LaneRef{{Lane: w.wa, Account: "wa"}}, lanes()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	},
	"FailedOperationLeavesNothing": func(t *testing.T, w *world) {
		m, mine := w.say(t, "a"), errors.New("mine")
		err := w.s.Write(context.Background(), func(tx Tx) error {
			if _, err := tx.Plan(w.wa, chat.DeliverSend, m.ID, 0); err != nil {
				return err
			}
			if err := tx.HoldLane(w.wa, outbox.Hold{UntilResumed: true}); err != nil {
				return err
			}
			if err := tx.HoldAccount("wa", outbox.Hold{Fails: 1}); err != nil {
				return err
			}
			if err := tx.Describe(w.wa, chat.ChatInfo{Title: "lost"}); err != nil {
				return err
			}
			if _, err := tx.Identify("wa", chat.Sender{User: "lost", Name: "Lost"}); err != nil {
				return err
			}
			if _, err := tx.Lane(w.wa); err != nil { // which may remember what it reads
				return err
			}
			return mine
		})
		if !errors.Is(err, mine) {
			t.Fatal(err)
		}
		ln := w.lane(t)
		if _, ok := w.head(t); ok || ln.Hold.UntilResumed || ln.AccountHold.Fails != 0 || ln.Chat.Title != "" {
			t.Errorf("left behind: %+v", ln)
		}
		if id := identify(t, w, "wa", chat.Sender{User: "lost"}); id == 0 {
			t.Error("no identity")
		}
	},
}
