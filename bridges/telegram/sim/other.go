// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"math"
	"slices"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// The kinds of messages that are neither text nor file, as the control API names them.
const (
	kindLocation = "location"
	kindVenue    = "venue"
	kindContact  = "contact"
	kindDice     = "dice"
	kindPoll     = "poll"
)

// otherKinds make the fields of such a message from a post, and refuse what the network refuses.
var otherKinds = map[string]func(s *Server, in control.Post) (*apiOther, *refusal){
	kindLocation: (*Server).postedLocation, kindVenue: (*Server).postedVenue, kindContact: (*Server).postedContact,
	kindDice: (*Server).postedDice, kindPoll: (*Server).postedPoll,
}

// sayOther fills in a post of another kind. Its text is a poll's question, a venue's title or a contact's name, where
// the kind's own field does not say them.
func (s *Server) sayOther(m *message, in control.Post) error {
	build, ok := otherKinds[in.Kind]
	switch {
	case !ok:
		return control.Because(control.ErrNotSupported, "this simulator posts no %q", in.Kind)
	case len(in.Media) > 0:
		return control.Because(control.ErrWrongUse, "a %s has no file", in.Kind)
	case in.Text == "" && in.Place == nil && in.Contact == nil && in.Poll == nil &&
		slices.Contains([]string{kindVenue, kindContact, kindPoll}, in.Kind):
		return control.Because(control.ErrWrongUse, "a %s needs a text", in.Kind)
	}
	other, ref := build(s, in)
	if ref != nil {
		return control.Because(control.ErrRefused, "%s", ref.words())
	}
	m.other, m.text = other, other.title()
	if m.text == "" {
		m.text = in.Text
	}
	return nil
}

// title is what names the message where its fields are not shown.
func (o *apiOther) title() string {
	switch {
	case o.Venue != nil:
		return o.Venue.Title
	case o.Contact != nil:
		return strings.TrimSpace(o.Contact.FirstName + " " + o.Contact.LastName)
	case o.Poll != nil:
		return o.Poll.Question
	}
	return ""
}

func (s *Server) postedLocation(in control.Post) (*apiOther, *refusal) {
	p := in.PlaceOrMadeUp()
	l := &apiLocation{Latitude: p.Latitude, Longitude: p.Longitude, LivePeriod: p.LiveS}
	return &apiOther{Location: l}, l.check()
}

func (s *Server) postedVenue(in control.Post) (*apiOther, *refusal) {
	p := in.PlaceOrMadeUp()
	if p.Title == "" {
		p.Title = in.Text
	}
	if p.Address == "" {
		p.Address = "1 Quay"
	}
	l := apiLocation{Latitude: p.Latitude, Longitude: p.Longitude}
	return venueOf(l, p.Title, p.Address)
}

func (s *Server) postedContact(in control.Post) (*apiOther, *refusal) {
	card := in.ContactOrMadeUp()
	first, last, _ := strings.Cut(card.Name, " ")
	return &apiOther{Contact: &apiContact{PhoneNumber: card.Phone, FirstName: first, LastName: last, VCard: card.VCard}}, nil
}

func (s *Server) postedDice(control.Post) (*apiOther, *refusal) { return s.rollDice("") }

func (s *Server) postedPoll(in control.Post) (*apiOther, *refusal) {
	p := in.PollOrMadeUp()
	poll := &apiPoll{
		ID: s.newPollID(), Question: p.Question, MultipleAnswers: p.Multiple, IsAnonymous: !p.Public, Type: pollRegular, IsClosed: p.Closed,
	}
	for _, o := range p.Options {
		poll.Options = append(poll.Options, apiPollOption{Text: o.Text})
	}
	return &apiOther{Poll: poll}, poll.check()
}

const (
	minLivePeriod  = 60
	maxLivePeriod  = 86400
	liveForever    = math.MaxInt32
	maxHeading     = 360
	maxAlertRadius = 100_000
	maxLatitude    = 90
	maxLongitude   = 180
)

// onMap says whether there is such a point.
func (l *apiLocation) onMap() bool {
	return math.Abs(l.Latitude) <= maxLatitude && math.Abs(l.Longitude) <= maxLongitude
}

// check holds a location, live or not, to the server's limits.
func (l *apiLocation) check() *refusal {
	live := l.LivePeriod != 0
	switch {
	case !l.onMap() && live:
		return wrong("invalid live location specified")
	case !l.onMap():
		return wrong("invalid location specified")
	case live && l.LivePeriod != liveForever && (l.LivePeriod < minLivePeriod || l.LivePeriod > maxLivePeriod):
		return wrong("wrong live location period specified")
	case l.Heading < 0 || l.Heading > maxHeading:
		return wrong("wrong live location heading specified")
	case l.AlertRadius < 0 || l.AlertRadius > maxAlertRadius:
		return wrong("wrong live location proximity alert radius specified")
	}
	return nil
}

// venueOf makes a venue, whose message names the location too.
func venueOf(l apiLocation, title, address string) (*apiOther, *refusal) {
	if !l.onMap() {
		return nil, wrong("wrong venue location specified")
	}
	return &apiOther{Location: &l, Venue: &apiVenue{Location: l, Title: title, Address: address}}, nil
}

// diceFaces are the emoji that roll, and how many faces each has.
var diceFaces = map[string]int64{"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}

// rollDice rolls a die; no emoji means 🎲. How the real server refuses others is not known.
func (s *Server) rollDice(emoji string) (*apiOther, *refusal) {
	if emoji == "" {
		emoji = "🎲"
	}
	faces := diceFaces[plainEmoji(emoji)]
	if faces == 0 {
		return nil, wrong("EMOTICON_INVALID")
	}
	return &apiOther{Dice: &apiDice{Emoji: emoji, Value: 1 + int(s.rng.Int64N(faces))}}, nil
}

// seenKind names the message's kind for people.
func (o *apiOther) seenKind() string {
	switch {
	case o.Venue != nil:
		return kindVenue
	case o.Location != nil:
		return kindLocation
	case o.Contact != nil:
		return kindContact
	case o.Dice != nil:
		return kindDice
	}
	return kindPoll
}

// show fills in what people see of the message.
func (o *apiOther) show(to *control.Content) {
	to.Kind = o.seenKind()
	if l := o.Location; l != nil {
		to.Place = &control.Place{Latitude: l.Latitude, Longitude: l.Longitude, LiveS: l.LivePeriod}
	}
	if v := o.Venue; v != nil {
		to.Place.Title, to.Place.Address = v.Title, v.Address
	}
	if c := o.Contact; c != nil {
		to.Contact = &control.Contact{Name: o.title(), Phone: c.PhoneNumber, VCard: c.VCard}
	}
	if p := o.Poll; p != nil {
		to.Poll = p.seen()
	}
}
