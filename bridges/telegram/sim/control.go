// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// World is what the control API can do with this server; a test in the same process may call it directly.
func (s *Server) World() control.World {
	return control.World{
		Snapshot: control.Guarded(&s.mu, s.snapshot), CreateUser: s.createUser, CreateGroup: s.createGroup, ChangeGroup: s.changeGroup,
		ChangeTopic: s.changeTopic, ChangeMember: s.changeMember,
		Post: s.post, Edit: s.edit, Delete: s.remove, React: s.userReact, Vote: s.vote, Pin: s.pin, See: s.see,
		SetFault: s.setFault, ClearFault: s.faults.ClearFault, Advance: s.clock.Advance, Inject: s.inject,
		Counters: control.Guarded(&s.mu, s.rec.Counters), Requests: control.Guarded(&s.mu, s.rec.Requests), Ledger: control.Guarded(&s.mu, s.ledger),
	}
}

// inject queues an update as it is given, an object without update_id. Whether the bot asked for its kind
// plays no part.
func (s *Server) inject(_ context.Context, in control.Inject) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(in.Raw, &fields) != nil || len(fields) == 0 {
		return control.Because(control.ErrWrongUse, "an update is an object with at least one field")
	}
	if _, has := fields["update_id"]; has {
		return control.Because(control.ErrWrongUse, "the server numbers its updates itself")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.account(in.Account)
	if err != nil {
		return err
	}
	raw := bytes.TrimSpace(in.Raw)
	u := &update{raw: bytes.TrimSpace(raw[1 : len(raw)-1]), at: s.now()}
	if !b.queue.push(u) {
		return control.Because(control.ErrRefused, "the queue of account %s is full", accountID(b))
	}
	if b.poll != nil {
		b.poll.poke()
	}
	return nil
}
