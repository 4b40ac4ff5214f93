// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// planEdit changes the copies of a message where the network allows it, and says the new text in a reply where not.
func (s *step) planEdit(tx Tx, d chat.Delivery, m chat.Message) (plan, error) {
	all, err := tx.Copies(s.l.id, m.ID)
	if err != nil {
		return plan{}, err
	}
	copies := own(all)
	parts, corrected := shown(copies)
	level := s.lane.Caps.Edit.Level
	known := level.Native() || level == chat.Fallback || s.movesHere(m, copies) || m.Content.Notice != nil
	switch {
	case len(copies) == 0:
		return targetMissing(), nil
	case corrected >= d.Revision, parts >= d.Revision && !known, s.passesBy(m, copies):
		return done(), nil
	case level == chat.Rejected && !known:
		return refused(CodeEditUnsupported, "The network knows no edits."), nil
	case !known:
		return discarded(CodeEditUnsupported, "The network knows no edits."), nil
	}
	in, err := s.input(tx, m)
	if err != nil {
		return plan{}, err
	}
	media, same := s.standing(m.Content.Media, copies)
	if !same {
		return s.replaceMedia(d, m, in, copies)
	}
	in.Content.Media = media
	if shared := ofPart(copies, 0); len(shared) > 0 && newest(shared).Merged() {
		return s.changeMerged(tx, d, m, in, copies)
	}
	timedAs(&in, m, copies)
	return s.change(d, m, in, copies), nil
}

// change brings copies up to date whose media are what they were. The last parts of an edit may be missing yet when the
// first show it.
func (s *step) change(d chat.Delivery, m chat.Message, in render.Input, copies []chat.Copy) plan {
	slots := s.slots(m, render.Message(in))
	parts, corrected := shown(copies)
	if parts >= d.Revision && lastPart(copies) >= len(slots)-1 {
		return done()
	}
	p, possible := s.edits(m, slots, copies)
	switch {
	case !possible && s.moves(m):
		return done() // more of its kind come; each in a reply would be a flood
	case !possible, corrected >= 0 && !s.moves(m): // else the last reply would tell what is not so any more
		in.Content.Media = named(m.Content.Media) // people have seen them
		return s.correction(m, in, copies)
	case len(p.posts) == 0:
		p.state = chat.DeliveryDelivered
	}
	return p
}

// named returns media that lines shall name.
func named(media []chat.Media) []chat.Media {
	out := slices.Clone(media)
	for n := range out {
		out[n].Hash = ""
	}
	return out
}

func targetMissing() plan {
	return discarded(CodeTargetMissing, "The message never reached this chat.")
}

// moves reports whether an edit is one of many that nobody typed: of a place that is on its way, or of votes that are
// being cast.
func (s *step) moves(m chat.Message) bool {
	if p := m.Content.Poll; p != nil {
		return !p.Closed
	}
	p := m.Content.Place
	return p != nil && p.Live > 0 && s.now.Before(m.SentAt.Add(p.Live))
}

// passesBy reports whether a place moves on in a chat that shows it as a point or a text: its last position is enough.
func (s *step) passesBy(m chat.Message, copies []chat.Copy) bool {
	return m.Content.Place != nil && s.moves(m) && !s.movesHere(m, copies)
}

// movesHere reports whether a message is a place whose copy the network moves, which is no edit as others are.
func (s *step) movesHere(m chat.Message, copies []chat.Copy) bool {
	live := func(c chat.Copy) bool { return hasWord(c.Form, formLive) }
	return m.Content.Place != nil && s.lane.Caps.Place.Live.Native() && slices.ContainsFunc(copies, live)
}

// standing returns the media of a message as they stand in the chat, in tags; those that a line names there have no Hash.
// same is false when one of them never came here: it was put in place of another.
func (s *step) standing(media []chat.Media, copies []chat.Copy) (out []chat.Media, same bool) {
	var words []string
	for _, c := range copies {
		words = append(words, mediaWords(c.Form)...)
	}
	missing, named := 0, len(media)-len(words)
	for _, m := range media {
		isIt := func(word string) bool { return strings.HasSuffix(word, ":"+sourceOf(m)) }
		i := slices.IndexFunc(words, isIt)
		if m.Hash = ""; i < 0 {
			missing++
		} else {
			kind, _, _ := strings.Cut(words[i], ":")
			m = s.standIn(chat.MediaKind(kind))
			words = slices.Delete(words, i, i+1)
		}
		out = append(out, m)
	}
	return tagged(out), missing <= max(named, 0)
}

// standIn is a medium of a kind that rendering takes for one that can go. It is never sent.
func (s *step) standIn(kind chat.MediaKind) chat.Media {
	m := chat.Media{Kind: kind, Hash: "standing"}
	if types := s.lane.Caps.Media[kind].MIME; len(types) > 0 {
		m.MIME = types[0]
	}
	return m
}

// replaceMedia shows new media in a reply to the old ones, which no network of ours exchanges.
func (s *step) replaceMedia(d chat.Delivery, m chat.Message, in render.Input, copies []chat.Copy) (plan, error) {
	media, ready := s.media(d, m)
	if !ready {
		return plan{rests: true}, nil
	}
	in.Content.Media = media
	return s.correction(m, in, copies), nil
}

// slot is what one copy shall show.
type slot struct {
	want chat.Post
	form string
}

// slots says what each copy of a message shall show.
func (s *step) slots(m chat.Message, parts []render.Part) (slots []slot) {
	for _, p := range spread(parts, s.lane.Caps.Album) {
		want := sending(p)
		want.Media = nil
		if len(p.Media) == 0 {
			slots = append(slots, slot{want: want, form: formOf(want)})
		}
		for _, medium := range p.Media {
			medium, n := untag(medium)
			want.Media = []chat.Media{{Kind: medium.Kind, MIME: medium.MIME}}
			slots = append(slots, slot{want: want, form: mediaForm(medium.Kind, m.Content.Media[n])})
			want = chat.Post{Action: chat.ActSend}
		}
	}
	return slots
}

// edits compares what should stand in the chat with what stands there. possible is false when a change is beyond
// what the network allows.
func (s *step) edits(m chat.Message, slots []slot, copies []chat.Copy) (p plan, possible bool) {
	last := lastPart(copies)
	for i := range max(len(slots), last+1) {
		old := ofPart(copies, i)
		switch {
		case len(old) == 0 && i < len(slots) && slots[i].form == "":
			p.posts = append(p.posts, s.ready(m, i, slots[i].want))
		case len(old) == 0: // was refused before
		case hasWord(newest(old).Form, formPoll) && m.Content.Poll != nil:
			if m.Content.Poll.Closed && !s.lane.Caps.Poll.Closes && last == 0 {
				return plan{}, false // a reply tells how it ended; else the text beside it does
			}
			s.closePoll(&p, m, i, old)
		case i >= len(slots):
			if s.deletable(old).Code != "" {
				return plan{}, false
			}
			p.posts = append(p.posts, s.ready(m, i, chat.Post{Action: chat.ActDelete, Target: ids(old)}))
		case !s.editSlot(&p, m, i, slots[i], old):
			return plan{}, false
		}
	}
	return p, true
}

// editSlot brings one copy up to date. possible is false when the network does not let us.
func (s *step) editSlot(p *plan, m chat.Message, part int, sl slot, old []chat.Copy) (possible bool) {
	c, edit := newest(old), sl.want
	if hasWord(c.Form, formBare) && wordless(m) {
		edit.Text, edit.NoPreview, edit.Preview = chat.Text{}, false, nil // who it is from stands with another item
	}
	switch {
	case !shows(c.Form, sl.form):
		return false
	case c.Digest == digest(edit):
		c.Revision = m.Revision
		p.copies = append(p.copies, c)
		return true
	case !s.changeable(old, sl.form):
		return false
	}
	edit.Action, edit.Target = chat.ActEdit, ids(old)
	p.posts = append(p.posts, s.ready(m, part, edit))
	return true
}

// changeable reports whether the network lets us change what a copy shows. The one text of a post that several messages
// share is changed for the one whose text it is.
func (s *step) changeable(aliases []chat.Copy, form string) bool {
	have := newest(aliases).Form
	switch form {
	case formPlace, formLive:
		return hasWord(have, formLive) && s.lane.Caps.Place.Live.Native()
	case formContact, formPoll:
		return false
	}
	return s.editable(aliases) && !(hasWord(have, formShared) && hasWord(have, formBare))
}

// closePoll ends the vote in a copy that is a poll itself. How it stands there the network knows better than we.
func (s *step) closePoll(p *plan, m chat.Message, part int, old []chat.Copy) {
	edit := chat.Post{Action: chat.ActEdit, Poll: m.Content.Poll, Target: ids(old)}
	c := newest(old)
	if !m.Content.Poll.Closed || c.Digest == digest(edit) || !s.lane.Caps.Poll.Closes {
		c.Revision = m.Revision
		p.copies = append(p.copies, c)
		return
	}
	p.posts = append(p.posts, s.ready(m, part, edit))
}

// editable reports whether the network still lets a copy be changed.
func (s *step) editable(aliases []chat.Copy) bool {
	e := s.lane.Caps.Edit
	return e.Level.Native() && s.inWindow(e, aliases) && (e.Times == 0 || newest(aliases).Edits < e.Times)
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
	posts := s.posts(m, free, render.Edited(in))
	if len(posts) == 0 {
		return refused(CodeNothingToShow, "Nothing of the edit can be shown on this network.")
	}
	return plan{posts: posts}
}
