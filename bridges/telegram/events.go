// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/causeway-chat/causeway/core/chat"
)

// update is one element of getUpdates (https://core.telegram.org/bots/api#update).
type update struct {
	id   int64
	kind string
	raw  json.RawMessage
	body fields
}

// verdict is what became of an update: events, or a reason why it has none.
type verdict struct {
	id       int64
	kind     string
	events   []chat.Event
	ignored  string
	bad      []string // fields that could not be read
	panicked string   // the type of what our own code threw
}

func ignore(why string) verdict { return verdict{ignored: why} }

// converter turns updates into events. It is used by one goroutine.
type converter struct {
	me      int64
	memory  *memory
	digests *digests
}

// read converts one update. Whatever it is, something comes of it, and nothing stops those behind it: what cannot be
// read goes up as unknown, with its bytes.
func (c *converter) read(raw json.RawMessage) (v verdict) {
	var bad []string
	u := readUpdate(raw, &bad)
	defer func() {
		if p := recover(); p != nil {
			v = c.unknown(u)
			v.panicked = chat.PanicText(p)
		}
		v.id, v.kind, v.bad = u.id, u.kind, bad
	}()
	return c.convert(u)
}

// readUpdate reads the id and the one other field, which is named after the kind. The id is found in broken updates too.
func readUpdate(raw json.RawMessage, bad *[]string) update {
	u := update{raw: raw}
	f, _ := readFields(raw, bad)
	u.id = f.number("update_id")
	if u.id <= 0 {
		if m := updateID.FindSubmatch(raw); m != nil {
			u.id, _ = strconv.ParseInt(string(m[1]), 10, 64)
		}
	}
	u.id = max(u.id, 0)
	var kinds []string
	for _, one := range f.list {
		if key := string(one.key); key != "update_id" {
			kinds = append(kinds, key)
		}
	}
	if len(kinds) > 0 {
		u.kind = slices.Min(kinds)
		u.body = f.object(u.kind)
	}
	return u
}

func (c *converter) convert(u update) verdict {
	switch u.kind {
	case "message", "channel_post":
		return c.message(u, u.body)
	case "edited_message", "edited_channel_post":
		return c.edited(u, u.body)
	case "message_reaction":
		return c.reaction(u, u.body)
	case "message_reaction_count":
		return c.reactionCounts(u, u.body)
	case "my_chat_member":
		return c.ownMember(u, u.body)
	case "chat_member":
		return c.member(u, u.body)
	case "poll":
		return c.poll(u, u.body)
	case "poll_answer":
		return c.pollAnswer(u, u.body)
	}
	return c.unknown(u)
}

func (c *converter) readMessage(f fields) message {
	where := readPlace(f)
	return message{
		fields: f, id: f.number("message_id"), at: f.number("date"), where: where,
		sender: readSender(f, c.me), me: c.me, manages: c.memory.manages(where.group),
	}
}

func (c *converter) message(u update, f fields) verdict {
	m := c.readMessage(f)
	if m.id == 0 || m.where.group == 0 {
		return c.unknown(u)
	}
	c.memory.place(m.where, m.id)
	if field, says, ok := readService(m); ok {
		return c.service(u, m, field, says)
	}
	content, ok := readContent(f, m.where)
	if !ok {
		return c.unknown(u)
	}
	c.digests.changed(m.where.group, m.id, content)
	c.memory.notePoll(pollAt{ID: f.object("poll").text("id"), Group: m.where.group, Thread: m.where.thread, Message: m.id})
	fresh := m.say("message", chat.MessageNew{ID: remoteMessage(m.id), Content: content})
	fresh.key = chat.EventKey(fmt.Sprintf("msg.%d.%d", m.where.group, m.id))
	return c.events(u, m.at, append(c.introduce(m.where, topicName(f)), fresh))
}

// topicName is a topic's title, which a plain message in it brings along.
func topicName(f fields) string {
	return f.object("reply_to_message").object("forum_topic_created").text("name")
}

// readService finds what a service message says; ok is false for other messages.
func readService(m message) (field string, says []said, ok bool) {
	if m.has("text") {
		return "", nil, false
	}
	for _, s := range service {
		if !m.has(s.field) {
			continue
		}
		if s.read != nil {
			says = s.read(m)
		}
		return s.field, says, true
	}
	return "", nil, false
}

func (c *converter) service(u update, m message, field string, says []said) verdict {
	switch field {
	case "migrate_to_chat_id":
		c.memory.move(m.where.group, m.number(field))
	case "migrate_from_chat_id":
		c.memory.move(m.number(field), m.where.group)
	default:
		says = append(c.introduce(m.where.whole(), ""), says...)
	}
	if len(says) == 0 {
		return ignore("service message " + field)
	}
	return c.events(u, m.at, says)
}

// edited reads a message as it is now. Such updates also come when nobody has typed anything.
func (c *converter) edited(u update, f fields) verdict {
	m := c.readMessage(f)
	if m.id == 0 || m.where.group == 0 {
		return c.unknown(u)
	}
	if field, _, ok := readService(m); ok {
		return ignore("service message " + field)
	}
	content, ok := readContent(f, m.where)
	if !ok {
		return c.unknown(u)
	}
	if !c.digests.changed(m.where.group, m.id, content) {
		return ignore("nothing changed that people see")
	}
	c.memory.place(m.where, m.id)
	edit := m.say("edit", chat.MessageEdit{ID: remoteMessage(m.id), Content: content})
	// Edit times have seconds only, so the update's id tells revisions apart.
	edit.key = chat.EventKey(fmt.Sprintf("edit.%d.%d.%d.%d", m.where.group, m.id, f.number("edit_date"), u.id))
	return c.events(u, max(f.number("edit_date"), m.at), append(c.introduce(m.where, topicName(f)), edit))
}

func (c *converter) reaction(u update, f fields) verdict {
	p, id := c.reactedTo(f)
	sender := userSender(f.object("user"), c.me)
	if f.has("actor_chat") {
		sender = chatSender(f.object("actor_chat"), "")
	}
	if p.group == 0 || id == 0 || sender.User == "" || !f.has("new_reaction") {
		return c.unknown(u)
	}
	emoji, strange := readReactions(f, "new_reaction")
	says := []said{{name: "reaction", where: p, sender: sender, body: chat.Reaction{ID: remoteMessage(id), Emoji: emoji}}}
	if strange {
		says = append(says, c.unknownSaid(u))
		if len(emoji) == 0 { // it is not the removal that it would look like
			says = says[1:]
		}
	}
	return c.events(u, f.number("date"), says)
}

func (c *converter) reactionCounts(u update, f fields) verdict {
	p, id := c.reactedTo(f)
	if p.group == 0 || id == 0 || !f.has("reactions") {
		return c.unknown(u)
	}
	counts, strange := map[string]int{}, false
	for _, r := range f.objects("reactions") {
		emoji, known := reactionEmoji(r.object("type"))
		strange = strange || !known
		if n := r.number("total_count"); emoji != "" && n > 0 {
			counts[emoji] = int(min(n, 1<<30))
		}
	}
	says := []said{{name: "counts", where: p, body: chat.ReactionCounts{ID: remoteMessage(id), Counts: counts}}}
	if strange {
		says = append(says, c.unknownSaid(u))
	}
	return c.events(u, f.number("date"), says)
}

// reactedTo finds the message. Reactions do not say in which topic it stands, so it is remembered.
func (c *converter) reactedTo(f fields) (place, int64) {
	p, id := chatPlace(f.object("chat")), f.number("message_id")
	p.thread = c.memory.threadOf(p.group, id)
	return p, id
}

// readReactions lists emoji; strange tells that something else was among them that we do not know.
func readReactions(f fields, key string) (emoji []string, strange bool) {
	for _, r := range f.objects(key) {
		e, known := reactionEmoji(r)
		strange = strange || !known
		if e != "" {
			emoji = append(emoji, e)
		}
	}
	return emoji, strange
}

// reactionEmoji reads a reaction's type. Custom emoji are pictures that other networks do not have.
func reactionEmoji(r fields) (emoji string, known bool) {
	switch r.text("type") {
	case "emoji":
		return r.text("emoji"), true
	case "custom_emoji":
		return "", true
	case "paid":
		return "⭐", true
	}
	return "", false
}

// introduce tells of a chat, and of its topic, at their first sight in this life.
func (c *converter) introduce(p place, topic string) (says []said) {
	if whole := p.whole(); c.memory.meet(whole) {
		says = append(says, said{name: "chat", where: whole, body: chat.ChatInfo{Title: p.title}})
	}
	if p.thread != 0 && c.memory.meet(p) {
		says = append(says, said{name: "chat.topic", where: p, body: chat.ChatInfo{Title: topic, Parent: p.whole().chat()}})
	}
	return says
}

// events gives each said its key: the update's, unless it has one of its own. Update ids may start again after a quiet
// week, so the time goes into the key too.
func (c *converter) events(u update, at int64, says []said) verdict {
	var v verdict
	for _, s := range says {
		if s.key == "" {
			s.key = chat.EventKey(fmt.Sprintf("update.%d.%d.%s", u.id, at, s.name))
		}
		v.events = append(v.events, chat.Event{
			Key: s.key, At: unixTime(at), Chat: s.where.chat(), Group: c.group(s.where), Sender: s.sender, Body: s.body,
		})
	}
	return v
}

// group names the conversation. A private chat has the person's id, whichever bot it is with.
func (c *converter) group(p place) chat.RemoteGroup {
	if p.group <= 0 {
		return ""
	}
	return chat.RemoteGroup(fmt.Sprintf("%d/%d", c.me, p.group))
}

// unknownWords stand in the room for what we cannot read.
const unknownWords = "message of a kind that Causeway does not know"

// unknown hands an update up as it is.
func (c *converter) unknown(u update) verdict {
	s := c.unknownSaid(u)
	return c.events(u, u.body.number("date"), []said{s})
}

func (c *converter) unknownSaid(u update) said {
	sum := sha256.Sum256(u.raw)
	s := said{
		where: readPlace(u.body), key: chat.EventKey(fmt.Sprintf("unknown.%d.%s", u.id, hex.EncodeToString(sum[:8]))),
		body: chat.Unknown{Kind: chat.Shorten(u.kind, maxKind), Raw: u.raw},
	}
	if id := u.body.number("message_id"); id != 0 && s.where.group != 0 && (u.kind == "message" || u.kind == "channel_post") {
		s.sender = readSender(u.body, c.me)
		s.key = chat.EventKey(fmt.Sprintf("unknown.%d.%d", s.where.group, id))
		s.body = chat.Unknown{ID: remoteMessage(id), Kind: u.kind, Text: unknownText(u.body), Raw: u.raw}
	}
	return s
}

const maxKind = 64

// unknownText keeps the words that stand below whatever it is.
func unknownText(f fields) string {
	if caption := f.text("caption"); caption != "" {
		return unknownWords + ": " + caption
	}
	return unknownWords
}
