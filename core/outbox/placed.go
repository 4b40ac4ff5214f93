// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// recordCopies notes where the parts of a message now stand.
func (s *step) recordCopies(tx Tx, p Post, a answer) error {
	switch {
	case p.Frozen.Action == chat.ActDelete:
		return tx.DropCopies(p.Lane, p.Message, p.Part)
	case p.Frozen.Action == chat.ActReact, p.Part == reactPart:
		return recordReaction(tx, p)
	case p.Frozen.Action == chat.ActEdit:
		return recordEdit(tx, p, a)
	}
	return recordSent(tx, p, a)
}

// recordSent notes what stands under which id: each item of the post under its own. Items for which the network gave none
// stand under the last one with an offset, unless they are of the message that stands there already.
func recordSent(tx Tx, p Post, a answer) error {
	c := chat.Copy{Chat: p.Lane, Message: p.Message, Part: p.Part, Revision: p.Revision, Form: formOf(p.Frozen), Digest: digest(p.Frozen),
		SentAt: acceptedAt(p, a)}
	switch {
	case len(p.Items) == 0:
		return saveUnder(tx, c, a.out.IDs)
	case p.merged():
		return recordMerged(tx, p, c, a.out.IDs)
	}
	for i, it := range p.Items {
		c.Message, c.Part, c.Revision, c.Form, c.Digest = it.Message, it.Part, it.Revision, p.form(i, len(a.out.IDs)), digest(p.said(i))
		c.At = max(i-len(a.out.IDs)+1, 0)
		if c.At > 0 && (i == 0 || it.Message == p.Items[i-1].Message) {
			continue
		}
		if err := saveUnder(tx, c, idsOf(i, len(p.Items), a.out.IDs)); err != nil {
			return err
		}
	}
	return nil
}

func saveUnder(tx Tx, c chat.Copy, ids []chat.RemoteMessage) error {
	for _, c.Remote = range ids {
		if err := tx.SaveCopy(c); err != nil {
			return err
		}
	}
	return nil
}

// idsOf are the ids of item i of n. What the network gives beyond the last item are more ids of that.
func idsOf(i, n int, ids []chat.RemoteMessage) []chat.RemoteMessage {
	switch {
	case len(ids) == 0:
		return nil
	case i >= len(ids):
		return ids[len(ids)-1:]
	case i == n-1:
		return ids[i:]
	}
	return ids[i : i+1]
}

// said is what a post says with its item i.
func (p Post) said(i int) chat.Post {
	if i != p.Frozen.TextAt {
		return chat.Post{}
	}
	return p.Frozen
}

// form is that of the copy of item i, when the network gave n ids.
func (p Post) form(i, n int) string {
	form := p.Items[i].Form
	if len(p.others()) == 0 {
		if i == n-1 { // all that follow stand here too
			for _, it := range p.Items[i+1:] {
				form = withWord(form, it.Form)
			}
		}
		return form
	}
	if i != p.Frozen.TextAt {
		form = withWord(form, formBare)
	}
	if n < len(p.Items) && i >= n-1 {
		form = withWord(form, formShared)
	}
	return form
}

func acceptedAt(p Post, a answer) time.Time {
	if a.out.At.IsZero() {
		return p.SentAt
	}
	return a.out.At
}

// digest is that of what a post says. What it answers is no part of it: an edit cannot change that. Neither are media: the
// form of the copy tells them.
func digest(p chat.Post) string {
	return render.Digest(render.Part{Text: p.Text, Place: p.Place, Contact: p.Contact, Poll: p.Poll, NoPreview: p.NoPreview, Preview: p.Preview})
}

// recordReaction notes the emoji that our account now has on a copy, or has told of.
func recordReaction(tx Records, p Post) error {
	copies, err := tx.Copies(p.Lane, p.Message)
	if err != nil || len(copies) == 0 {
		return err
	}
	c := newest(firstPart(copies))
	if c.Merged() && p.Part != reactPart {
		return reactMerged(tx, c, p.Frozen.Emoji)
	}
	c.Emoji = p.Frozen.Emoji
	return tx.SaveCopy(c)
}

// recordEdit brings the newest copy of the part up to date, and adds the id that the edit has minted.
func recordEdit(tx Tx, p Post, a answer) error {
	all, err := tx.Copies(p.Lane, p.Message)
	if err != nil {
		return err
	}
	copies := ofPart(own(all), p.Part)
	if len(copies) == 0 {
		return nil
	}
	c := newest(copies)
	if c.Merged() {
		return editMerged(tx, p, c, a)
	}
	c.Revision, c.Digest = p.Revision, digest(p.Frozen)
	if p.Frozen.Text.Body != "" {
		c.Form = withoutWord(c.Form, formBare)
	}
	c.Edits += p.Attempts // the network may have counted each
	if err := tx.SaveCopy(c); err != nil {
		return err
	}
	for _, id := range a.out.IDs {
		if hasRemote(copies, id) {
			continue
		}
		c.Remote, c.SentAt = id, acceptedAt(p, a)
		if err := tx.SaveCopy(c); err != nil {
			return err
		}
	}
	return nil
}
