// SPDX-License-Identifier: Apache-2.0

package route

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/room"
)

// Router takes events through the stages. It has no state: what it knows is in the store.
type Router struct {
	// Now is the clock; nil is the system's. A laboratory lets it jump.
	Now func() time.Time
	// Title is a network's name as people write it; nil leaves it as the config writes it.
	Title func(chat.Network) string
}

// New makes a Router.
func New() *Router { return &Router{} }

func (r *Router) clock() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func (r *Router) title(n chat.Network) string {
	if r.Title == nil {
		return string(n)
	}
	return r.Title(n)
}

// Handle decides what becomes of an event that account a on network n has handed up, and writes it down. It blocks only on
// tx. Its errors are tx's alone; the transaction must then be undone. Events of one account must come in the order of
// their Seq, each after the one before it was handled.
//
// Of typing, receipts and backfilled history nothing is kept, not even the key: what is backfilled may still come live,
// under the same key, and must be mirrored then.
func (r *Router) Handle(tx Tx, a chat.Account, n chat.Network, ev chat.Event) (Result, error) {
	if why := passing(ev); why != "" {
		return Result{Kind: Ignored, Why: why}, nil
	}
	s := &step{tx: tx, account: a, network: n, title: r.title(n), ev: ev, now: r.clock()}
	if err := s.run(); err != nil {
		return Result{}, err
	}
	return s.res, nil
}

// passing gives the reason why an event leaves no trace at all, if it does not.
func passing(ev chat.Event) Why {
	if ev.Backfilled {
		return WhyBackfilled
	}
	switch ev.Body.(type) {
	case chat.Typing, chat.Receipt:
		return WhyNotMirrored
	}
	return ""
}

// step is the handling of one event.
type step struct {
	tx      Tx
	account chat.Account
	network chat.Network
	title   string // of the network
	ev      chat.Event
	now     time.Time

	chat   room.Chat // the zero Chat for an event of the whole account
	link   room.Link
	linked bool
	typed  *Command        // what the event says to the bridge, if it does
	by     person.Identity // who said or did it
	before *chat.Copy      // under which a message that comes again is known already
	res    Result
}

// stages is the way of an event that is new. A stage returns true when it is the last one.
var stages = []func(*step) (done bool, err error){(*step).admit, (*step).identify, (*step).command, (*step).plan}

// run takes the event through the stages until one is the last.
func (s *step) run() error {
	if err := s.open(); err != nil {
		return err
	}
	fresh, err := s.tx.Record(s.account, s.ev.Key, s.chat.ID, s.ev.Kind(), s.payload())
	if err != nil {
		return err
	}
	if !fresh {
		s.end(Repeat)
		return nil
	}
	for _, stage := range stages {
		if done, err := stage(s); done || err != nil {
			return err
		}
	}
	return nil
}

// open finds the event's chat with its link. An event without a chat is the account's.
func (s *step) open() (err error) {
	if s.ev.Chat == "" {
		return nil
	}
	s.chat, err = s.tx.Chat(chat.Address{Account: s.account, Chat: s.ev.Chat}, s.network, s.ev.Group)
	if err != nil {
		return err
	}
	s.res.Chat = s.chat.ID
	s.link, s.linked, err = s.tx.Link(s.chat.ID)
	s.typed = s.parseCommand()
	return err
}

// payload is what the journal keeps to decode the event again: raw bytes of what nobody understood, but none of what was
// said in a chat that gives to no room.
func (s *step) payload() []byte {
	u, ok := s.ev.Body.(chat.Unknown)
	if !ok || s.ev.Chat != "" && !(s.linked && s.link.Gives()) {
		return nil
	}
	return u.Raw
}

// end says what became of the event. It returns true, as a stage that is the last.
func (s *step) end(k Kind) (done bool) {
	s.res.Kind = k
	return true
}

// ignore ends the event for a reason.
func (s *step) ignore(why Why) (done bool) {
	s.res.Why = why
	return s.end(Ignored)
}
