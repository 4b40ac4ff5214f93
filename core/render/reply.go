// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// How much of an answered message is shown, in grapheme clusters: by the network itself, and in a line of ours.
const (
	maxExcerpt = 200
	maxQuoted  = 80
)

// target is the network's own reply, with no more than the network needs. It is nil where a line must tell.
func (in Input) target() *chat.ReplyTarget {
	r, can := in.Reply, in.Caps.Reply
	if r == nil || r.Target == nil || !can.Level.Native() || in.Inner {
		return nil
	}
	t := *r.Target
	t.Excerpt = ""
	if can.NeedsExcerpt {
		t.Excerpt = in.shown(t)
	}
	if !can.NeedsAuthor {
		t.Author = ""
	}
	if !can.Quote {
		t.Quote = ""
	}
	return &t
}

// said is what is known of the answered text: the piece that was quoted, if that is wanted, else its beginning.
func (r Reply) said(quoted bool) string {
	var t chat.ReplyTarget
	if r.Target != nil {
		t = *r.Target
	}
	begin, quote := cmp.Or(r.Excerpt, t.Excerpt), cmp.Or(r.Quote, t.Quote)
	if quoted {
		begin, quote = quote, begin
	}
	text := trim(clean(chat.Text{Body: cmp.Or(begin, quote)})).Body
	if blank(text) {
		return ""
	}
	return text
}

// shown is how the answered copy looks in the chat: one of our account begins with the name of its writer.
func (in Input) shown(t chat.ReplyTarget) string {
	text := shorten(in.Reply.said(!in.Caps.Reply.Quote), maxExcerpt)
	name := in.answered()
	switch {
	case name == "" || t.Author != "":
		return cmp.Or(text, in.say().earlier)
	case text == "":
		return name
	}
	var s sheet
	if in.Style == chat.Prefix {
		label{name: name}.prefix(&s, chat.Text{Body: text})
	} else {
		label{name: name}.ownLine(&s)
	}
	s.write(text)
	return s.text().Body
}

// answered is the name of who wrote the answered message, empty where names are not shown.
func (in Input) answered() string {
	if in.Style == chat.NoName {
		return ""
	}
	return in.cleanName(in.Reply.Author)
}

// quoted is a line that tells what the message answers, empty where the network's own reply does.
func (in Input) quoted() chat.Text {
	if in.Reply == nil || in.tells(in.target()) {
		return chat.Text{}
	}
	name, text := in.answered(), shorten(oneLine(in.Reply.said(true)), maxQuoted)
	s := sheet{caps: in.Caps}
	if !in.Caps.Span(chat.Quote).Native() {
		s.write(quoteMark)
	}
	if name == "" {
		s.write(cmp.Or(text, in.say().earlier))
	} else {
		open, end := isolators(name, text)
		s.write(open)
		s.write(name, chat.Bold)
		s.write(end)
		s.write(afterName(text))
	}
	s.cover(chat.Quote)
	return s.text()
}

// tells reports whether a native reply shows what is answered: one to a post of several messages does so with a piece of
// its text alone.
func (in Input) tells(t *chat.ReplyTarget) bool {
	return t != nil && (!in.Reply.Within || t.Quote != "" || t.Excerpt != "")
}

func afterName(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}
