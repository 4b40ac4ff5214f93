// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// Lane implements outbox.Lanes. The capabilities share their maps with other calls and must not be changed.
func (t *Tx) Lane(id chat.ChatID) (ln outbox.Lane, err error) {
	c, err := t.knownChat(id)
	if err != nil {
		return ln, err
	}
	a, _, err := t.account(c.chat.Address.Account)
	if err != nil {
		return ln, err
	}
	hash := c.caps
	if hash == "" {
		hash = a.caps
	}
	ln = outbox.Lane{Chat: c.chat, Link: c.link, Language: c.language, AccountHold: a.hold}
	if ln.Caps, err = t.capabilities(hash); err != nil {
		return ln, err
	}
	ln.Hold, err = t.hold(id)
	ln.Fails = ln.Hold.Fails
	return ln, err
}

// hold reads what a lane rests for.
func (t *Tx) hold(id chat.ChatID) (h outbox.Hold, err error) {
	if h, ok := t.w.cache.holds[id]; ok {
		return h, nil
	}
	_, err = t.c.one("SELECT hold_until, until_resumed, why_code, why_sentence, why_action, fails FROM lane WHERE chat = ?",
		func(r row) error { h = scanHold(r, 0); return nil }, id)
	if err != nil {
		return h, err
	}
	return remember(&t.w.cache.holds, id, h), nil
}

// HoldLane implements outbox.Lanes.
func (t *Tx) HoldLane(id chat.ChatID, h outbox.Hold) error {
	delete(t.w.cache.holds, id)
	if h == (outbox.Hold{}) {
		_, err := t.c.exec("DELETE FROM lane WHERE chat = ?", id)
		return err
	}
	_, err := t.c.exec(`INSERT OR REPLACE INTO lane (chat, hold_until, until_resumed, why_code, why_sentence, why_action, fails, held_at, held_up)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, h.Until, h.UntilResumed, h.Why.Code, h.Why.Sentence, h.Why.Action, h.Fails, t.now, t.up())
	return err
}

// Plan implements route.Deliveries.
func (t *Tx) Plan(lane chat.ChatID, kind chat.DeliveryKind, m chat.MessageID, revision int) (chat.DeliveryID, error) {
	id, err := t.id()
	if err != nil {
		return 0, err
	}
	_, err = t.c.execKept("INSERT INTO delivery (id, chat, kind, message, revision, state, planned_at) VALUES (?, ?, ?, ?, ?, 'waiting', ?)",
		id, lane, kind, m, revision, t.now)
	if err != nil {
		return 0, err
	}
	t.planned(chat.Delivery{ID: chat.DeliveryID(id), Lane: lane, Kind: kind, Message: m, Revision: revision,
		State: chat.DeliveryWaiting, PlannedAt: fromMillis(millis(t.now))})
	return chat.DeliveryID(id), nil
}

// Account implements route.Deliveries.
func (t *Tx) Account(lane chat.ChatID) (chat.Account, error) {
	c, err := t.knownChat(lane)
	return c.chat.Address.Account, err
}

const deliveryColumns = "d.id, d.chat, d.kind, d.message, d.revision, d.state, d.planned_at, d.ended_at, d.why_code, d.why_sentence, d.why_action"

func scanDelivery(r row) chat.Delivery {
	return chat.Delivery{ID: chat.DeliveryID(r.int(0)), Lane: chat.ChatID(r.int(1)), Kind: chat.DeliveryKind(r.text(2)),
		Message: chat.MessageID(r.int(3)), Revision: int(r.int(4)), State: chat.DeliveryState(r.text(5)), PlannedAt: r.time(6),
		EndedAt: r.time(7), Why: chat.Reason{Code: r.text(8), Sentence: r.text(9), Action: r.text(10)}}
}

// Head implements outbox.Lanes.
func (t *Tx) Head(id chat.ChatID) (d chat.Delivery, ok bool, err error) {
	l, err := t.openLane(id)
	if err != nil || len(l.first) == 0 {
		return d, false, err
	}
	return l.first[0], true, nil
}

// Next implements outbox.Lanes.
func (t *Tx) Next(d chat.Delivery, n int) (next []chat.Delivery, err error) {
	err = t.c.query("SELECT "+deliveryColumns+" FROM delivery d WHERE d.chat = ? AND d.ended_at IS NULL AND d.id > ? ORDER BY d.id LIMIT ?",
		func(r row) error { next = append(next, scanDelivery(r)); return nil }, d.Lane, d.ID, n)
	return next, err
}

// Open implements outbox.Lanes.
func (t *Tx) Open(id chat.DeliveryID) (d chat.Delivery, ok bool, err error) {
	d, ok, err = t.delivery(id)
	return d, ok && !d.State.Ended(), err
}

// delivery reads a delivery; ok is false when it is not known any more.
func (t *Tx) delivery(id chat.DeliveryID) (d chat.Delivery, ok bool, err error) {
	ok, err = t.c.one("SELECT "+deliveryColumns+" FROM delivery d WHERE d.id = ?", func(r row) error { d = scanDelivery(r); return nil }, id)
	return d, ok, err
}

// SaveDelivery implements outbox.Records. What has ended stays ended.
func (t *Tx) SaveDelivery(d chat.Delivery) error {
	var ended any
	if d.State.Ended() {
		if d.EndedAt.IsZero() {
			d.EndedAt = t.now
		}
		ended = d.EndedAt
	}
	n, err := t.c.execKept("UPDATE delivery SET state = ?, ended_at = ?, why_code = ?, why_sentence = ?, why_action = ? WHERE id = ? AND ended_at IS NULL",
		d.State, ended, d.Why.Code, d.Why.Sentence, d.Why.Action, d.ID)
	if err == nil {
		t.changed(d, n == 0 || d.State.Ended())
	}
	return err
}

// OpenLanes lists every lane that has a delivery which has not ended, the one with the newest first.
func (s *Store) OpenLanes(ctx context.Context) (lanes []outbox.LaneRef, err error) {
	err = s.readLong(ctx, func(c *conn) error {
		return c.query(`SELECT c.id, a.name, (SELECT max(d.id) FROM delivery d WHERE d.chat = c.id AND d.ended_at IS NULL) AS newest
			FROM chat c JOIN account a ON a.id = c.account WHERE newest IS NOT NULL ORDER BY newest DESC`, func(r row) error {
			lanes = append(lanes, outbox.LaneRef{Lane: chat.ChatID(r.int(0)), Account: chat.Account(r.text(1))})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list open lanes: %w", err)
	}
	return lanes, nil
}

// Recover turns what was in flight when the router died into uncertain, counts the death and returns how many there were.
func (s *Store) Recover(ctx context.Context) (uncertain int, err error) {
	why := chat.Reason{Code: chat.CodeRouterDied, Sentence: "The router ended while this post was being sent."}
	outcome, err := encodeOutcome(chat.UncertainFor(why))
	if err != nil {
		return 0, err
	}
	err = s.write(ctx, true, func(tx *Tx) error {
		_, err := tx.c.exec(`UPDATE delivery SET state = 'uncertain', why_code = ?, why_sentence = ?, why_action = ''
			WHERE ended_at IS NULL AND (id IN (SELECT delivery FROM post WHERE state = 'in_flight')
			OR id IN (SELECT delivery FROM post_member WHERE post IN (SELECT id FROM post WHERE state = 'in_flight')))`, why.Code, why.Sentence)
		if err != nil {
			return err
		}
		n, err := tx.c.exec("UPDATE post SET state = 'uncertain', deaths = deaths + 1, outcome = ? WHERE state = 'in_flight'", outcome)
		uncertain = int(n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("recover: %w", err)
	}
	return uncertain, nil
}
