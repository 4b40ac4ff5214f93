// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
)

// Message says what a message becomes in the target chat: its parts in order, one for each post, and never none. Each
// keeps to the limits of the chat, unless the chat takes no text at all.
func Message(in Input) []Part {
	if in.Content.Notice != nil {
		return []Part{in.notice()}
	}
	sent, named := carried(in.Content.Media, in.Caps)
	natives := in.natives()
	return in.draft("", named, len(sent)+len(natives) == 0).parts(sent, natives)
}

// Edited says what a message now says, for a chat whose copy cannot be edited: in a reply to it, marked as edited. Media
// with a Hash are new and shown; others are named, not sent again.
func Edited(in Input) []Part {
	if in.Content.Notice != nil {
		return []Part{in.notice()}
	}
	if r := in.Reply; r != nil && in.target() == nil && r.said(true) == "" {
		in.Reply = nil // a quotation of nothing helps nobody
	}
	in.Caps.Place, in.Caps.Contact, in.Caps.Poll = chat.PlaceSupport{}, chat.ContactSupport{}, chat.PollSupport{} // told, not shown again
	sent, named := carried(in.Content.Media, in.Caps)
	return in.draft(in.say().edited, named, len(sent) == 0).parts(sent, nil)
}

// draft is a message on its way to parts.
type draft struct {
	in   Input
	head chat.Text // what stands above the message's own text, and what separates the two
	body chat.Text
	url  string // the first address in the message, whose preview people saw
}

// draft lays a message out. alone says that no media go with it, so it must say something.
func (in Input) draft(note string, named []chat.Media, alone bool) draft {
	text := trim(clean(in.Content.Text))
	d := draft{in: in, url: firstURL(text)}
	kinds := in.kinds(named)
	switch {
	case in.unread():
		d.body = in.words("[" + shorten(oneLine(text.Body), maxExcerpt) + "]")
	case !blank(text.Body):
		d.body = adapt(text, in)
	case alone && len(kinds) == 0:
		d.body = in.words(in.say().empty, chat.Italic)
	}
	d.head = in.head(in.label(note), append(in.origin(), kinds...), d.body)
	return d
}

// kinds are lines that tell what a message is besides its text.
func (in Input) kinds(named []chat.Media) []chat.Text {
	var lines []chat.Text
	if p := shorten(oneLine(in.Content.Placeholder), maxFileName); !blank(p) && !in.unread() {
		lines = append(lines, in.words("["+p+"]"))
	}
	for _, m := range named {
		lines = append(lines, in.words(in.mediaLine(m)))
	}
	return append(lines, in.told()...)
}

// unread reports whether the text is not the author's, but says that nobody understood them.
func (in Input) unread() bool {
	return in.Content.Placeholder == chat.PlaceholderUnknown && !blank(in.Content.Text.Body)
}

// origin is the line that tells where a message was forwarded from, if it was.
func (in Input) origin() []chat.Text {
	if in.Content.Forward == nil {
		return nil
	}
	return []chat.Text{in.words(in.forwarded(in.Content.Forward.From), chat.Italic)}
}

func (in Input) forwarded(from string) string {
	name := in.cleanName(from)
	if name == "" {
		return in.say().forwarded
	}
	return fmt.Sprintf(in.say().forwardedFrom, isolate(name))
}

// words is a text of our own.
func (in Input) words(words string, looks ...chat.SpanKind) chat.Text {
	s := sheet{caps: in.Caps}
	s.write(words, looks...)
	return s.text()
}

// head writes what stands above the body: who wrote it, what it answers, and the lines.
func (in Input) head(l label, lines []chat.Text, body chat.Text) chat.Text {
	s := sheet{caps: in.Caps}
	if in.Style != chat.Prefix {
		l.ownLine(&s)
	}
	s.line(in.quoted())
	if in.Style == chat.Prefix {
		l.prefix(&s, append(lines[:len(lines):len(lines)], body)[0])
	}
	for _, line := range lines {
		s.line(line)
	}
	return s.text()
}

// parts lays a draft out into posts. Whose words they are is told before media that take no caption; a text that is too
// long for a caption follows its media.
func (d draft) parts(media []chat.Media, natives []Part) []Part {
	caps, whole, head := d.in.Caps, d.whole(), trim(d.head)
	var parts []Part
	switch captions := captioned(media, caps); {
	case len(media) == 0 && whole.Body == "" && len(natives) > 0:
	case len(media) == 0:
		parts = d.posts(whole, d.keep())
	case whole.Body == "", captions && caps.Caption.Fits(whole.Body):
		parts = []Part{{Text: unmarked(whole), Media: media}}
	case captions && caps.Caption.Fits(head.Body) && d.body.Body != "":
		parts = append([]Part{{Text: head, Media: media}}, d.posts(d.body, 0)...)
	default:
		parts = append(d.posts(whole, d.keep()), Part{Media: media})
	}
	parts = append(parts, natives...)
	parts[0].Reply = d.in.target()
	return parts
}

func (d draft) whole() chat.Text {
	s := sheet{caps: d.in.Caps}
	s.add(d.head)
	s.add(d.body)
	return trim(s.text())
}

// keep is how many bytes of the whole shall not be parted from what follows them.
func (d draft) keep() int {
	n := len(d.head.Body)
	if d.body.Body == "" || 2*d.in.Caps.Text.Unit.Count(d.head.Body) > d.in.Caps.Text.Max {
		return 0
	}
	return n
}

// posts are the parts that a text makes.
func (d draft) posts(t chat.Text, keep int) []Part {
	var parts []Part
	for _, piece := range split(t, d.in.Caps.Text, keep) {
		parts = append(parts, Part{Text: piece, NoPreview: otherPreview(piece, d.url), Preview: d.in.preview(piece)})
	}
	return parts
}
