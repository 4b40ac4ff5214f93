// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/core/chat"
)

// found is what a message is, before what it answers and belongs to is read.
type found struct {
	content chat.Content
	// raw is its text with marks.
	raw   string
	about *waE2E.ContextInfo
	// name is what it is called where it cannot be shown.
	name string
	// lines are words of ours or of a form that people filled in: no marks are read in them.
	lines string
}

// finders are tried in order.
var finders = []func(*decoder, *waE2E.Message) (found, bool){
	(*decoder).text, (*decoder).media, (*decoder).place, (*decoder).contacts, (*decoder).poll, (*decoder).forms, (*decoder).business,
}

func (d *decoder) find(m *waE2E.Message) (found, bool) {
	for _, find := range finders {
		if f, ok := find(d, m); ok {
			return f, true
		}
	}
	return found{}, false
}

// content reads what a message says; ok is false when it says nothing that we know.
func (d *decoder) content(m *waE2E.Message) (chat.Content, bool) {
	f, ok := d.find(m)
	if !ok {
		return chat.Content{}, false
	}
	c := f.content
	switch {
	case d.ViewOnce:
		c = chat.Content{Placeholder: "view-once " + f.name} // its sender wants it gone: neither file nor words go on
	case f.lines != "":
		c.Text = chat.Text{Body: clean(f.lines)}
	default:
		c.Text = Read(f.raw, d.mentions(f.about))
	}
	c.ReplyTo = d.reply(f.about)
	c.ExpiresAfter = seconds(f.about.GetExpiration())
	if f.about.GetIsForwarded() {
		c.Forward = &chat.Forward{From: clean(f.about.GetForwardedNewsletterMessageInfo().GetNewsletterName())}
	}
	c.Album = d.album()
	return c, true
}

// album is the key of the album that a message belongs to: its head.
func (d *decoder) album() chat.AlbumKey {
	a := d.about.GetMessageAssociation()
	if a.GetAssociationType() != waE2E.MessageAssociation_MEDIA_ALBUM || a.GetParentMessageKey().GetID() == "" {
		return ""
	}
	// People add to their own albums alone, and a key from a second device of theirs may be in another space.
	return chat.AlbumKey(Key{Sender: d.prefer(d.Sender), ID: a.GetParentMessageKey().GetID()}.Remote())
}

func (d *decoder) text(m *waE2E.Message) (found, bool) {
	switch t := m.GetExtendedTextMessage(); {
	case m.GetConversation() != "":
		return found{raw: m.GetConversation()}, true
	case t != nil && t.GetText() != "":
		if t.GetViewOnce() {
			d.ViewOnce = true
		}
		return found{raw: t.GetText(), about: t.GetContextInfo(), name: "text", content: chat.Content{Preview: preview(t)}}, true
	}
	return found{}, false
}

// preview is what the writer's phone shows of an address in the text.
func preview(t *waE2E.ExtendedTextMessage) *chat.Preview {
	p := &chat.Preview{URL: clean(t.GetMatchedText()), Title: clean(t.GetTitle()), Description: clean(t.GetDescription())}
	if p.URL == "" || p.Title == "" {
		return nil
	}
	return p
}

// mentions are those whom a text names, by how their addresses stand in it.
func (d *decoder) mentions(about *waE2E.ContextInfo) map[string]Mention {
	if len(about.GetMentionedJID()) == 0 {
		return nil
	}
	out := map[string]Mention{}
	for _, address := range about.GetMentionedJID() {
		j, err := types.ParseJID(address)
		if err != nil || !isUser(j) {
			continue
		}
		out[j.User] = Mention{User: User(d.prefer(j)), Name: d.called(j)}
	}
	return out
}

// stranger is somebody of whom only the address is known, which is nobody else's business.
const stranger = "somebody"

func (d *decoder) called(j types.JID) string {
	if d.Name != nil {
		if name := clean(d.Name(d.prefer(j))); name != "" {
			return name
		}
	}
	return stranger
}

// reply reads what a message answers.
func (d *decoder) reply(about *waE2E.ContextInfo) *chat.ReplyRef {
	if about.GetStanzaID() == "" {
		return nil
	}
	author, err := types.ParseJID(about.GetParticipant())
	if err != nil || !isUser(author) {
		return nil // a status or a channel's post: nobody here has it
	}
	author = d.prefer(author)
	return &chat.ReplyRef{
		ID: Key{Sender: author, ID: about.GetStanzaID()}.Remote(), Author: User(author), Excerpt: d.excerpt(about.GetQuotedMessage()),
	}
}

// maxExcerpt bounds what of a reply's target goes up, in code points.
const maxExcerpt = 200

// excerpt is a message in a few words: its own, else what it is called.
func (d *decoder) excerpt(quoted *waE2E.Message) string {
	in := d.Incoming
	in.ViewOnce, in.Lottie = false, false
	q := decoder{Incoming: in}
	f, ok := q.find(q.unwrap(quoted))
	switch {
	case !ok:
		return ""
	case q.ViewOnce:
		return "view-once " + f.name
	case f.lines != "":
		return chat.Shorten(clean(f.lines), maxExcerpt)
	}
	if text := Read(f.raw, q.mentions(f.about)).Body; text != "" {
		return chat.Shorten(text, maxExcerpt)
	}
	return f.name
}
