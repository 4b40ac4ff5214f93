// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// plan is what a delivery needs: posts, or, with a state, an end without any call.
type plan struct {
	posts  []Post
	copies []chat.Copy // to save with it
	state  chat.DeliveryState
	why    chat.Reason   // with posts: what cannot be done of it
	wait   time.Duration // instead of all that: it is too early
}

func ending(state chat.DeliveryState, why chat.Reason) plan { return plan{state: state, why: why} }

func discarded(code, sentence string) plan {
	return ending(chat.DeliveryDiscarded, chat.Reason{Code: code, Sentence: sentence})
}

func refused(code, sentence string) plan {
	return ending(chat.DeliveryRefused, chat.Reason{Code: code, Sentence: sentence})
}

// done is the end of a delivery whose work is done already.
func done(copies ...chat.Copy) plan { return plan{state: chat.DeliveryDelivered, copies: copies} }

// plan decides what a delivery needs, from what is so now: later edits fold in, and what was undone needs nothing.
func (s *step) plan(tx Tx, d chat.Delivery) (plan, error) {
	if a := s.lane.Chat.Access; a.Gone {
		return ending(chat.DeliveryRefused, orReason(a.Why, chat.Reason{Code: CodeChatGone, Sentence: "The chat is gone."})), nil
	}
	m, ok, err := tx.Message(d.Message)
	if err != nil {
		return plan{}, err
	}
	if d.Kind == chat.DeliverDelete {
		return s.planDelete(tx, d)
	}
	if state, why := gone(m, ok, s.now); state != "" {
		return ending(state, why), nil
	}
	if m.Room != 0 && m.Room != s.lane.Link.Room {
		return discarded(CodeNotLinked, "The chat has left the room."), nil
	}
	switch d.Kind {
	case chat.DeliverSend:
		return s.planSend(tx, d, m)
	case chat.DeliverEdit:
		return s.planEdit(tx, d, m)
	default:
		return s.planReact(tx, m)
	}
}

func orReason(r, other chat.Reason) chat.Reason {
	if r.Code == "" {
		return other
	}
	return r
}

// gone reports whether there is nothing left of a message that could be brought.
func gone(m chat.Message, ok bool, now time.Time) (chat.DeliveryState, chat.Reason) {
	switch {
	case !ok:
		return chat.DeliveryDiscarded, chat.Reason{Code: CodeMessageGone, Sentence: "The message is not known any more."}
	case m.Deleted:
		return chat.DeliveryDiscarded, chat.Reason{Code: CodeDeleted, Sentence: "The message was deleted."}
	case !m.ExpiresAt.IsZero() && !m.ExpiresAt.After(now):
		return chat.DeliveryExpired, chat.Reason{Code: CodeExpired, Sentence: "The message has disappeared meanwhile."}
	case m.Erased:
		return chat.DeliveryDiscarded, chat.Reason{Code: CodeErased, Sentence: "The text of the message is gone for good."}
	}
	return "", chat.Reason{}
}

// planSend renders the newest revision.
func (s *step) planSend(tx Tx, d chat.Delivery, m chat.Message) (plan, error) {
	if early, err := s.early(tx, d, m); err != nil || early {
		return plan{wait: answerPoll}, err
	}
	in, err := s.input(tx, m)
	if err != nil {
		return plan{}, err
	}
	parts := render.Message(in)
	if len(parts) == 0 {
		return refused(CodeNothingToShow, "Nothing of it can be shown on this network."), nil
	}
	var p plan
	for i, part := range parts {
		p.posts = append(p.posts, s.ready(m, i, sending(part)))
	}
	return p, nil
}

// sending is the content of a new post.
func sending(part render.Part) chat.Post {
	return chat.Post{Action: chat.ActSend, Text: part.Text, Media: part.Media, Reply: part.Reply, NoPreview: part.NoPreview}
}

// ready makes a post that is ready to be sent, under a new key.
func (s *step) ready(m chat.Message, part int, frozen chat.Post) Post {
	frozen.Key, frozen.Chat = s.o.key(), s.lane.Chat.Address.Chat
	if frozen.Action == chat.ActSend || frozen.Action == chat.ActEdit {
		frozen.ExpiresAfter = m.Content.ExpiresAfter
		frozen.KeepUntil = s.keepUntil(m)
	}
	return Post{Lane: s.l.id, Delivery: s.head.ID, Message: m.ID, Part: part, Revision: m.Revision, Frozen: frozen, State: PostReady}
}

func (s *step) keepUntil(m chat.Message) time.Time {
	until := s.now.Add(s.o.opt.KeepBody)
	if !m.ExpiresAt.IsZero() && m.ExpiresAt.Before(until) {
		return m.ExpiresAt
	}
	return until
}

// planEdit changes the copies of a message where the network allows it, and says the new text in a reply where not.
func (s *step) planEdit(tx Tx, d chat.Delivery, m chat.Message) (plan, error) {
	all, err := tx.Copies(s.l.id, m.ID)
	if err != nil {
		return plan{}, err
	}
	copies := own(all)
	switch level := s.lane.Caps.Edit.Level; {
	case len(copies) == 0:
		return targetMissing(), nil
	case shown(copies) >= d.Revision:
		return done(), nil
	case level == chat.Rejected:
		return refused(CodeEditUnsupported, "The network knows no edits."), nil
	case level != chat.Fallback && !level.Native():
		return discarded(CodeEditUnsupported, "The network knows no edits."), nil
	}
	in, err := s.input(tx, m)
	if err != nil {
		return plan{}, err
	}
	p, possible := s.edits(m, render.Message(in), copies)
	if !possible {
		return s.correction(m, in, copies), nil
	}
	if len(p.posts) == 0 {
		p.state = chat.DeliveryDelivered
	}
	return p, nil
}

func targetMissing() plan {
	return discarded(CodeTargetMissing, "The message never reached this chat.")
}

// edits compares what should stand in the chat with what stands there. possible is false when a change is beyond
// what the network allows.
func (s *step) edits(m chat.Message, parts []render.Part, copies []chat.Copy) (p plan, possible bool) {
	last := lastPart(copies)
	for i := range max(len(parts), last+1) {
		old := ofPart(copies, i)
		switch {
		case len(old) == 0 && i < len(parts):
			p.posts = append(p.posts, s.ready(m, i, sending(parts[i])))
		case len(old) == 0: // was refused before
		case i >= len(parts):
			if s.deletable(old).Code != "" {
				return plan{}, false
			}
			p.posts = append(p.posts, s.ready(m, i, chat.Post{Action: chat.ActDelete, Target: ids(old)}))
		case newest(old).Digest == digest(sending(parts[i])):
			c := newest(old)
			c.Revision = m.Revision
			p.copies = append(p.copies, c)
		case !s.editable(old):
			return plan{}, false
		default:
			edit := sending(parts[i])
			edit.Action, edit.Reply, edit.Target = chat.ActEdit, nil, ids(old)
			p.posts = append(p.posts, s.ready(m, i, edit))
		}
	}
	return p, true
}

// editable reports whether the network still lets a copy be changed.
func (s *step) editable(aliases []chat.Copy) bool {
	e := s.lane.Caps.Edit
	return e.Level.Native() && s.inWindow(e, aliases) && (e.Times == 0 || newest(aliases).Edits < e.Times)
}

// deletable gives the reason why a copy cannot be deleted, if there is one.
func (s *step) deletable(aliases []chat.Copy) chat.Reason {
	del := s.lane.Caps.Delete
	switch {
	case !del.Level.Native():
		return chat.Reason{Code: CodeDeleteUnsupported, Sentence: "The network does not let us delete; the copy stays."}
	case !s.inWindow(del, aliases):
		return chat.Reason{Code: CodeDeleteWindow, Sentence: "The network does not let us delete any more; the copy stays."}
	}
	return chat.Reason{}
}

// inWindow counts from the first copy of the part: an edit that mints an id opens no new window.
func (s *step) inWindow(e chat.EditSupport, aliases []chat.Copy) bool {
	return e.Window <= 0 || s.now.Sub(aliases[0].SentAt) < time.Duration(e.Window)
}

// correction says the new text in a reply to the copy.
func (s *step) correction(m chat.Message, in render.Input, copies []chat.Copy) plan {
	in.Reply = &render.Reply{Target: target(newest(firstPart(copies)), "", ""), Author: in.Name}
	free := correctionPart
	for _, c := range copies {
		free = max(free, c.Part+1)
	}
	var p plan
	for i, part := range render.Edited(in) {
		p.posts = append(p.posts, s.ready(m, free+i, sending(part)))
	}
	if len(p.posts) == 0 {
		return refused(CodeNothingToShow, "Nothing of the edit can be shown on this network.")
	}
	return p
}

// planDelete deletes every copy that the network lets us delete.
func (s *step) planDelete(tx Tx, d chat.Delivery) (plan, error) {
	all, err := tx.Copies(s.l.id, d.Message)
	if err != nil {
		return plan{}, err
	}
	copies := own(all)
	if len(copies) == 0 {
		return targetMissing(), nil
	}
	var p plan
	for _, part := range partsOf(copies) {
		aliases := ofPart(copies, part)
		if why := s.deletable(aliases); why.Code != "" {
			p.why = why
			continue
		}
		m := chat.Message{ID: d.Message, Revision: d.Revision}
		p.posts = append(p.posts, s.ready(m, part, chat.Post{Action: chat.ActDelete, Target: ids(aliases)}))
	}
	if len(p.posts) == 0 {
		return ending(chat.DeliveryRefused, p.why), nil
	}
	return p, nil
}

// planReact brings the whole set of reactions; what was set and taken back meanwhile needs no call.
func (s *step) planReact(tx Tx, m chat.Message) (plan, error) {
	copies, err := tx.Copies(s.l.id, m.ID)
	if err != nil || len(copies) == 0 {
		return targetMissing(), err
	}
	counts, err := tx.Reactions(m.ID, s.l.id)
	if err != nil {
		return plan{}, err
	}
	aliases := firstPart(copies)
	emoji, left := render.Choose(counts, s.lane.Caps.React)
	switch level := s.lane.Caps.React.Level; {
	case level.Native():
		return s.reactions(m, aliases, emoji), nil
	case level == chat.Fallback:
		return s.tellReactions(tx, m, aliases, left)
	case level == chat.Rejected:
		return refused(CodeReactUnsupported, "The network knows no reactions."), nil
	}
	return discarded(CodeReactUnsupported, "The network knows no reactions."), nil
}

func (s *step) reactions(m chat.Message, aliases []chat.Copy, emoji []string) plan {
	if sameSet(newest(aliases).Emoji, emoji) {
		return done()
	}
	return plan{posts: []Post{s.ready(m, newest(aliases).Part, chat.Post{Action: chat.ActReact, Target: ids(aliases), Emoji: emoji})}}
}

// tellReactions says in words which reactions are new. The copy's emoji are those that were told.
func (s *step) tellReactions(tx Tx, m chat.Message, aliases []chat.Copy, emoji []string) (p plan, err error) {
	c := newest(aliases)
	fresh := slices.DeleteFunc(slices.Clone(emoji), func(e string) bool { return slices.Contains(c.Emoji, e) })
	if len(fresh) == 0 {
		c.Emoji = emoji // what was taken back is told again when it comes back
		return done(c), nil
	}
	r := render.Reply{Author: m.SenderName, Excerpt: excerpt(m.Content.Text.Body)}
	if r.Target, err = s.replyTarget(tx, m.ID, m, r); err != nil {
		return plan{}, err
	}
	post := sending(render.Reacted("", fresh, render.Input{Style: s.style(), Caps: s.lane.Caps, Reply: &r}))
	post.Emoji = emoji
	p.posts = []Post{s.ready(m, reactPart, post)}
	return p, nil
}
