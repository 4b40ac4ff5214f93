// SPDX-License-Identifier: Apache-2.0

package sim

// MadeUpPhone is the number of contacts that a simulator makes up. It is kept for fiction: it is nobody's.
const MadeUpPhone = "+447700900123"

// PollOrMadeUp is the poll that a post of this kind asks; one with its text as the question, where the post leaves it out.
func (c Content) PollOrMadeUp() Poll {
	if c.Poll != nil {
		return *c.Poll
	}
	return Poll{Question: c.Text, Options: []PollOption{{Text: "Yes"}, {Text: "No"}}}
}

// ContactOrMadeUp is the card that a post of this kind shows; one with its text as the name, where the post leaves it out.
func (c Content) ContactOrMadeUp() Contact {
	if c.Contact != nil {
		return *c.Contact
	}
	return Contact{Name: c.Text, Phone: MadeUpPhone}
}

// PlaceOrMadeUp is where a post of this kind points to; the Brandenburg Gate, where the post leaves it out.
func (c Content) PlaceOrMadeUp() Place {
	if c.Place != nil {
		return *c.Place
	}
	return Place{Latitude: 52.516267, Longitude: 13.377695}
}
