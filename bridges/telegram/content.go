// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// kind is a kind of message that Causeway does not carry as such: how it is called for people, and what of it can be
// said in words.
type kind struct {
	field string
	name  string
	words func(fields) string // of the field's own object; nil: its caption alone
}

// kinds are looked up in order: an animation is also a document, a venue is also a location.
var kinds = []kind{
	{field: "photo", name: "photo"},
	{field: "animation", name: "animation"},
	{field: "video", name: "video"},
	{field: "video_note", name: "video message"},
	{field: "voice", name: "voice message"},
	{field: "audio", name: "audio", words: audioWords},
	{field: "document", name: "file", words: func(f fields) string { return f.text("file_name") }},
	{field: "sticker", name: "sticker", words: func(f fields) string { return f.text("emoji") }},
	{field: "paid_media", name: "paid media"},
	{field: "poll", name: "poll", words: pollWords},
	{field: "venue", name: "place", words: venueWords},
	{field: "location", name: "location", words: locationWords},
	{field: "contact", name: "contact", words: contactWords},
	{field: "dice", name: "dice", words: diceWords},
	{field: "game", name: "game", words: func(f fields) string { return f.text("title") }},
	{field: "story", name: "story"},
	{field: "checklist", name: "checklist", words: checklistWords},
	{field: "giveaway", name: "giveaway"},
	{field: "giveaway_winners", name: "giveaway winners"},
	{field: "invoice", name: "invoice", words: func(f fields) string { return f.text("title") }},
	{field: "gift", name: "gift"},
	{field: "unique_gift", name: "gift"},
}

// readContent reads what a message says; ok is false when it says nothing that we know.
func readContent(m fields, p place) (c chat.Content, ok bool) {
	c.Text, c.Placeholder, ok = readBody(m)
	c.ReplyTo = readReply(m, p)
	c.Forward = readForward(m)
	if album := m.text("media_group_id"); album != "" {
		c.Album = chat.AlbumKey(album)
	}
	return c, ok
}

func readBody(m fields) (t chat.Text, placeholder string, ok bool) {
	if m.has("text") {
		t = readText(m, "text", "entities")
		return t, "", t.Body != ""
	}
	for _, k := range kinds {
		if m.has(k.field) {
			return k.text(m), k.name, true
		}
	}
	return chat.Text{}, "", false
}

// text is the caption, else what can be said in words.
func (k kind) text(m fields) chat.Text {
	if m.has("caption") {
		return readText(m, "caption", "caption_entities")
	}
	if k.words == nil {
		return chat.Text{}
	}
	return chat.Text{Body: strings.TrimSpace(k.words(m.object(k.field)))}
}

func audioWords(f fields) string {
	if title := strings.Trim(f.text("performer")+" – "+f.text("title"), " –"); title != "" {
		return title
	}
	return f.text("file_name")
}

func pollWords(f fields) string {
	var b strings.Builder
	b.WriteString(f.text("question"))
	for _, o := range f.objects("options") {
		b.WriteString("\n• " + o.text("text"))
	}
	return b.String()
}

func checklistWords(f fields) string {
	var b strings.Builder
	b.WriteString(f.text("title"))
	for _, t := range f.objects("tasks") {
		b.WriteString("\n• " + t.text("text"))
	}
	return b.String()
}

func venueWords(f fields) string {
	return strings.Join([]string{f.text("title"), f.text("address"), locationWords(f.object("location"))}, "\n")
}

func locationWords(f fields) string {
	lat, lon := read[json.Number](f, "latitude"), read[json.Number](f, "longitude")
	if lat == "" || lon == "" {
		return ""
	}
	return "geo:" + lat.String() + "," + lon.String()
}

func contactWords(f fields) string { return fullName(f) + "\n" + f.text("phone_number") }

func diceWords(f fields) string {
	if f.number("value") == 0 {
		return f.text("emoji")
	}
	return fmt.Sprintf("%s %d", f.text("emoji"), f.number("value"))
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
	body, placeholder, _ := readBody(to)
	excerpt := body.Body
	if excerpt == "" {
		excerpt = placeholder
	}
	return &chat.ReplyRef{ID: remoteMessage(id), Author: readSender(to, 0).User, Excerpt: shorten(excerpt, maxExcerpt), Quote: quote}
}

// readExternalReply reads an answer to a message of another chat: only the quote can be shown.
func readExternalReply(m fields, quote string) *chat.ReplyRef {
	if !m.has("external_reply") || quote == "" {
		return nil
	}
	return &chat.ReplyRef{Excerpt: shorten(quote, maxExcerpt), Quote: quote}
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

// shorten cuts s to n code points.
func shorten(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}
