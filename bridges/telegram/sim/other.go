// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// otherKinds make the fields of messages that are neither text nor file, from the text of the post.
var otherKinds = map[string]func(text string) *apiOther{
	"location": func(string) *apiOther { return &apiOther{Location: somewhere()} },
	"venue": func(text string) *apiOther {
		return &apiOther{Location: somewhere(), Venue: &apiVenue{Location: *somewhere(), Title: text, Address: "1 Quay"}}
	},
	"contact": func(text string) *apiOther {
		return &apiOther{Contact: &apiContact{PhoneNumber: "+447700900123", FirstName: text}}
	},
	"dice": func(string) *apiOther { return &apiOther{Dice: &apiDice{Emoji: "🎲", Value: 4}} },
	"poll": func(text string) *apiOther {
		return &apiOther{Poll: &apiPoll{
			ID: "5000000000000000001", Question: text, Options: []apiPollOption{{Text: "Yes"}, {Text: "No"}}, IsAnonymous: true, Type: "regular",
		}}
	},
}

func somewhere() *apiLocation { return &apiLocation{Latitude: 52.516267, Longitude: 13.377695} }

// sayOther fills in a post of another kind. Its text is a poll's question, a venue's title, a contact's name.
func (m *message) sayOther(in control.Post) error {
	build, ok := otherKinds[in.Kind]
	switch {
	case !ok:
		return control.Because(control.ErrNotSupported, "this simulator posts no %q", in.Kind)
	case len(in.Media) > 0:
		return control.Because(control.ErrWrongUse, "a %s has no file", in.Kind)
	case in.Text == "" && slices.Contains([]string{"venue", "contact", "poll"}, in.Kind):
		return control.Because(control.ErrWrongUse, "a %s needs a text", in.Kind)
	}
	m.text, m.other = in.Text, build(in.Text)
	return nil
}
