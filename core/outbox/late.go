// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
	"github.com/causeway-chat/causeway/core/room"
)

// missed reports whether a delivery is not brought any more: its link catches up nothing, and it was planned while the
// account was away. What is younger than a late message is: the end of an outage is told a moment after it.
func (s *step) missed(tx Tx, d chat.Delivery) (bool, error) {
	if s.lane.Link.CatchUp != room.CatchUpNone || s.now.Sub(d.PlannedAt) < s.o.opt.LateAfter {
		return false, nil
	}
	return tx.Away(s.l.account.name, d.PlannedAt)
}

// timed lets a message that goes out late show when it was written.
func (s *step) timed(in *render.Input, m chat.Message) {
	if !m.SentAt.IsZero() && s.now.Sub(m.SentAt) >= s.o.opt.LateAfter {
		in.Sent, in.Now = m.SentAt, s.now
	}
}

// timedAs lets a message show its time if its copies do.
func timedAs(in *render.Input, m chat.Message, copies []chat.Copy) {
	i := slices.IndexFunc(copies, func(c chat.Copy) bool { return hasWord(c.Form, formLate) })
	if i >= 0 {
		in.Sent, in.Now = m.SentAt, copies[i].SentAt
	}
}

// lateForm is the word for what shows its time.
func lateForm(in render.Input) string {
	if in.Sent.IsZero() {
		return ""
	}
	return formLate
}

// stamped notes in the forms of the copies-to-be that they show the time.
func stamped(in render.Input, posts []Post) []Post {
	if lateForm(in) == "" || len(posts) == 0 {
		return posts
	}
	if p := &posts[0]; len(p.Items) == 0 {
		p.Items = []Item{{Delivery: p.Delivery, Message: p.Message, Part: p.Part, Revision: p.Revision, Form: formOf(p.Frozen)}}
	}
	for _, p := range posts {
		for i := range p.Items {
			p.Items[i].Form = withWord(p.Items[i].Form, formLate)
		}
	}
	return posts
}
