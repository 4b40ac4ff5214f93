// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"fmt"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// kind is a kind of message besides text.
type kind struct {
	field string
	// name is what it is called for people, where it cannot be carried.
	name string
	// carry puts it into the content; false when it lacks what it takes. nil: Causeway does not carry it.
	carry func(c *chat.Content, m, f fields, p place) bool
	// words say what can be said of it, from the field's own object; nil: its caption alone.
	words func(fields) string
}

// kinds are looked up in order: an animation is also a document, a venue is also a location.
var kinds = []kind{
	{field: "photo", name: "photo", carry: carryPhoto},
	{field: "animation", name: "animation", carry: carryMedia(chat.Animation)},
	{field: "video", name: "video", carry: carryMedia(chat.Video)},
	{field: "video_note", name: "video message", carry: carryMedia(chat.VideoNote)},
	{field: "voice", name: "voice message", carry: carryMedia(chat.Voice)},
	{field: "audio", name: "audio", carry: carryMedia(chat.Audio), words: mediaName},
	{field: "document", name: "file", carry: carryMedia(chat.File), words: mediaName},
	{field: "sticker", name: "sticker", carry: carryMedia(chat.Sticker), words: textOf("emoji")},
	{field: "paid_media", name: "paid media"},
	{field: "poll", name: "poll", carry: carryPoll, words: pollWords},
	{field: "venue", name: "place", carry: carryVenue, words: venueWords},
	{field: "location", name: "location", carry: carryLocation},
	{field: "contact", name: "contact", carry: carryContact, words: contactWords},
	{field: "dice", name: "dice", carry: carryDice, words: diceWords},
	{field: "game", name: "game", words: textOf("title")},
	{field: "story", name: "story"},
	{field: "checklist", name: "checklist", words: checklistWords},
	{field: "giveaway", name: "giveaway"},
	{field: "giveaway_winners", name: "giveaway winners"},
	{field: "invoice", name: "invoice", words: textOf("title")},
	{field: "gift", name: "gift"},
	{field: "unique_gift", name: "gift"},
}

func textOf(key string) func(fields) string { return func(f fields) string { return f.text(key) } }

// object is what the field holds. A photo is a list of its sizes, which carryPhoto reads.
func (k kind) object(m fields) fields {
	if k.field == "photo" {
		return fields{bad: m.bad}
	}
	return m.object(k.field)
}

// read puts the message into the content, or what can be said of it.
func (k kind) read(c *chat.Content, m fields, p place) {
	if m.has("caption") {
		c.Text = readText(m, "caption", "caption_entities")
	}
	if k.carry != nil && k.carry(c, m, k.object(m), p) {
		return
	}
	c.Placeholder = k.name
	if c.Text.Body == "" && k.words != nil {
		c.Text = chat.Text{Body: strings.TrimSpace(k.words(m.object(k.field)))}
	}
}

func carryMedia(k chat.MediaKind) func(*chat.Content, fields, fields, place) bool {
	return func(c *chat.Content, m, f fields, p place) bool {
		media, ok := readMedia(k, m, f, p)
		if ok {
			c.Media = []chat.Media{media}
		}
		return ok
	}
}

func carryPhoto(c *chat.Content, m, _ fields, p place) bool {
	return carryMedia(chat.Photo)(c, m, largest(m.objects("photo")), p)
}

func carryVenue(c *chat.Content, _, f fields, _ place) bool {
	point, ok := readPoint(f.object("location"))
	if !ok {
		return false
	}
	point.Title, point.Address = f.text("title"), f.text("address")
	c.Place = &point
	return true
}

func carryLocation(c *chat.Content, _, f fields, _ place) bool {
	point, ok := readPoint(f)
	if ok {
		c.Place = &point
	}
	return ok
}

// readPoint reads a location; one that has stopped moving has no live_period any more.
func readPoint(f fields) (p chat.Place, ok bool) {
	lat, okLat := f.decimal("latitude")
	lon, okLon := f.decimal("longitude")
	if !okLat || !okLon || lat < -90 || lat > 90 || lon < -180 || lon > 180 {
		return p, false
	}
	accuracy, _ := f.decimal("horizontal_accuracy")
	return chat.Place{Lat: lat, Lon: lon, Accuracy: max(accuracy, 0), Live: seconds(f, "live_period")}, true
}

func carryContact(c *chat.Content, _, f fields, _ place) bool {
	contact := chat.Contact{Name: fullName(f), VCard: f.text("vcard")}
	if phone := f.text("phone_number"); phone != "" {
		contact.Phones = []string{phone}
	}
	if contact.Name == "" && len(contact.Phones) == 0 {
		return false
	}
	c.Contacts = []chat.Contact{contact}
	return true
}

// carryPoll reads a poll. Of those of others nobody tells the votes until they are closed.
func carryPoll(c *chat.Content, _, f fields, _ place) bool {
	poll := chat.Poll{Question: f.text("question"), Multiple: f.flag("allows_multiple_answers"), Closed: f.flag("is_closed")}
	for _, o := range f.objects("options") {
		votes := -1
		if poll.Closed {
			votes = count(o, "voter_count")
		}
		poll.Options = append(poll.Options, chat.PollOption{Text: o.text("text"), Votes: votes})
	}
	if poll.Question == "" || len(poll.Options) == 0 {
		return false
	}
	c.Poll = &poll
	return true
}

func count(f fields, key string) int { return int(min(max(f.number(key), 0), 1<<30)) }

// carryDice says in words what was thrown: other networks have no dice.
func carryDice(c *chat.Content, _, f fields, _ place) bool {
	if f.text("emoji") == "" || f.number("value") == 0 {
		return false
	}
	c.Text = chat.Text{Body: diceWords(f)}
	return true
}

func diceWords(f fields) string {
	if f.number("value") == 0 {
		return f.text("emoji")
	}
	return fmt.Sprintf("%s %d", f.text("emoji"), f.number("value"))
}

func pollWords(f fields) string { return listWords(f.text("question"), f.objects("options")) }

func checklistWords(f fields) string { return listWords(f.text("title"), f.objects("tasks")) }

func listWords(title string, items []fields) string {
	var b strings.Builder
	b.WriteString(title)
	for _, o := range items {
		b.WriteString("\n• " + o.text("text"))
	}
	return b.String()
}

func venueWords(f fields) string { return f.text("title") + "\n" + f.text("address") }

func contactWords(f fields) string { return fullName(f) + "\n" + f.text("phone_number") }
