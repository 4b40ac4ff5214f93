// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// A lane that is behind its pace puts the texts that follow each other at its head into one post. Every member keeps a
// copy of its own: the same remote id, at its offset. Edits, deletes and reactions of members that wait between them are no
// obstacle: the members are rendered as they are now, and what is to be done afterwards is then found done.

// member is a text that shares a post with others.
type member struct {
	d chat.Delivery
	m chat.Message
}

// merges reports whether the lane is behind its pace: its pace or a hold has made it wait, or its first delivery is old.
func (s *step) merges(d chat.Delivery) bool {
	behind := s.slow || s.now.Sub(d.PlannedAt) > behindAfter
	return behind && s.o.opt.MergeMax > 1 && !s.goesAlone()
}

// mergeable reports whether a message is words of its author and nothing else.
func mergeable(m chat.Message) bool {
	c := m.Content
	return m.Sender != 0 && len(c.Media) == 0 && c.Place == nil && len(c.Contacts) == 0 && c.Poll == nil && c.Notice == nil
}

// planMerged sends as many texts as one post takes. ok is false when that is only one.
func (s *step) planMerged(tx Tx, d chat.Delivery, m chat.Message) (p plan, ok bool, err error) {
	members, err := s.gatherTexts(tx, d, m, s.o.opt.MergeMax)
	if err != nil || len(members) < 2 {
		return plan{}, false, err
	}
	s.together = true
	var ins []render.Input
	for _, mb := range members {
		in, err := s.input(tx, mb.m)
		if err != nil {
			return plan{}, false, err
		}
		s.timed(&in, mb.m)
		ins = append(ins, in)
	}
	part, n := render.Merged(ins)
	if n < 2 {
		return plan{}, false, nil
	}
	post := s.mergedPost(part, members[:n], ins)
	return plan{posts: []Post{post}}, overLimit(s.lane.Caps, &post.Frozen).Code == "", nil
}

func (s *step) mergedPost(part render.Part, members []member, ins []render.Input) Post {
	post := s.ready(members[0].m, 0, sending(part))
	for i, mb := range members {
		if until := s.keepUntil(mb.m); until.Before(post.Frozen.KeepUntil) {
			post.Frozen.KeepUntil = until
		}
		post.Items = append(post.Items, Item{Delivery: mb.d.ID, Message: mb.m.ID, Revision: mb.m.Revision,
			Form: withWord(formMerged, lateForm(ins[i]))})
	}
	return post
}

// gatherTexts collects the texts that follow each other in the lane, at most so many: for a merged post no more than may
// have room in it.
func (s *step) gatherTexts(tx Tx, d chat.Delivery, m chat.Message, most int) ([]member, error) {
	next, err := tx.Next(d, 2*most)
	if err != nil {
		return nil, err
	}
	g := gathering{members: []member{{d, m}}, passed: map[chat.MessageID]bool{m.ID: true}}
	room := s.lane.Caps.Text.Max
	if most > s.o.opt.MergeMax {
		room *= most // they are summed up
	}
	room -= s.units(m)
	for _, d := range next {
		if d.Kind != chat.DeliverSend {
			if !s.passes(g, d) {
				break
			}
			continue
		}
		m, joins, err := s.joinsTexts(tx, d, g.members[0].m)
		if err != nil {
			return nil, err
		}
		if room -= s.units(m); !joins || room < 0 || len(g.members) == most {
			break
		}
		g.take(d, m, s.now)
	}
	return g.members, nil
}

// units is how much room the words of a message need at least.
func (s *step) units(m chat.Message) int { return s.lane.Caps.Text.Unit.Count(m.Content.Text.Body) }

// gathering is what was found so far: the members, and the messages of which nothing else needs to be seen before them.
type gathering struct {
	members []member
	passed  map[chat.MessageID]bool
}

// take adds a message. One that is gone needs no place: it was deleted before it went out.
func (g *gathering) take(d chat.Delivery, m chat.Message, now time.Time) {
	g.passed[d.Message] = true
	if state, _ := gone(m, true, now); state == "" {
		g.members = append(g.members, member{d, m})
	}
}

// passes reports whether texts behind d may go out before it: what it does to a member is folded in, and reactions shift
// nothing that people read.
func (s *step) passes(g gathering, d chat.Delivery) bool {
	return g.passed[d.Message] || d.Kind == chat.DeliverReact && s.lane.Caps.React.Level.Native()
}

// joinsTexts reads a message and reports whether it may share a post with the first one, or is gone and needs none.
func (s *step) joinsTexts(tx Tx, d chat.Delivery, first chat.Message) (m chat.Message, joins bool, err error) {
	m, ok, err := tx.Message(d.Message)
	if err != nil || !ok {
		return m, false, err
	}
	if state, _ := gone(m, ok, s.now); state != "" {
		return m, true, nil
	}
	if m.Room != first.Room || m.Content.ExpiresAfter != first.Content.ExpiresAfter || !mergeable(m) {
		return m, false, nil
	}
	if missed, err := s.missed(tx, d); err != nil || missed {
		return m, false, err
	}
	early, err := s.early(tx, d, m)
	return m, !early, err
}
