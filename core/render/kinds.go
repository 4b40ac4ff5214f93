// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// natives are posts of their own for what the network itself shows: a place, contacts, a poll.
func (in Input) natives() []Part {
	var parts []Part
	if in.placeIsNative() {
		place := *in.Content.Place
		if !in.Caps.Place.Venue.Native() {
			place.Title, place.Address = "", ""
		}
		if !in.Caps.Place.Live.Native() {
			place.Live = 0
		}
		parts = append(parts, Part{Place: &place})
	}
	if in.Caps.Contact.Level.Native() {
		for _, c := range in.Content.Contacts {
			parts = append(parts, Part{Contact: &c})
		}
	}
	if in.pollIsNative() {
		poll := *in.Content.Poll
		parts = append(parts, Part{Poll: &poll})
	}
	return parts
}

func (in Input) placeIsNative() bool {
	return in.Content.Place != nil && in.Caps.Place.Level.Native()
}

// pollIsNative wants votes that can be seen on both sides: two polls that know nothing of each other would each look
// like the whole. One that is closed is a result, not a question.
func (in Input) pollIsNative() bool {
	p, can := in.Content.Poll, in.Caps.Poll
	return p != nil && !p.Closed && can.Level.Native() && can.SeesVotes && can.Fits(*p) && votesAreTold(*p)
}

func votesAreTold(p chat.Poll) bool {
	return !slices.ContainsFunc(p.Options, func(o chat.PollOption) bool { return o.Votes < 0 })
}

// told are lines for what the network does not show itself, and for what its own form leaves out.
func (in Input) told() []chat.Text {
	var lines []chat.Text
	if p := in.Content.Place; p != nil {
		lines = append(lines, in.place(*p)...)
	}
	if !in.Caps.Contact.Level.Native() {
		for _, c := range in.Content.Contacts {
			lines = append(lines, in.words(in.contactLine(c)))
		}
	}
	if p := in.Content.Poll; p != nil && !in.pollIsNative() {
		lines = append(lines, in.poll(*p)...)
	}
	return lines
}

// place tells of a place, or of that part of it which a native point does not show.
func (in Input) place(p chat.Place) []chat.Text {
	native := in.placeIsNative()
	var lines []chat.Text
	if !native {
		kind := in.say().place
		if p.Live > 0 {
			kind = in.say().livePlace
		}
		lines = append(lines, in.words("["+kind+"]"))
	}
	if !native || !in.Caps.Place.Venue.Native() {
		for _, s := range []string{p.Title, p.Address} {
			if s = shorten(oneLine(s), maxQuoted); !blank(s) {
				lines = append(lines, in.words(s))
			}
		}
	}
	if !native {
		lines = append(lines, in.words(mapLink(p)))
	}
	return lines
}

// mapLink leads to a map that everybody can open, with a mark at the place.
func mapLink(p chat.Place) string {
	lat, lon := degrees(p.Lat), degrees(p.Lon)
	return "https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + lon + "#map=16/" + lat + "/" + lon
}

// degrees writes a coordinate to a tenth of a metre.
func degrees(d float64) string { return strconv.FormatFloat(d, 'f', 6, 64) }

// contactLine writes an entry of an address book: its owner chose to share the numbers.
func (in Input) contactLine(c chat.Contact) string {
	details := []string{isolate(in.cleanName(c.Name))}
	for _, phone := range c.Phones {
		details = append(details, isolate(shorten(oneLine(phone), maxName), c.Name))
	}
	details = slices.DeleteFunc(details, blank)
	if len(details) == 0 {
		return "[" + in.say().contact + "]"
	}
	return "[" + in.say().contact + ": " + strings.Join(details, ", ") + "]"
}

// poll writes the question and a line for each option, with its votes where they are known.
func (in Input) poll(p chat.Poll) []chat.Text {
	kind := in.say().poll
	if p.Closed {
		kind = in.say().closedPoll
	}
	lines := []chat.Text{in.words("[" + kind + "]"), in.words(isolate(shorten(oneLine(p.Question), maxExcerpt)), chat.Bold)}
	for _, o := range p.Options {
		line := "• " + isolate(shorten(oneLine(o.Text), maxQuoted))
		if o.Votes >= 0 {
			line += fmt.Sprintf(" — %d", o.Votes)
		}
		lines = append(lines, in.words(line))
	}
	return lines
}
