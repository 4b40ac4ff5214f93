// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// readContent reads what a message says; ok is false when it says nothing that we know.
func readContent(m fields, p place) (c chat.Content, ok bool) {
	c, ok = readBody(m, p)
	c.ReplyTo = readReply(m, p)
	c.Forward = readForward(m)
	if album := m.text("media_group_id"); album != "" {
		c.Album = chat.AlbumKey(album)
	}
	return c, ok
}

// readBody reads the message itself, without what it answers and where it came from.
func readBody(m fields, p place) (c chat.Content, ok bool) {
	if m.has("text") {
		c.Text = readText(m, "text", "entities")
		return c, c.Text.Body != ""
	}
	for _, k := range kinds {
		if m.has(k.field) {
			k.read(&c, m, p)
			return c, true
		}
	}
	return c, false
}

// maxExcerpt bounds what of a reply's target goes up, in code points.
const maxExcerpt = 200

// readReply reads what a message answers. In a topic each plain message "answers" the topic's first service message:
// that is no reply.
func readReply(m fields, p place) *chat.ReplyRef {
	quote := m.object("quote").text("text")
	to := m.object("reply_to_message")
	id := to.number("message_id")
	if id == 0 || to.has("forum_topic_created") || p.thread != 0 && id == p.thread {
		return readExternalReply(m, quote)
	}
	return &chat.ReplyRef{ID: remoteMessage(id), Author: readSender(to, 0).User, Excerpt: chat.Shorten(readExcerpt(to), maxExcerpt), Quote: quote}
}

// readExcerpt is a message in a few words: its own, else what it is called.
func readExcerpt(m fields) string {
	for _, own := range []string{m.text("text"), m.text("caption")} {
		if own != "" {
			return own
		}
	}
	for _, k := range kinds {
		if !m.has(k.field) {
			continue
		}
		if k.words != nil {
			if says := strings.TrimSpace(k.words(m.object(k.field))); says != "" {
				return says
			}
		}
		return k.name
	}
	return ""
}

// readExternalReply reads an answer to a message of another chat: only the quote can be shown.
func readExternalReply(m fields, quote string) *chat.ReplyRef {
	if !m.has("external_reply") || quote == "" {
		return nil
	}
	return &chat.ReplyRef{Excerpt: chat.Shorten(quote, maxExcerpt), Quote: quote}
}

// readForward reads where a forwarded message came from. A post that Telegram itself copies from the linked channel is
// the channel's own word here, no forward.
func readForward(m fields) *chat.Forward {
	if !m.has("forward_origin") || m.flag("is_automatic_forward") {
		return nil
	}
	o := m.object("forward_origin")
	switch o.text("type") {
	case "user":
		return &chat.Forward{From: fullName(o.object("sender_user"))}
	case "hidden_user":
		return &chat.Forward{From: o.text("sender_user_name")}
	case "chat":
		return &chat.Forward{From: o.object("sender_chat").text("title")}
	case "channel":
		return &chat.Forward{From: o.object("chat").text("title")}
	}
	m.note("forward_origin") // a new kind of origin: the message itself is good
	return &chat.Forward{}
}
