// SPDX-License-Identifier: Apache-2.0

package sim

import "strings"

// shownNumber is the number as others see it: null under phone privacy.
func (p *person) shownNumber() *string {
	if p.hidden {
		return nil
	}
	return &p.number
}

// address is how signal-cli names somebody in one string.
func (p *person) address() string {
	if p.hidden {
		return p.aci
	}
	return p.number
}

// envelopeOf is the frame of what somebody sent.
func (s *Server) envelopeOf(from *person, device int, sentAt uint64) *envelope {
	return &envelope{
		Source: from.address(), SourceNumber: from.shownNumber(), SourceUUID: from.aci, SourceName: from.name, SourceDevice: device,
		Timestamp: sentAt, ServerReceived: uint64(s.now().UnixMilli()),
	}
}

func targetOf(author *person, sentAt uint64) targetData {
	return targetData{Author: author.address(), Number: author.shownNumber(), UUID: author.aci, Timestamp: sentAt}
}

// dataIn is the frame of a data message in a place.
func dataIn(pl place, sentAt uint64, kind string) *dataMessage {
	out := &dataMessage{Timestamp: sentAt}
	if g := pl.group; g != nil {
		out.Group = &groupData{ID: g.id, Name: g.title, Revision: g.revision, Type: kind}
	}
	return out
}

// dataOf is a content as a data message.
func (s *Server) dataOf(pl place, c *content, sentAt uint64) *dataMessage {
	d := dataIn(pl, sentAt, "DELIVER")
	d.Message, d.Expires, d.ViewOnce = orNull(c.text), c.expires, c.once
	d.Mentions, d.TextStyles = mentionsOf(c.mentions), stylesOf(c.styles)
	for _, f := range c.files {
		d.Attachments = append(d.Attachments, f.describe(s.now().UnixMilli()))
	}
	if len(c.text) > inlineText {
		d.Attachments = append(d.Attachments, s.longText(c.text))
	}
	if c.sticker != nil {
		d.Sticker = &stickerData{Pack: c.sticker.pack, ID: c.sticker.id}
	}
	if c.quote != nil {
		d.Quote = s.quoteOf(pl, c.quote)
	}
	if c.contact != nil {
		d.Contacts = []contactData{contactOf(c.contact.Name, c.contact.Phone)}
	}
	if p := c.preview; p != nil {
		d.Previews = []previewData{{URL: p.url, Title: p.title, Description: p.description, Image: p.picture(s.now().UnixMilli())}}
	}
	if c.poll != nil {
		d.PollCreate = &pollCreateData{Question: c.poll.question, Multiple: c.poll.multiple, Options: c.poll.options}
	}
	return d
}

func (p *preview) picture(now int64) *attachmentData {
	if p.image == nil {
		return nil
	}
	return new(p.image.describe(now))
}

// longText is the file in which a long text travels; it stays listed.
func (s *Server) longText(text string) attachmentData {
	f := &file{id: s.newFileID("text/x-signal-plain", ""), mime: "text/x-signal-plain", data: []byte(text), size: int64(len(text))}
	return f.describe(s.now().UnixMilli())
}

func (f *file) describe(now int64) attachmentData {
	out := attachmentData{
		ContentType: f.mime, Filename: orNull(f.name), ID: f.id, Size: f.size, Caption: orNull(f.caption), Uploaded: uint64(now),
	}
	if f.width > 0 {
		out.Width, out.Height = &f.width, &f.height
	}
	return out
}

func mentionsOf(list []mention) []mentionData {
	var out []mentionData
	for _, m := range list {
		out = append(out, mentionData{Name: m.who.address(), Number: m.who.shownNumber(), UUID: m.who.aci, Start: m.start, Length: m.length})
	}
	return out
}

func stylesOf(list []style) []styleData {
	var out []styleData
	for _, st := range list {
		out = append(out, styleData{Style: st.name, Start: st.start, Length: st.length})
	}
	return out
}

func (s *Server) quoteOf(pl place, q *quote) *quoteData {
	out := &quoteData{
		ID: q.sentAt, Author: q.author.address(), Number: q.author.shownNumber(), UUID: q.author.aci, Text: orNull(q.text),
		Attachments: []quoteAttachmentData{},
	}
	if m := s.logOf(pl).find(messageID(q.author, q.sentAt)); m != nil {
		for _, f := range m.files {
			out.Attachments = append(out.Attachments, quoteAttachmentData{ContentType: f.mime, Filename: orNull(f.name)})
		}
	}
	return out
}

func contactOf(name, phone string) contactData {
	given, family, _ := strings.Cut(name, " ")
	return contactData{Name: contactName{Given: given, Family: family}, Phones: []contactPhone{{Value: phone, Type: "MOBILE"}}}
}
