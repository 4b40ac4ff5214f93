// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"log/slog"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// Session is what a bridge may ask of the router. It is valid while Run runs, and safe for several goroutines.
type Session struct {
	open  *pb.Open
	log   *slog.Logger
	up    *uplink
	input chan PairInput
}

// PairInput is what a person wants of pairing. Step chat.PairBegin begins, or begins anew: Value is then the phone number that a
// code is to be shown for, or empty for the network's usual way. Any other Step is the one that is answered, with what was
// typed as Value. A bridge answers each with a PairStep at once, done when there is nothing to pair, and goes on telling
// steps until done or failed.
type PairInput struct {
	Step  string
	Value string
}

// Account is the account's name in the config.
func (s *Session) Account() chat.Account { return chat.Account(s.open.GetAccount()) }

// Config is the account's own keys as JSON, with secrets resolved. It must never be logged.
func (s *Session) Config() []byte { return s.open.GetConfig() }

// Dir is the account's own folder. The process holds a lock on it as long as it lives, so no other one works in it.
func (s *Session) Dir() string { return s.open.GetStateDir() }

// SpoolDir is the folder of media bytes that posts refer to by hash; OpenMedia opens one of them.
func (s *Session) SpoolDir() string { return s.open.GetSpoolDir() }

// Epoch numbers this life of the account.
func (s *Session) Epoch() uint64 { return s.open.GetEpoch() }

// Saved is the value of a state item as it was committed last, in this life or an earlier one; nil if there is none.
func (s *Session) Saved(key string) []byte { return s.up.savedValue(key) }

// Log writes to the router's log.
func (s *Session) Log() *slog.Logger { return s.log }

// Put hands events up in order, with state items that are committed with the last of them and never before. It gives
// each event its Seq. It blocks while the router gives no credit. An error (ctx or ErrEnded) means that some of
// the events may have been handed up, but none of the state; putting the same events again is harmless, the router
// drops repeats by key. The slices may be used again when Put returns.
func (s *Session) Put(ctx context.Context, events []chat.Event, state ...chat.StateItem) (*Pending, error) {
	return s.up.put(ctx, events, state)
}

// Store is Put, then Wait: when it returns nil, the network may be told that everything has arrived.
func (s *Session) Store(ctx context.Context, events []chat.Event, state ...chat.StateItem) error {
	p, err := s.Put(ctx, events, state...)
	if err != nil {
		return err
	}
	return p.Wait(ctx)
}

// SetState tells the account's state.
func (s *Session) SetState(st chat.State) {
	s.up.tell(&pb.SessionUp{Frame: &pb.SessionUp_State{State: wire.PackState(st)}})
}

// SetSelf tells every id under which the network's users may see the account as the sender of an event. It comes before the
// first state in which the account sends, so that no other account of ours takes its posts for a person's.
func (s *Session) SetSelf(users ...chat.RemoteUser) {
	s.up.tell(&pb.SessionUp{Frame: &pb.SessionUp_Self{Self: wire.PackSelf(users)}})
}

// SetCapabilities tells what a chat can show; an empty chat means the account's defaults.
func (s *Session) SetCapabilities(c chat.RemoteChat, caps chat.Capabilities) {
	s.up.tell(&pb.SessionUp{Frame: &pb.SessionUp_Capabilities{Capabilities: wire.PackChatCapabilities(c, caps)}})
}

// Settle tells the outcome of a post after its call has ended as uncertain. Only bridges whose capabilities say
// LateAnswers use it.
func (s *Session) Settle(key chat.PostKey, o chat.Outcome) {
	s.up.tell(&pb.SessionUp{Frame: &pb.SessionUp_Settled{Settled: wire.PackSettled(key, o)}})
}

// PairStep shows a step of pairing to whoever pairs the account.
func (s *Session) PairStep(st chat.PairStep) {
	s.up.tell(&pb.SessionUp{Frame: &pb.SessionUp_PairStep{PairStep: wire.PackPairStep(st)}})
}

// PairInput gives the answers of whoever pairs the account. It is never closed.
func (s *Session) PairInput() <-chan PairInput { return s.input }
