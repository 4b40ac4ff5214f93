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
	drops  []int       // parts whose copies are to be forgotten with it
	state  chat.DeliveryState
	why    chat.Reason // with posts: what cannot be done of it
	// Instead of all that it may be too early: the delivery waits, or the step knows already for what it rests.
	wait  time.Duration
	rests bool
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
		if m.Room != 0 && !s.lane.Link.Takes() {
			return discarded(CodeNotLinked, "Nothing goes from the room into this chat any more."), nil
		}
		if missed, err := s.missed(tx, d); err != nil || missed {
			return ending(chat.DeliveryExpired, reasonNotCaughtUp), err
		}
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
	if s.gathersFor(m) {
		return s.planAlbum(tx, d, m)
	}
	if s.digests(d) && mergeable(m) {
		if p, ok, err := s.planDigest(tx, d, m); err != nil || ok {
			return p, err
		}
	}
	if s.merges(d) && mergeable(m) {
		if p, ok, err := s.planMerged(tx, d, m); err != nil || ok {
			return p, err
		}
	}
	media, ready := s.media(d, m)
	if !ready {
		return plan{rests: true}, nil
	}
	return s.planAlone(tx, m, media)
}

// planAlone sends a message in posts of its own.
func (s *step) planAlone(tx Tx, m chat.Message, media []chat.Media) (plan, error) {
	in, err := s.input(tx, m)
	if err != nil {
		return plan{}, err
	}
	in.Content.Media = media
	s.timed(&in, m)
	posts := stamped(in, s.posts(m, 0, render.Message(in)))
	if len(posts) == 0 {
		return refused(CodeNothingToShow, "Nothing of it can be shown on this network."), nil
	}
	if !s.goesAlone() {
		return plan{posts: posts}, nil
	}
	if posts, err = s.missing(tx, m, posts); err == nil && len(posts) == 0 {
		return done(), nil
	}
	return plan{posts: posts}, err
}

// posts makes the posts of a message from its parts. They get numbers from part on, one for each medium.
func (s *step) posts(m chat.Message, part int, parts []render.Part) []Post {
	var posts []Post
	for _, p := range spread(parts, s.albumSupport()) {
		post := s.ready(m, part, sending(p))
		post.Frozen.Media, post.Items = s.items(m, part, p.Media)
		posts = append(posts, post)
		part += max(1, len(p.Media))
	}
	return posts
}

// items takes the tags off media and writes down what each of them is.
func (s *step) items(m chat.Message, part int, media []chat.Media) (plain []chat.Media, items []Item) {
	for i, medium := range media {
		medium, n := untag(medium)
		plain = append(plain, medium)
		items = append(items, Item{Delivery: s.head.ID, Message: m.ID, Part: part + i, Revision: m.Revision,
			Form: mediaForm(medium.Kind, m.Content.Media[n])})
	}
	return plain, items
}

// sending is the content of a new post.
func sending(part render.Part) chat.Post {
	return chat.Post{Action: chat.ActSend, Text: part.Text, Media: part.Media, Place: part.Place, Contact: part.Contact, Poll: part.Poll,
		Reply: part.Reply, NoPreview: part.NoPreview, Preview: part.Preview}
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
	if hasWord(newest(aliases).Form, formDigest) {
		return done(), nil // it would stand on all of them
	}
	if newest(aliases).Merged() && s.lane.Caps.React.Level.Native() {
		if counts, err = s.reactionsOn(tx, newest(aliases)); err != nil {
			return plan{}, err
		}
	}
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
	if err := s.replyTarget(tx, m.ID, m, &r); err != nil {
		return plan{}, err
	}
	post := sending(render.Reacted("", fresh, render.Input{Style: s.style(), Language: s.lane.Language, Caps: s.lane.Caps, Reply: &r}))
	post.Emoji = emoji
	p.posts = []Post{s.ready(m, reactPart, post)}
	return p, nil
}
