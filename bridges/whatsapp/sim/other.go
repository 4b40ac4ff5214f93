// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"cmp"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/proto/waE2E"
)

// The kinds of messages that are neither text nor file.
const (
	kindLocation = "location"
	kindVenue    = "venue"
	kindLive     = "live_location"
	kindContact  = "contact"
	kindPoll     = "poll"
)

// composeOther makes a message that is neither text nor file. What the post leaves out is made up; its text then is a
// poll's question, a venue's or a contact's name.
func (s *Server) composeOther(sp speaker, in control.Post, about *waE2E.ContextInfo) (*waE2E.Message, error) {
	switch in.Kind {
	case kindLocation, kindVenue, kindLive:
		return placeMessage(in, about), nil
	case kindContact:
		return contactMessage(in, about)
	case kindPoll:
		return pollMessage(sp, in)
	}
	return nil, control.Because(control.ErrNotSupported, "this simulator posts no %q", in.Kind)
}

func placeMessage(in control.Post, about *waE2E.ContextInfo) *waE2E.Message {
	p := in.PlaceOrMadeUp()
	if in.Kind == kindVenue && in.Place == nil {
		p.Title, p.Address = cmp.Or(in.Text, "The quay"), "1 Quay"
	}
	if in.Kind == kindLive || p.LiveS > 0 {
		return &waE2E.Message{LiveLocationMessage: &waE2E.LiveLocationMessage{
			DegreesLatitude: &p.Latitude, DegreesLongitude: &p.Longitude, Caption: optional(in.Text), ContextInfo: about,
			SequenceNumber: proto.Int64(1), TimeOffset: proto.Uint32(0),
		}}
	}
	return &waE2E.Message{LocationMessage: &waE2E.LocationMessage{
		DegreesLatitude: &p.Latitude, DegreesLongitude: &p.Longitude, Name: optional(p.Title), Address: optional(p.Address), ContextInfo: about,
	}}
}

func contactMessage(in control.Post, about *waE2E.ContextInfo) (*waE2E.Message, error) {
	c := in.ContactOrMadeUp()
	if c.Name == "" {
		return nil, control.Because(control.ErrWrongUse, "a contact needs a name")
	}
	if c.VCard == "" {
		number := strings.Map(onlyDigits, c.Phone)
		c.VCard = fmt.Sprintf("BEGIN:VCARD\nVERSION:3.0\nN:;%s;;;\nFN:%s\nTEL;type=CELL;waid=%s:+%s\nEND:VCARD", c.Name, c.Name, number, number)
	}
	return &waE2E.Message{ContactMessage: &waE2E.ContactMessage{DisplayName: &c.Name, Vcard: &c.VCard, ContextInfo: about}}, nil
}

func pollMessage(sp speaker, in control.Post) (*waE2E.Message, error) {
	p := in.PollOrMadeUp()
	if p.Question == "" || len(p.Options) < 2 || len(p.Options) > maxOptions || p.Closed {
		return nil, control.Because(control.ErrWrongUse, "a poll needs a question and 2 to %d options, and is open", maxOptions)
	}
	var options []string
	for _, o := range p.Options {
		options = append(options, o.Text)
	}
	choices := 1
	if p.Multiple {
		choices = 0 // any number
	}
	return sp.ph.client.BuildPollCreation(p.Question, options, choices), nil
}

// maxOptions is how many answers a poll can have.
const maxOptions = 12

// otherBody reads what is neither text nor file.
func otherBody(m *waE2E.Message) (content, string, *waE2E.ContextInfo) {
	switch {
	case m.GetLocationMessage() != nil:
		l := m.GetLocationMessage()
		c := plain(control.Content{Kind: kindLocation, Place: &control.Place{
			Latitude: l.GetDegreesLatitude(), Longitude: l.GetDegreesLongitude(), Title: l.GetName(), Address: l.GetAddress(),
		}})
		if l.GetName() != "" {
			c.Kind = kindVenue
		}
		return c, l.GetName(), l.GetContextInfo()
	case m.GetLiveLocationMessage() != nil:
		l := m.GetLiveLocationMessage()
		place := &control.Place{Latitude: l.GetDegreesLatitude(), Longitude: l.GetDegreesLongitude(), LiveS: 3600}
		return plain(control.Content{Kind: kindLive, Place: place}), l.GetCaption(), l.GetContextInfo()
	case m.GetContactMessage() != nil:
		return readContact(m.GetContactMessage())
	case len(m.GetContactsArrayMessage().GetContacts()) > 0:
		return readContact(m.GetContactsArrayMessage().GetContacts()[0])
	case pollOf(m) != nil:
		return readPoll(pollOf(m))
	}
	return content{}, "", nil
}

func readContact(c *waE2E.ContactMessage) (content, string, *waE2E.ContextInfo) {
	card := control.Contact{Name: c.GetDisplayName(), VCard: c.GetVcard()}
	for line := range strings.Lines(c.GetVcard()) {
		if field, number, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(field, "TEL") && card.Phone == "" {
			card.Phone = "+" + strings.Map(onlyDigits, number)
		}
	}
	return plain(control.Content{Kind: kindContact, Contact: &card}), c.GetDisplayName(), c.GetContextInfo()
}

func readPoll(p *waE2E.PollCreationMessage) (content, string, *waE2E.ContextInfo) {
	poll := control.Poll{Question: p.GetName(), Multiple: p.GetSelectableOptionsCount() != 1, Public: true}
	for _, o := range p.GetOptions() {
		poll.Options = append(poll.Options, control.PollOption{Text: o.GetOptionName()})
	}
	return plain(control.Content{Kind: kindPoll, Poll: &poll}), p.GetName(), p.GetContextInfo()
}

// pollOf is the poll that a message is, in whatever version, or nil.
func pollOf(m *waE2E.Message) *waE2E.PollCreationMessage {
	if inner := m.GetPollCreationMessageV4().GetMessage(); inner != nil {
		m = inner
	}
	for _, p := range []*waE2E.PollCreationMessage{
		m.GetPollCreationMessage(), m.GetPollCreationMessageV2(), m.GetPollCreationMessageV3(), m.GetPollCreationMessageV5(), m.GetPollCreationMessageV6(),
	} {
		if p != nil {
			return p
		}
	}
	return nil
}
