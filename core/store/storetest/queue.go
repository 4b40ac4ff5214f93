// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

var queueTests = map[string]func(*testing.T, *world){
	"RetryEndsTheHoldAndTheDoubt": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		d := w.plan(t, m)
		p := w.mark(t, w.freeze(t, d, m, "k", 1)[0])
		p.State, p.Deaths = outbox.PostUncertain, 3
		poison := outbox.Hold{UntilResumed: true, Why: chat.Reason{Code: outbox.CodePoisonPost}, Fails: 4}
		w.write(t, func(tx Tx) error {
			head, _, err := tx.Head(w.wa)
			if err != nil {
				return err
			}
			head.State = chat.DeliveryUncertain
			if err := tx.SaveDelivery(head); err != nil {
				return err
			}
			if err := tx.SavePost(p); err != nil {
				return err
			}
			return tx.HoldLane(w.wa, poison)
		})
		w.write(t, func(tx Tx) error {
			next, lane, err := tx.RetryDelivery(d)
			if next != d || lane != (outbox.LaneRef{Lane: w.wa, Account: "wa"}) {
				t.Errorf("retries %d in %+v", next, lane)
			}
			return err
		})
		w.write(t, func(tx Tx) error {
			posts, err := tx.OpenPosts(d)
			if len(posts) != 1 || posts[0].State != outbox.PostReady || posts[0].Deaths != 0 || posts[0].Frozen.Key != "k-0" || posts[0].Attempts != 1 {
				t.Errorf("posts: %+v", posts)
			}
			return err
		})
		if head, _ := w.head(t); head.State != chat.DeliveryWaiting || w.lane(t).Hold != (outbox.Hold{}) {
			t.Errorf("head %+v, lane %+v", head, w.lane(t))
		}
	},
	"RetryLeavesWhatIsInFlightAlone": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		d := w.plan(t, m)
		w.mark(t, w.freeze(t, d, m, "k", 1)[0])
		w.write(t, func(tx Tx) error { _, _, err := tx.RetryDelivery(d); return err })
		if head, _ := w.head(t); head.State != chat.DeliveryInFlight {
			t.Errorf("head is %+v", head)
		}
	},
	"RetryOfARefusedOnePlansItAgain": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		first := w.plan(t, m)
		w.finish(t, chat.DeliveryRefused)
		second := w.plan(t, w.say(t, "b"))
		w.write(t, func(tx Tx) error {
			next, _, err := tx.RetryDelivery(first)
			if next <= second {
				t.Errorf("%d goes before %d, which was planned earlier", next, second)
			}
			return err
		})
	},
	"RetryTwicePlansOnce": func(t *testing.T, w *world) {
		first := w.plan(t, w.say(t, "a"))
		w.finish(t, chat.DeliveryRefused)
		second := w.retry(t, first)
		if again := w.retry(t, first); second <= first || again != second {
			t.Errorf("retries of %d plan %d and %d", first, second, again)
		}
		w.finish(t, chat.DeliveryRefused)
		if third := w.retry(t, first); third <= second {
			t.Errorf("after %d was refused a retry plans %d", second, third)
		}
		w.finish(t, chat.DeliveryDelivered)
		w.refused(t, store.ErrEnded, func(tx Tx) error { _, _, err := tx.RetryDelivery(first); return err })
	},
	"DeliveredOnesAreDone": func(t *testing.T, w *world) {
		d := w.plan(t, w.say(t, "a"))
		w.finish(t, chat.DeliveryDelivered)
		w.refused(t, store.ErrEnded, func(tx Tx) error { _, _, err := tx.RetryDelivery(d); return err })
		w.refused(t, store.ErrEnded, func(tx Tx) error { _, err := tx.DropDelivery(d, "", ""); return err })
	},
	"UnknownDeliveryIsTold": func(t *testing.T, w *world) {
		w.refused(t, store.ErrUnknown, func(tx Tx) error { _, _, err := tx.RetryDelivery(99999); return err })
		w.refused(t, store.ErrUnknown, func(tx Tx) error { _, err := tx.DropDelivery(99999, "", ""); return err })
	},
	"DropEndsTheDeliveryItsPostsAndItsPoison": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		d, after := w.plan(t, m), w.plan(t, m)
		w.freeze(t, d, m, "k", 2)
		w.write(t, func(tx Tx) error {
			return tx.HoldLane(w.wa, outbox.Hold{UntilResumed: true, Why: chat.Reason{Code: outbox.CodePoisonPost}})
		})
		w.write(t, func(tx Tx) error {
			lane, err := tx.DropDelivery(d, "ada", "too late")
			if lane.Lane != w.wa {
				t.Errorf("lane %+v", lane)
			}
			return err
		})
		if head, _ := w.head(t); head.ID != after || w.lane(t).Hold.UntilResumed {
			t.Errorf("head %+v, hold %+v", head, w.lane(t).Hold)
		}
		w.write(t, func(tx Tx) error {
			_, ok, err := tx.PostByKey("k-0")
			if ok {
				t.Error("a post is left")
			}
			return err
		})
	},
	"DropLeavesThePostInDoubtToTheOthers": func(t *testing.T, w *world) {
		saidA, saidB := w.say(t, "a"), w.say(t, "b")
		first, second, a, b := w.plan(t, saidA), w.plan(t, saidB), saidA.ID, saidB.ID
		p := outbox.Post{Message: a, State: outbox.PostUncertain, Attempts: 1, Frozen: chat.Post{Key: "k", Action: chat.ActSend},
			Items: []outbox.Item{{Delivery: first, Message: a, Form: chat.FormMerged}, {Delivery: second, Message: b, Form: chat.FormMerged}}}
		w.write(t, func(tx Tx) error {
			posts := []outbox.Post{p}
			err := tx.Freeze(w.wa, first, posts)
			p = posts[0]
			return err
		})
		w.write(t, func(tx Tx) error { _, err := tx.DropDelivery(first, "", ""); return err })
		w.write(t, func(tx Tx) error {
			posts, err := tx.OpenPosts(second)
			if len(posts) != 1 || posts[0].Frozen.Key != "k" || posts[0].Attempts != 1 || posts[0].Message != b || len(posts[0].Items) != 2 {
				t.Errorf("posts of the other: %+v", posts)
			}
			return err
		})
		p.State = outbox.PostDelivered // by an answer to a question that was asked before
		w.write(t, func(tx Tx) error { return tx.SavePost(p) })
		w.write(t, func(tx Tx) error {
			_, open, err := tx.PostByKey("k")
			if open {
				t.Error("the post is still open")
			}
			return err
		})
	},
	"DropKeepsAHoldThatIsNotItsOwn": func(t *testing.T, w *world) {
		d := w.plan(t, w.say(t, "a"))
		w.write(t, func(tx Tx) error { return tx.HoldLane(w.wa, outbox.Hold{UntilResumed: true, Why: muted}) })
		w.write(t, func(tx Tx) error { _, err := tx.DropDelivery(d, "", ""); return err })
		if h := w.lane(t).Hold; h.Why != muted {
			t.Errorf("hold is %+v", h)
		}
	},
}

// retry retries a delivery and returns the one that will be tried.
func (w *world) retry(t *testing.T, d chat.DeliveryID) (next chat.DeliveryID) {
	t.Helper()
	w.write(t, func(tx Tx) (err error) {
		next, _, err = tx.RetryDelivery(d)
		return err
	})
	return next
}

// finish ends the head of wa:1.
func (w *world) finish(t *testing.T, state chat.DeliveryState) {
	t.Helper()
	d, _ := w.head(t)
	d.State = state
	w.write(t, func(tx Tx) error { return tx.SaveDelivery(d) })
}
