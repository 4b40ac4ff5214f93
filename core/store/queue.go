// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// ErrInFlight: the delivery is being sent right now.
var ErrInFlight = errors.New("the delivery is in flight")

// ErrEnded: the delivery has ended, so there is nothing to repeat or to drop. EndedError wraps it.
var ErrEnded = errors.New("the delivery has ended")

// EndedError says in which state a delivery has ended.
type EndedError struct {
	ID    chat.DeliveryID
	State chat.DeliveryState
}

// Error names the delivery and the state.
func (e *EndedError) Error() string {
	return fmt.Sprintf("the delivery %d has ended: %s", e.ID, e.State)
}

// Unwrap returns ErrEnded.
func (e *EndedError) Unwrap() error { return ErrEnded }

// ErrBadCursor: the cursor is none that Queue has returned.
var ErrBadCursor = errors.New("not a cursor of this list")

// CodeDropped is the code of deliveries that an operator has dropped.
const CodeDropped = "dropped"

// QueueFilter says which deliveries to list. The zero value is all that have not ended, a hundred at a time.
type QueueFilter struct {
	Room string       // only deliveries to chats of this room
	Chat chat.Address // only deliveries to this chat
	// Ended chooses those that ended without reaching their chat and are still remembered.
	Ended bool
	Limit int    // at most 1000
	After string // the cursor of the page before
}

// QueueItem is a delivery that has not ended, or one that ended without reaching its chat.
type QueueItem struct {
	ID       chat.DeliveryID
	Lane     chat.ChatID
	Chat     chat.Address
	Title    string
	Room     string
	Kind     chat.DeliveryKind
	State    chat.DeliveryState
	Attempts int
	Since    time.Time // planned
	Ended    time.Time // zero while it is open
	// Why is the delivery's own reason, or else that of what its lane or account rests for.
	Why chat.Reason
	// Until is when the rest of its lane or account ends; zero when there is none or nobody knows.
	Until time.Time
	// Held says that it waits for somebody or something, not for a time.
	Held bool
	// Paused says that its link is paused.
	Paused bool
}

// QueuePage is one page of the list. Next is the cursor of the next one; empty on the last.
type QueuePage struct {
	Items []QueueItem
	Next  string
	// Total counts all that the filter chooses, on this page or not.
	Total int
}

const queueColumns = `d.id, d.chat, a.name, c.remote_id, c.title, r.name, d.kind, d.state,
	(SELECT max(p.attempts) FROM post p WHERE p.delivery = d.id), d.planned_at, d.ended_at, d.why_code, d.why_sentence, d.why_action,
	h.hold_until, h.until_resumed, h.why_code, h.why_sentence, h.why_action, h.fails,
	a.hold_until, a.until_resumed, a.hold_code, a.hold_sentence, a.hold_action, a.fails, l.paused`

const queueRows = ` FROM delivery d JOIN chat c ON c.id = d.chat JOIN account a ON a.id = c.account LEFT JOIN link l ON l.chat = c.id
	LEFT JOIN room r ON r.id = l.room LEFT JOIN lane h ON h.chat = c.id
	WHERE (? = '' OR r.name = ?) AND (? = '' OR a.name = ? AND c.remote_id = ?) `

const (
	onlyOpen  = " AND d.ended_at IS NULL "
	onlyEnded = " AND d.ended_at IS NOT NULL AND d.state <> 'delivered' "
)

// Open deliveries come lane by lane, each in order; ended ones the newest first.
const (
	queueOpen  = "SELECT " + queueColumns + queueRows + onlyOpen + "AND (d.chat, d.id) > (?, ?) ORDER BY d.chat, d.id LIMIT ?"
	queueEnded = "SELECT " + queueColumns + queueRows + onlyEnded + "AND (d.ended_at, d.id) < (?, ?) ORDER BY d.ended_at DESC, d.id DESC LIMIT ?"
)

// queueCursor is where a page ended: in the open ones at (chat, id), in the others at (ended_at, id).
type queueCursor struct {
	ended bool
	a, b  int64
}

// queueStart is the cursor before everything.
func queueStart(ended bool) queueCursor {
	if ended {
		return queueCursor{ended: true, a: 1<<63 - 1, b: 1<<63 - 1}
	}
	return queueCursor{}
}

func (q queueCursor) kind() string {
	if q.ended {
		return "e"
	}
	return "o"
}

func (q queueCursor) String() string { return fmt.Sprintf("%s.%d.%d", q.kind(), q.a, q.b) }

func parseCursor(f QueueFilter) (queueCursor, error) {
	q := queueStart(f.Ended)
	if f.After == "" {
		return q, nil
	}
	parts := strings.Split(f.After, ".")
	if len(parts) != 3 || parts[0] != q.kind() {
		return q, ErrBadCursor
	}
	var aerr, berr error
	q.a, aerr = strconv.ParseInt(parts[1], 10, 64)
	q.b, berr = strconv.ParseInt(parts[2], 10, 64)
	if aerr != nil || berr != nil {
		return q, ErrBadCursor
	}
	return q, nil
}

// Queue lists what has not reached its chat: open deliveries lane by lane, or those that ended otherwise in the last
// days, newest first.
func (s *Store) Queue(ctx context.Context, f QueueFilter) (page QueuePage, err error) {
	at, err := parseCursor(f)
	if err != nil {
		return page, err
	}
	limit := min(cmp.Or(max(f.Limit, 0), 100), 1000)
	err = s.read(ctx, func(c *conn) error { return readQueue(c, &page, f, at, limit) })
	if err != nil {
		return QueuePage{}, fmt.Errorf("list queue: %w", err)
	}
	return page, nil
}

func readQueue(c *conn, page *QueuePage, f QueueFilter, at queueCursor, limit int) error {
	sql, only := queueOpen, onlyOpen
	if f.Ended {
		sql, only = queueEnded, onlyEnded
	}
	filter := []any{f.Room, f.Room, f.Chat.Chat, f.Chat.Account, f.Chat.Chat}
	total, err := countQueue(c, f, only, filter)
	if err != nil {
		return err
	}
	page.Total = total
	err = c.query(sql, func(r row) error {
		it := scanQueue(r)
		page.Items = append(page.Items, it)
		at.a, at.b = int64(it.Lane), int64(it.ID)
		if f.Ended {
			at.a = r.int(10)
		}
		return nil
	}, append(filter, at.a, at.b, limit)...)
	if err == nil && len(page.Items) == limit {
		page.Next = at.String()
	}
	return err
}

// countQueue counts what a filter chooses. All of it is counted in an index alone: a million rows take no second.
func countQueue(c *conn, f QueueFilter, only string, filter []any) (int, error) {
	if f.Room == "" && f.Chat == (chat.Address{}) {
		n, err := c.number("SELECT count(*) FROM delivery d WHERE 1" + only)
		return int(n), err
	}
	n, err := c.number("SELECT count(*)"+queueRows+only, filter...)
	return int(n), err
}

func scanQueue(r row) QueueItem {
	it := QueueItem{ID: chat.DeliveryID(r.int(0)), Lane: chat.ChatID(r.int(1)), Title: r.text(4), Room: r.text(5),
		Chat: chat.Address{Account: chat.Account(r.text(2)), Chat: chat.RemoteChat(r.text(3))},
		Kind: chat.DeliveryKind(r.text(6)), State: chat.DeliveryState(r.text(7)), Attempts: int(r.int(8)), Since: r.time(9), Ended: r.time(10),
		Why: chat.Reason{Code: r.text(11), Sentence: r.text(12), Action: r.text(13)}, Paused: r.bool(26)}
	if it.Ended.IsZero() {
		it.explain(scanHold(r, 14), scanHold(r, 20))
	}
	return it
}

// explain adds what the lane or the account rests for. A hold that needs somebody says more than the last answer.
func (it *QueueItem) explain(holds ...outbox.Hold) {
	for _, h := range holds {
		it.Held = it.Held || h.UntilResumed
		if h.Until.After(it.Until) {
			it.Until = h.Until
		}
		if h.Why.Code != "" && (it.Why.Code == "" || h.UntilResumed) {
			it.Why = h.Why
		}
	}
	if it.Held {
		it.Until = time.Time{}
	}
}

// RetryDelivery makes the lane of an open delivery go on: its hold ends, deaths are forgiven, and a post in doubt is sent
// once more even if the link's setting would drop it. One that ended without reaching its chat is planned again, at the
// end of its lane, unless that was done before and is still open or has reached its chat. It returns the delivery that will
// be tried and its lane, to be told to the outbox. ErrUnknown, and an *EndedError when it was delivered.
func (t *Tx) RetryDelivery(id chat.DeliveryID) (next chat.DeliveryID, lane outbox.LaneRef, err error) {
	d, lane, err := t.known(id)
	if err != nil {
		return 0, lane, err
	}
	if d.State == chat.DeliveryDelivered {
		return 0, lane, &EndedError{id, d.State}
	}
	if d.State.Ended() {
		later, planned, err := t.plannedAgain(d)
		switch {
		case err != nil:
			return 0, lane, err
		case later.State == chat.DeliveryDelivered:
			return 0, lane, &EndedError{id, later.State}
		case !planned || later.State.Ended():
			next, err = t.Plan(d.Lane, d.Kind, d.Message, d.Revision)
			return next, lane, err
		}
		id, d = later.ID, later
	}
	if err := t.HoldLane(d.Lane, outbox.Hold{}); err != nil {
		return 0, lane, err
	}
	return id, lane, t.forgive(d)
}

// plannedAgain finds what was planned last in place of a delivery that has ended; ok is false when nothing was.
func (t *Tx) plannedAgain(d chat.Delivery) (later chat.Delivery, ok bool, err error) {
	ok, err = t.c.one("SELECT "+deliveryColumns+` FROM delivery d WHERE d.message = ? AND d.chat = ? AND d.kind = ? AND d.revision = ? AND d.id > ?
		ORDER BY d.id DESC LIMIT 1`, func(r row) error { later = scanDelivery(r); return nil }, d.Message, d.Lane, d.Kind, d.Revision, d.ID)
	return later, ok, err
}

// forgive lets the posts of a delivery be sent again, also one that carries it with others. The key stays: what it was sent under once may have arrived.
func (t *Tx) forgive(d chat.Delivery) error {
	if d.State == chat.DeliveryInFlight {
		return nil
	}
	_, err := t.c.exec(`UPDATE post SET deaths = 0, state = CASE state WHEN 'uncertain' THEN 'ready' ELSE state END
		WHERE delivery = ?1 OR delivery IN `+together, d.ID)
	if err != nil || d.State != chat.DeliveryUncertain {
		return err
	}
	_, err = t.c.exec("UPDATE delivery SET state = 'waiting' WHERE state = 'uncertain' AND (id = ?1 OR id IN "+together+")", d.ID)
	return err
}

// together are the deliveries that one post carries with a delivery.
const together = "(SELECT o.delivery FROM post_member m JOIN post_member o ON o.post = m.post WHERE m.delivery = ?1)"

// known reads a delivery with its lane.
func (t *Tx) known(id chat.DeliveryID) (d chat.Delivery, lane outbox.LaneRef, err error) {
	d, ok, err := t.delivery(id)
	if err == nil && !ok {
		err = fmt.Errorf("delivery %d is %w", id, ErrUnknown)
	}
	if err != nil {
		return d, lane, err
	}
	c, err := t.knownChat(d.Lane)
	return d, outbox.LaneRef{Lane: d.Lane, Account: c.chat.Address.Account}, err
}

// DropDelivery ends an open delivery as discarded, with CodeDropped; by names who wanted it. What it shares a post in doubt
// with stays in doubt. When it was the first of its lane, a hold that waits for an operator ends too. It returns the lane, to be told to the outbox. ErrUnknown, ErrInFlight
// and *EndedError.
func (t *Tx) DropDelivery(id chat.DeliveryID, by, why string) (lane outbox.LaneRef, err error) {
	d, lane, err := t.known(id)
	if err != nil {
		return lane, err
	}
	switch {
	case d.State.Ended():
		return lane, &EndedError{id, d.State}
	case d.State == chat.DeliveryInFlight:
		return lane, fmt.Errorf("delivery %d: %w", id, ErrInFlight)
	}
	first, _, err := t.Head(d.Lane)
	if err != nil {
		return lane, err
	}
	if err := errors.Join(t.handOver(d), t.discard(d, droppedBy(d, by, why))); err != nil {
		return lane, err
	}
	return lane, t.endHoldOf(d, first.ID == id)
}

// handOver gives a post in doubt that a delivery carries together with others to the first of these, so that what becomes of
// them is decided under the key that may have arrived.
func (t *Tx) handOver(d chat.Delivery) error {
	posts, err := t.OpenPosts(d.ID)
	for _, p := range posts {
		if err == nil && p.Attempts > 0 {
			err = t.handOverPost(p)
		}
	}
	return err
}

func (t *Tx) handOverPost(p outbox.Post) error {
	for _, it := range p.Items {
		if _, open, err := t.Open(it.Delivery); err != nil || !open || it.Delivery == p.Delivery {
			if err != nil {
				return err
			}
			continue
		}
		_, err := t.c.exec("UPDATE post SET delivery = ?, message = ?, part = ?, revision = ? WHERE delivery = ? AND id = ?",
			it.Delivery, it.Message, it.Part, it.Revision, p.Delivery, p.ID)
		return err
	}
	return nil
}

// endHoldOf ends a hold that only an operator can end when what it was for is dropped: the poison of one post goes with
// that post, the doubt after a restore with the last delivery that may have been sent before.
func (t *Tx) endHoldOf(dropped chat.Delivery, first bool) error {
	h, err := t.hold(dropped.Lane)
	if err != nil || !forOperators(h) {
		return err
	}
	holds := !first
	if h.Why.Code == CodeRestored {
		if holds, err = t.anyRestored(dropped.Lane); err != nil {
			return err
		}
	}
	if holds {
		return nil
	}
	return t.HoldLane(dropped.Lane, outbox.Hold{})
}

// droppedBy says who dropped it, why, and whether it may have arrived.
func droppedBy(d chat.Delivery, by, why string) chat.Reason {
	sentence := "Dropped"
	if by != "" {
		sentence += " by " + by
	}
	if why != "" {
		sentence += ": " + strings.TrimSuffix(why, ".")
	}
	return chat.Reason{Code: CodeDropped, Sentence: sentence + "." + orArrived(d)}
}

// orArrived adds to the reason why a delivery ends that nobody knows whether it has reached its chat.
func orArrived(d chat.Delivery) string {
	if d.State != chat.DeliveryUncertain && d.State != chat.DeliveryInFlight {
		return ""
	}
	return " It may have been delivered."
}

// RetryDelivery is Tx.RetryDelivery in a transaction of its own.
func (s *Store) RetryDelivery(ctx context.Context, id chat.DeliveryID) (next chat.DeliveryID, lane outbox.LaneRef, err error) {
	err = s.writeVital(ctx, func(tx *Tx) (err error) {
		next, lane, err = tx.RetryDelivery(id)
		return err
	})
	return next, lane, err
}

// DropDelivery is Tx.DropDelivery in a transaction of its own.
func (s *Store) DropDelivery(ctx context.Context, id chat.DeliveryID, by, why string) (lane outbox.LaneRef, err error) {
	err = s.writeVital(ctx, func(tx *Tx) (err error) {
		lane, err = tx.DropDelivery(id, by, why)
		return err
	})
	return lane, err
}
