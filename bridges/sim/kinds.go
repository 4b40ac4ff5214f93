// SPDX-License-Identifier: Apache-2.0

package sim

// Place is a point on the map. With a title it is a venue, with LiveS a live location.
type Place struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Title     string  `json:"title,omitempty"`
	Address   string  `json:"address,omitempty"`
	// LiveS is for how many seconds the place moves; 0 means that it stands still.
	LiveS int `json:"live_s,omitempty"`
}

// Contact is the card of a person.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	VCard string `json:"vcard,omitempty"`
}

// Poll is a question with answers to choose from. In a post the votes are left out.
type Poll struct {
	Question string       `json:"question"`
	Options  []PollOption `json:"options"`
	// Multiple lets a user choose several options.
	Multiple bool `json:"multiple,omitempty"`
	// Public shows who voted for what.
	Public bool `json:"public,omitempty"`
	// Closed takes no more votes.
	Closed bool `json:"closed,omitempty"`
}

// PollOption is one answer, with the number of its votes.
type PollOption struct {
	Text  string `json:"text"`
	Votes int    `json:"votes,omitempty"`
}

// Vote sets what a user votes for in a poll, by the options' places from 0; none takes the vote back. With Close its author
// ends the poll instead.
type Vote struct {
	Chat    ChatID    `json:"chat"`
	Message MessageID `json:"message"`
	User    UserID    `json:"user"`
	Options []int     `json:"options"`
	Close   bool      `json:"close,omitempty"`
}

// Origin is where a forwarded message came from: exactly one of User, Name and Chat is set.
type Origin struct {
	// User wrote it and shows that.
	User UserID `json:"user,omitempty"`
	// Name is how a user is called who hides their account.
	Name string `json:"name,omitempty"`
	// Chat wrote it itself: a channel, or a group by an anonymous admin. Message is the channel's post.
	Chat    ChatID    `json:"chat,omitempty"`
	Message MessageID `json:"message,omitempty"`
}

// Pin pins a message, or with Unpin takes the pin away. User is who does it; empty means who may.
type Pin struct {
	Chat    ChatID    `json:"chat"`
	Message MessageID `json:"message"`
	User    UserID    `json:"user,omitempty"`
	Unpin   bool      `json:"unpin,omitempty"`
}
