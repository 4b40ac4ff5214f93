// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"github.com/causeway-chat/causeway/core/chat"
)

// Bounds of what is shown of a place and of a contact.
const (
	minLive     = 60 // seconds
	maxLive     = 86400
	maxAccuracy = 1500 // metres
	maxVCard    = 2048 // bytes
)

// place sends a venue or a point; one that moves stays live for as long as it does elsewhere.
func (o outgoing) place(ctx context.Context) error {
	p := *o.post.Place
	if p.Title != "" || p.Address != "" {
		_, err := o.api.SendVenue(ctx, &bot.SendVenueParams{
			ChatID: o.t.group, MessageThreadID: int(o.t.thread), Latitude: p.Lat, Longitude: p.Lon,
			Title: cmp.Or(p.Title, p.Address), Address: cmp.Or(p.Address, p.Title), ReplyParameters: o.reply,
		})
		return err
	}
	_, err := o.api.SendLocation(ctx, &bot.SendLocationParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Latitude: p.Lat, Longitude: p.Lon,
		HorizontalAccuracy: min(p.Accuracy, maxAccuracy), LivePeriod: livePeriod(p.Live), ReplyParameters: o.reply,
	})
	return err
}

func livePeriod(d time.Duration) int {
	if d <= 0 {
		return 0
	}
	return int(min(max(d/time.Second, minLive), maxLive))
}

// movePlace moves a live point, or stops it. One that has stopped already cannot be stopped again.
func (a *account) movePlace(ctx context.Context, p chat.Post, t target) ruling {
	if p.Place.Live <= 0 {
		params := &bot.StopMessageLiveLocationParams{ChatID: t.group, MessageID: t.message}
		r, x := a.try(ctx, chat.ActEdit, nil, func(ctx context.Context) error { _, err := a.api.StopMessageLiveLocation(ctx, params); return err })
		if bytes.Contains(x.body, []byte("there is no live location in the message to edit")) || bytes.Contains(x.body, []byte("message can't be edited")) {
			r = ruling{outcome: chat.DeliveredAs()}
		}
		return r
	}
	params := &bot.EditMessageLiveLocationParams{
		ChatID: t.group, MessageID: t.message, Latitude: p.Place.Lat, Longitude: p.Place.Lon, HorizontalAccuracy: min(p.Place.Accuracy, maxAccuracy),
	}
	r, _ := a.try(ctx, chat.ActEdit, nil, func(ctx context.Context) error { _, err := a.api.EditMessageLiveLocation(ctx, params); return err })
	return r
}

// contact sends an entry of an address book. Telegram has none without a number, so such a one is told by its name.
func (o outgoing) contact(ctx context.Context) error {
	c := *o.post.Contact
	if len(c.Phones) == 0 {
		o.text, o.post.NoPreview = chat.Text{Body: cmp.Or(c.Name, "?")}, true
		return o.message(ctx)
	}
	_, err := o.api.SendContact(ctx, &bot.SendContactParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), PhoneNumber: c.Phones[0], FirstName: cmp.Or(c.Name, c.Phones[0]),
		VCard: vCard(c), ReplyParameters: o.reply,
	})
	return err
}

// vCard is the entry as its network gave it, else one that holds the numbers for which Telegram has no field.
func vCard(c chat.Contact) string {
	card := c.VCard
	if card == "" && len(c.Phones) > 1 {
		card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:" + vCardEscape.Replace(c.Name) + "\r\n"
		for _, phone := range c.Phones {
			card += "TEL:" + vCardEscape.Replace(phone) + "\r\n"
		}
		card += "END:VCARD\r\n"
	}
	if len(card) > maxVCard {
		return ""
	}
	return card
}

var vCardEscape = strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\r", "", "\n", `\n`)

// sendPoll sends a poll whose voters are not named, so that all of its state comes with every update, and remembers where it
// stands.
func (a *account) sendPoll(ctx context.Context, o outgoing) ruling {
	params := &bot.SendPollParams{
		ChatID: o.t.group, MessageThreadID: int(o.t.thread), Question: o.post.Poll.Question, IsAnonymous: bot.True(),
		AllowsMultipleAnswers: o.post.Poll.Multiple, ReplyParameters: o.reply,
	}
	for _, option := range o.post.Poll.Options {
		params.Options = append(params.Options, models.InputPollOption{Text: option.Text})
	}
	var raw *exchange
	r := a.quoting(ctx, o, func(ctx context.Context) error {
		raw, _ = ctx.Value(exchangeKey{}).(*exchange)
		_, err := o.api.SendPoll(ctx, params)
		return err
	})
	ans, _ := readAnswer(raw.body)
	m, _ := readFields(ans.result, nil)
	a.memory.notePoll(pollAt{ID: m.object("poll").text("id"), Group: o.t.group, Thread: o.t.thread, Message: m.number("message_id"), Own: true})
	return r
}

// editPoll ends a poll of ours; one that has ended is as it should be. The votes of others have no place in it.
func (a *account) editPoll(ctx context.Context, p chat.Post, t target) ruling {
	if !p.Poll.Closed {
		out := chat.DeliveredAs()
		out.Dropped = []string{"votes"}
		return ruling{outcome: out}
	}
	params := &bot.StopPollParams{ChatID: t.group, MessageID: t.message}
	r, _ := a.try(ctx, chat.ActEdit, nil, func(ctx context.Context) error { _, err := a.api.StopPoll(ctx, params); return err })
	return r
}
