// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
)

// Wake says that new deliveries of these lanes were committed. It never waits for a store or a network. A lane that
// rests goes on resting, unless it does so for more of an album.
func (o *Outbox) Wake(lanes ...LaneRef) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, ref := range lanes {
		l := o.lane(ref)
		l.woken, l.said = true, o.now()
		if l.state == laneIdle || l.state == laneResting && l.gathers {
			o.enqueue(l)
			o.dispatch(l.account)
		}
	}
}

// SetSendable says whether lanes of an account may send, by its state. Accounts start as not sendable. One that can send
// again begins slowly.
func (o *Outbox) SetSendable(name chat.Account, sendable bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.account(name)
	if sendable {
		a.comesBack()
	}
	a.sendable = sendable
	if sendable {
		a.offline, a.offlineUntil = 0, 0
		o.dispatch(a)
	}
}

// Resumed says that holds of these lanes were ended on disk, or a pause of their link, or that media of theirs are ready: they
// look again now.
func (o *Outbox) Resumed(lanes ...LaneRef) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, ref := range lanes {
		l := o.lane(ref)
		l.woken, l.resumed = true, true
		if l.state == laneIdle || l.state == laneResting || l.state == laneParked {
			o.enqueue(l)
			o.dispatch(l.account)
		}
	}
}

// Resume ends the hold of a lane on disk, whatever its reason, forgives its first post the deaths that were
// counted, and lets it look again. A lane without a hold only looks again.
func (o *Outbox) Resume(ctx context.Context, ref LaneRef) error {
	err := o.store.Write(ctx, func(tx Tx) error {
		if err := tx.HoldLane(ref.Lane, Hold{}); err != nil {
			return err
		}
		return forgiveDeaths(tx, ref.Lane)
	})
	if err != nil {
		return fmt.Errorf("resume lane: %w", err)
	}
	o.Resumed(ref)
	return nil
}

func forgiveDeaths(tx Tx, id chat.ChatID) error {
	d, ok, err := tx.Head(id)
	if err != nil || !ok {
		return err
	}
	posts, err := tx.OpenPosts(d.ID)
	if err != nil {
		return err
	}
	for _, p := range posts {
		if p.Deaths == 0 || p.State == PostInFlight {
			continue
		}
		p.Deaths = 0
		if err := tx.SavePost(p); err != nil {
			return err
		}
	}
	return nil
}

// ResumeAccount ends the hold of an account on disk and lets its lanes go on, each as far as its own hold allows.
func (o *Outbox) ResumeAccount(ctx context.Context, name chat.Account) error {
	err := o.store.Write(ctx, func(tx Tx) error { return tx.HoldAccount(name, Hold{}) })
	if err != nil {
		return fmt.Errorf("resume account: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.account(name)
	a.held, a.heldUntil, a.offlineUntil = false, 0, 0
	a.resumes++
	o.dispatch(a)
	return nil
}

// Settled brings the answer to a post that came after its call had ended. A key that has no open post of the account
// is ignored: an answer may come twice. It returns before the answer is recorded; what is then lost by a crash
// leaves the post as uncertain as it was.
func (o *Outbox) Settled(ctx context.Context, name chat.Account, key chat.PostKey, out chat.Outcome) error {
	at := o.opt.Now()
	var id chat.ChatID
	err := o.store.Write(ctx, func(tx Tx) (err error) {
		id, err = laneOfKey(tx, name, key)
		return err
	})
	if err != nil {
		return fmt.Errorf("find the post of a late answer: %w", err)
	}
	if id == 0 {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.lane(LaneRef{Lane: id, Account: name})
	l.late = &late{key: key, answer: answer{out: out, at: at}}
	if o.running && !o.stopping {
		o.begetStep(l)
	}
	return nil
}

// laneOfKey returns the lane of an open post, or 0.
func laneOfKey(tx Tx, name chat.Account, key chat.PostKey) (chat.ChatID, error) {
	p, ok, err := tx.PostByKey(key)
	if err != nil || !ok {
		return 0, err
	}
	ln, err := tx.Lane(p.Lane)
	if err != nil || ln.Chat.Address.Account != name {
		return 0, err
	}
	return p.Lane, nil
}

// Counts says how many lanes are in which condition.
type Counts struct {
	Active  int // a step or a call is under way
	Queued  int // have work and wait for the account: its state, its hold, its pace or a free place
	Resting int // wait for a time
	Parked  int // wait until they are resumed
}

// Snapshot counts the lanes of each account that have work.
func (o *Outbox) Snapshot() map[chat.Account]Counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make(map[chat.Account]Counts, len(o.accounts))
	for name, a := range o.accounts {
		n := a.counts
		all[name] = Counts{Active: n[laneActive], Queued: n[laneQueued], Resting: n[laneResting], Parked: n[laneParked]}
	}
	return all
}
