// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// otherMethods are those that send or change what is neither text nor file.
func otherMethods() []methodDef {
	return []methodDef{
		{name: "sendLocation", posts: true, changes: true, run: (*Server).sendLocation},
		{name: "sendVenue", posts: true, changes: true, run: (*Server).sendVenue},
		{name: "sendContact", posts: true, changes: true, run: (*Server).sendContact},
		{name: "sendDice", posts: true, changes: true, run: (*Server).sendDice},
		{name: "sendPoll", posts: true, changes: true, run: (*Server).sendPoll},
		{name: "stopPoll", edits: true, changes: true, run: (*Server).stopPoll},
		{name: "editMessageLiveLocation", edits: true, changes: true, run: (*Server).editMessageLiveLocation},
		{name: "stopMessageLiveLocation", edits: true, changes: true, run: (*Server).stopMessageLiveLocation},
		{name: "pinChatMessage", changes: true, run: (*Server).pinChatMessage},
		{name: "unpinChatMessage", changes: true, run: (*Server).unpinChatMessage},
		{name: "unpinAllChatMessages", changes: true, run: (*Server).unpinAllChatMessages},
	}
}

// sendOther sends o. The server looks at its limits, of which late tells, once it knows the chat.
func (s *Server) sendOther(c *call, o *apiOther, late *refusal, rights string) (any, *refusal) {
	m, quote, ref := s.draft(c)
	switch {
	case ref != nil:
		return nil, ref
	case late != nil:
		return nil, late
	}
	m.other, m.text = o, o.title()
	if ref := s.finish(m, quote, rights); ref != nil {
		return nil, ref
	}
	s.send(c, m)
	return m.api(true), nil
}

// pointArg reads a point on the map; what is no number counts as 0.
func pointArg(c *call) (*apiLocation, *refusal) {
	for _, name := range []string{"latitude", "longitude"} {
		if strings.TrimSpace(c.args.get(name)) == "" {
			return nil, wrong("%s is empty", name)
		}
	}
	return &apiLocation{
		Latitude: c.args.decimal("latitude"), Longitude: c.args.decimal("longitude"), Accuracy: accuracy(c.args.decimal("horizontal_accuracy")),
	}, nil
}

const maxAccuracy = 1500

// accuracy is a radius in metres as the server takes it.
func accuracy(n float64) float64 {
	if math.IsNaN(n) {
		return 0
	}
	return math.Ceil(min(max(n, 0), maxAccuracy))
}

func (a args) decimal(name string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(a.get(name)), 64)
	if err != nil {
		return 0
	}
	return n
}

// liveArgs reads what only a live location has, apart from its period.
func (l *apiLocation) liveArgs(c *call) {
	l.Heading, l.AlertRadius = c.args.integer("heading", 0), c.args.integer("proximity_alert_radius", 0)
}

func (s *Server) sendLocation(c *call) (any, *refusal) {
	l, ref := pointArg(c)
	if ref != nil {
		return nil, ref
	}
	l.LivePeriod = c.args.integer("live_period", 0)
	if l.LivePeriod != 0 {
		l.liveArgs(c)
	}
	return s.sendOther(c, &apiOther{Location: l}, l.check(), "locations")
}

func (s *Server) sendVenue(c *call) (any, *refusal) {
	l, ref := pointArg(c)
	if ref != nil {
		return nil, ref
	}
	o, late := venueOf(*l, c.args.get("title"), c.args.get("address"))
	return s.sendOther(c, o, late, "venues")
}

func (s *Server) sendContact(c *call) (any, *refusal) {
	return s.sendOther(c, &apiOther{Contact: &apiContact{
		PhoneNumber: c.args.get("phone_number"), FirstName: c.args.get("first_name"), LastName: c.args.get("last_name"),
		VCard: c.args.get("vcard"),
	}}, nil, "contacts")
}

func (s *Server) sendDice(c *call) (any, *refusal) {
	o, late := s.rollDice(c.args.get("emoji"))
	return s.sendOther(c, o, late, "dice")
}

func (s *Server) editMessageLiveLocation(c *call) (any, *refusal) {
	to, ref := pointArg(c)
	if ref != nil {
		return nil, ref
	}
	to.liveArgs(c)
	m, ref := s.liveMessage(c)
	if ref != nil {
		return nil, ref
	}
	if to.LivePeriod = c.args.integer("live_period", 0); to.LivePeriod == 0 {
		to.LivePeriod = m.other.Location.LivePeriod
	}
	if !to.onMap() {
		return nil, wrong("invalid location specified")
	}
	if ref := to.check(); ref != nil {
		return nil, ref
	}
	return s.movedByBot(c, m, *to)
}

func (s *Server) stopMessageLiveLocation(c *call) (any, *refusal) {
	m, ref := s.liveMessage(c)
	if ref != nil {
		return nil, ref
	}
	l := *m.other.Location
	l.LivePeriod, l.Heading, l.AlertRadius = 0, 0, 0
	return s.movedByBot(c, m, l)
}

// liveMessage finds the live location that a call changes.
func (s *Server) liveMessage(c *call) (*message, *refusal) {
	m, ref := s.editable(c)
	switch {
	case ref != nil:
		return nil, ref
	case !m.isLive():
		return nil, bad("there is no live location in the message to edit")
	case s.overdue(m):
		return nil, bad("message can't be edited")
	}
	return m, nil
}

func (m *message) isLive() bool {
	return m.other != nil && m.other.Location != nil && m.other.Location.LivePeriod > 0
}

// overdue says whether a live location's time is over.
func (s *Server) overdue(m *message) bool {
	period := m.other.Location.LivePeriod
	return period != liveForever && s.now().Sub(m.at) > time.Duration(period)*time.Second
}

func (s *Server) movedByBot(c *call, m *message, to apiLocation) (any, *refusal) {
	if *m.other.Location == to {
		return nil, bad(textSame)
	}
	s.move(m, to)
	c.rec.Message = messageID(m.id)
	return m.api(true), nil
}

// move changes where a message points to. Answers may still hold the old place.
func (s *Server) move(m *message, to apiLocation) {
	m.other = &apiOther{Location: &to}
	m.editedAt = s.now()
	m.edits++
	m.chat.log.Touch(m)
}
