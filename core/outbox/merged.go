// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// recordMerged notes that every text of a post stands under all its ids, each at its place.
func recordMerged(tx Tx, p Post, c chat.Copy, ids []chat.RemoteMessage) error {
	for i, it := range p.Items {
		c.Message, c.Part, c.Revision, c.Form, c.At = it.Message, it.Part, it.Revision, it.Form, i
		if err := saveUnder(tx, c, ids); err != nil {
			return err
		}
	}
	return nil
}

// editMerged notes that the text of a post was rendered anew: for all of its members, under its ids and those that the
// edit has minted. The member that was taken out has no copy any more.
func editMerged(tx Tx, p Post, c chat.Copy, a answer) error {
	all, err := tx.CopiesAt(c.Chat, c.Remote)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.Digest, o.Edits = digest(p.Frozen), o.Edits+p.Attempts; o.Message == p.Message {
			o.Revision = p.Revision
		}
		if err := saveUnder(tx, o, append([]chat.RemoteMessage{o.Remote}, a.out.IDs...)); err != nil {
			return err
		}
	}
	if len(p.Items) == 1 && p.Items[0].Form == formGone {
		return tx.DropCopies(p.Lane, p.Message, p.Part)
	}
	return nil
}

// reactMerged notes the emoji on a post for all of its members.
func reactMerged(tx Records, c chat.Copy, emoji []string) error {
	all, err := tx.CopiesAt(c.Chat, c.Remote)
	for _, o := range all {
		if o.Emoji = emoji; err == nil {
			err = tx.SaveCopy(o)
		}
	}
	return err
}

// reactionsOn counts the emoji on all messages of a post: a network shows them on the whole of it.
func (s *step) reactionsOn(tx Tx, c chat.Copy) (map[string]int, error) {
	all, err := tx.CopiesAt(c.Chat, c.Remote)
	if err != nil {
		return nil, err
	}
	sum := map[string]int{}
	for _, o := range all {
		if m, ok, err := tx.Message(o.Message); err != nil || !ok || m.Deleted {
			continue
		}
		counts, err := tx.Reactions(o.Message, s.l.id)
		if err != nil {
			return nil, err
		}
		for e, n := range counts {
			sum[e] += n
		}
	}
	return sum, nil
}

// changeMerged renders a post anew in which a message has changed. Where it cannot be edited, has no room, or the words of
// a neighbour are gone for good, the new text is said in a reply.
func (s *step) changeMerged(tx Tx, d chat.Delivery, m chat.Message, in render.Input, copies []chat.Copy) (plan, error) {
	aliases := ofPart(copies, 0)
	c := newest(aliases)
	parts, corrected := shown(copies)
	if parts >= d.Revision {
		return done(), nil
	}
	edit, whole, err := s.mergedAnew(tx, c)
	switch {
	case err != nil:
		return plan{}, err
	case corrected >= 0:
		return s.correction(m, in, copies), nil // else the last reply would tell what is not so any more
	case whole && digest(edit) == c.Digest:
		c.Revision = m.Revision
		return done(c), nil
	case !whole || !s.editable(aliases):
		return s.correction(m, in, copies), nil
	}
	edit.Action, edit.Target = chat.ActEdit, ids(aliases)
	return plan{posts: []Post{s.ready(m, 0, edit)}}, nil
}

// mergedAnew renders the post in which a copy stands from what its messages say now, without those that were deleted. whole
// is false when that is not possible.
func (s *step) mergedAnew(tx Tx, c chat.Copy) (edit chat.Post, whole bool, err error) {
	all, err := tx.CopiesAt(c.Chat, c.Remote)
	if err != nil {
		return edit, false, err
	}
	if hasWord(c.Form, formDigest) {
		return edit, false, nil
	}
	var ins []render.Input
	for _, o := range all {
		in, state, err := s.standingText(tx, o)
		if err != nil || state == memberErased {
			return edit, false, err
		}
		if state == memberStands {
			ins = append(ins, in)
		}
	}
	part, n := render.Merged(ins)
	edit = sending(part)
	return edit, n == len(ins) && n > 0 && overLimit(s.lane.Caps, &edit).Code == "", nil
}

// memberState is what became of a message that stands in a post with others.
type memberState uint8

const (
	memberStands memberState = iota
	memberErased             // its words are gone, but not to its readers
	memberGone               // it must not be shown any more
)

// standingText is a member of a post as it is to be shown now.
func (s *step) standingText(tx Tx, c chat.Copy) (in render.Input, state memberState, err error) {
	m, ok, err := tx.Message(c.Message)
	if err != nil {
		return in, memberErased, err
	}
	switch end, why := gone(m, ok, s.now); {
	case end == "":
	case why.Code == CodeDeleted || why.Code == CodeExpired:
		return in, memberGone, nil
	default:
		return in, memberErased, nil
	}
	if in, err = s.input(tx, m); err != nil {
		return in, memberErased, err
	}
	in.Content.Media = nil // what it was exchanged for is shown in a reply
	if c.At > 0 {
		in.Inner = true
	}
	timedAs(&in, m, []chat.Copy{c})
	return in, memberStands, nil
}

// deleteMerged takes a message out of the post that it shares. alone is true when no other stands there any more, so that
// the post goes as others do.
func (s *step) deleteMerged(tx Tx, p *plan, d chat.Delivery, aliases []chat.Copy) (alone bool, err error) {
	c := newest(aliases)
	all, err := tx.CopiesAt(c.Chat, c.Remote)
	if err != nil {
		return false, err
	}
	others := slices.DeleteFunc(all, func(o chat.Copy) bool { return o.Message == c.Message })
	if len(others) == 0 {
		return true, nil
	}
	if gone, err := s.allGone(tx, others); err != nil || gone {
		p.drops = append(p.drops, c.Part) // the post goes with the last of them
		return false, err
	}
	if err := s.reactWithout(tx, p, others[0], aliases); err != nil {
		return false, err
	}
	edit, whole, err := s.mergedAnew(tx, c)
	switch {
	case err != nil:
		return false, err
	case !whole || !s.editable(aliases):
		p.why = reasonShared
		p.drops = append(p.drops, c.Part)
	case digest(edit) == c.Digest:
		p.drops = append(p.drops, c.Part) // it was left out when another one changed
	default:
		p.posts = append(p.posts, s.takingOut(d, c, aliases, edit))
	}
	return false, nil
}

// reactWithout takes off the emoji that the post has for the message alone that is taken out of it.
func (s *step) reactWithout(tx Tx, p *plan, other chat.Copy, aliases []chat.Copy) error {
	if !s.lane.Caps.React.Level.Native() || len(other.Emoji) == 0 || hasWord(other.Form, formDigest) {
		return nil
	}
	counts, err := s.reactionsOn(tx, other)
	if emoji, _ := render.Choose(counts, s.lane.Caps.React); err == nil && !sameSet(other.Emoji, emoji) {
		react := chat.Post{Action: chat.ActReact, Target: ids(aliases), Emoji: emoji}
		p.posts = append(p.posts, s.ready(chat.Message{ID: other.Message}, other.Part, react))
	}
	return err
}

// takingOut is the edit that shows a post without one of its messages.
func (s *step) takingOut(d chat.Delivery, c chat.Copy, aliases []chat.Copy, edit chat.Post) Post {
	edit.Action, edit.Target = chat.ActEdit, ids(aliases)
	post := s.ready(chat.Message{ID: d.Message, Revision: d.Revision}, c.Part, edit)
	post.Items = []Item{{Delivery: d.ID, Message: d.Message, Part: c.Part, Revision: d.Revision, Form: formGone}}
	return post
}

// allGone reports whether nothing of these copies is to be shown any more.
func (s *step) allGone(tx Tx, copies []chat.Copy) (bool, error) {
	for _, c := range copies {
		m, ok, err := tx.Message(c.Message)
		if err != nil || !ok || !m.Deleted {
			return false, err
		}
	}
	return true, nil
}

// maxPiece bounds, in code points, what a native reply quotes of a message that shares its post.
const maxPiece = 60

// piece is the beginning of a text by which its readers know it, exactly as it stands in its post: of one line, without
// formats.
func piece(t chat.Text) string {
	line, _, _ := strings.Cut(strings.TrimSpace(t.Body), "\n")
	if len(t.Spans) > 0 {
		return ""
	}
	for i := range line {
		if utf8.RuneCountInString(line[:i]) == maxPiece {
			return strings.TrimSpace(line[:i])
		}
	}
	return strings.TrimSpace(line)
}

// quoted finds the copy that a reply means among those which share a post.
func quoted(tx Tx, c chat.Copy, quote string) (chat.Copy, error) {
	all, err := tx.CopiesAt(c.Chat, c.Remote)
	if err != nil || len(all) == 0 {
		return c, err
	}
	return chat.Meant(all, quote, func(id chat.MessageID) (string, error) {
		m, _, err := tx.Message(id)
		return m.Content.Text.Body, err
	})
}
