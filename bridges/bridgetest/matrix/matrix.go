// SPDX-License-Identifier: Apache-2.0

// Package matrix says, for every kind of message and everything that can be done with it, what a network's capabilities
// promise. The conformance suite holds every bridge to it, and docs/reference/conformance.md shows it, so the page cannot say
// more than what is tested.
package matrix

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// Kind is a kind of message. The kinds of files have the names of chat's media kinds.
type Kind string

// The kinds besides those of files.
const (
	Text      Kind = "text"
	Album     Kind = "album"
	Place     Kind = "place"
	Venue     Kind = "place with a name"
	LivePlace Kind = "place that moves"
	Contact   Kind = "contact"
	Poll      Kind = "poll"
)

// Kinds lists every kind, in the order in which tables show them.
func Kinds() []Kind {
	kinds := []Kind{Text}
	for _, k := range chat.MediaKinds() {
		kinds = append(kinds, Kind(k))
	}
	return append(kinds, Album, Place, Venue, LivePlace, Contact, Poll)
}

// Media is the media kind that k is; ok is false for what is no file.
func (k Kind) Media() (media chat.MediaKind, ok bool) {
	for _, m := range chat.MediaKinds() {
		if string(m) == string(k) {
			return m, true
		}
	}
	return "", false
}

// Action is something that is done with a message. What our account does is "ours", what people do is "theirs".
type Action string

// The actions.
const (
	Receive       Action = "receive"        // people post it, and it comes up
	Send          Action = "send"           // our account posts it, and people see it
	TheirReply    Action = "reply heard"    // people answer it
	OurReply      Action = "reply sent"     // our account answers with it, and answers it
	TheirEdit     Action = "edit heard"     // people change what they posted
	OurEdit       Action = "edit sent"      // our account changes what it posted
	TheirDelete   Action = "delete heard"   // people delete what they posted
	OurDelete     Action = "delete sent"    // our account deletes what it posted
	TheirReaction Action = "reaction heard" // people react to it
	OurReaction   Action = "reaction sent"  // our account reacts to it
)

// Actions lists every action, in the order in which tables show them.
func Actions() []Action {
	return []Action{Receive, Send, TheirReply, OurReply, TheirEdit, OurEdit, TheirDelete, OurDelete, TheirReaction, OurReaction}
}

// Fate is what becomes of an action, in the words that tables show.
type Fate string

// The fates.
const (
	Native   Fate = "yes"
	InWords  Fate = "in words"
	AsFile   Fate = "as a file"
	AsPlace  Fate = "as a place"
	OneByOne Fate = "one by one"
	InReply  Fate = "in a reply"
	Quoted   Fate = "as a quote"
	Closes   Fate = "closes"
	Votes    Fate = "votes"
	Untold   Fate = "not told"
	Unshown  Fate = "not shown"
	Nothing  Fate = "nobody can"
	Unlike   Fate = "has none"
)

// Meaning is a fate with what it means.
type Meaning struct {
	Fate     Fate
	Sentence string
}

// Meanings explains every fate.
func Meanings() []Meaning {
	return []Meaning{
		{Native, "In the network's own form."},
		{InWords, "The router says it in a text; the bridge is not asked, and would refuse."},
		{AsFile, "The router makes a file of another kind of it, or a line that names it."},
		{AsPlace, "A point on the map that stands still, with its name in a text."},
		{OneByOne, "In posts of their own, in order."},
		{InReply, "The router answers the copy with what is new."},
		{Quoted, "The router begins the text with a piece of what is answered."},
		{Closes, "The poll takes no more votes: the one change that there is."},
		{Votes, "Votes in polls of our account are told."},
		{Untold, "The network does not tell the account. See below for the way out."},
		{Unshown, "It cannot be shown; the delivery's result says so."},
		{Nothing, "People of the network cannot do this either."},
		{Unlike, "The network has no such thing. Whatever people post in its place comes up as that."},
	}
}

// Of says what becomes of an action with a kind of message on a network with these capabilities. It is never empty.
func Of(c chat.Capabilities, k Kind, a Action) Fate {
	switch a {
	case Receive:
		return onTheirs(c, k, Native)
	case Send:
		return send(c, k)
	case TheirReply:
		return native(c.Reply.Level, Unlike)
	case OurReply:
		return reply(c, k)
	case TheirEdit:
		return theirEdit(c, k)
	case OurEdit:
		return ourEdit(c, k)
	case TheirDelete:
		return theirDelete(c, k)
	case OurDelete:
		return onOurs(c, k, native(c.Delete.Level, Unshown))
	case TheirReaction:
		return onTheirs(c, k, native(c.React.Level, Unlike))
	}
	return onTheirs(c, k, reactions(c))
}

// onTheirs is the fate of an action with a message of people, if the network has such.
func onTheirs(c chat.Capabilities, k Kind, f Fate) Fate {
	if !Heard(c, k) {
		return Unlike
	}
	return f
}

// Heard reports whether people of a network post a kind of message, and our account is told.
func Heard(c chat.Capabilities, k Kind) bool { return Has(c, k) || slices.Contains(c.Hears, string(k)) }

// Has reports whether a network has a kind of message.
func Has(c chat.Capabilities, k Kind) bool { return level(c, k).Native() }

func native(l chat.Level, otherwise Fate) Fate {
	if l.Native() {
		return Native
	}
	return otherwise
}

// level says how a network shows a kind.
func level(c chat.Capabilities, k Kind) chat.Level {
	if media, ok := k.Media(); ok {
		return c.Media[media].Level
	}
	switch k {
	case Text:
		return chat.Full
	case Album:
		if c.Album.Max > 1 {
			return chat.Full
		}
		return chat.Fallback
	case Place:
		return c.Place.Level
	case Venue:
		return least(c.Place.Level, c.Place.Venue)
	case LivePlace:
		return least(c.Place.Level, c.Place.Live)
	case Contact:
		return c.Contact.Level
	}
	return c.Poll.Level
}

// least is the level of what needs both.
func least(a, b chat.Level) chat.Level {
	if a.Native() {
		return b
	}
	return a
}

func send(c chat.Capabilities, k Kind) Fate {
	_, file := k.Media()
	switch {
	case k == Poll && !c.Poll.SeesVotes: // two polls that know nothing of each other would each look like the whole
		return InWords
	case Has(c, k):
		return Native
	case k == Album:
		return OneByOne
	case (k == Venue || k == LivePlace) && c.Place.Level.Native():
		return AsPlace
	case file:
		return AsFile
	}
	return InWords
}

// onOurs is the fate of an action with a message of ours; where it goes in another form, that form's row tells.
func onOurs(c chat.Capabilities, k Kind, f Fate) Fate {
	if s := send(c, k); s != Native {
		return s
	}
	return f
}

func reply(c chat.Capabilities, k Kind) Fate {
	if c.Reply.Level == chat.Fallback {
		return onOurs(c, k, Quoted)
	}
	return onOurs(c, k, native(c.Reply.Level, Unshown))
}

// Worded reports whether messages of a kind have words of their writer that can be changed.
func Worded(c chat.Capabilities, k Kind) bool {
	media, file := k.Media()
	switch {
	case k == Album:
		media, file = chat.Photo, true
	case k == Text:
		return true
	}
	return file && c.Media[media].Caption
}

func theirEdit(c chat.Capabilities, k Kind) Fate {
	switch {
	case !Heard(c, k):
		return Unlike
	case k == Poll && c.Poll.SeesVotes:
		return Votes
	case k == LivePlace && c.Place.Live == chat.Full:
		return Native
	case !Worded(c, k) || !c.Edit.Level.Native():
		return Nothing
	case c.Edit.Unheard:
		return Untold
	}
	return Native
}

func ourEdit(c chat.Capabilities, k Kind) Fate {
	moves := k == LivePlace && c.Place.Live == chat.Full
	switch {
	case k == Poll && c.Poll.Closes:
		return onOurs(c, k, Closes)
	case k == Poll:
		return onOurs(c, k, InReply)
	case moves || Worded(c, k) && c.Edit.Level.Native():
		return onOurs(c, k, Native)
	case !Worded(c, k):
		return onOurs(c, k, Nothing)
	case c.Edit.Level == chat.Fallback:
		return onOurs(c, k, InReply)
	}
	return onOurs(c, k, Unshown)
}

func theirDelete(c chat.Capabilities, k Kind) Fate {
	switch {
	case !c.Delete.Level.Native():
		return onTheirs(c, k, Nothing)
	case c.Delete.Unheard:
		return onTheirs(c, k, Untold)
	}
	return onTheirs(c, k, Native)
}

func reactions(c chat.Capabilities) Fate {
	if c.React.Level == chat.Fallback {
		return InWords
	}
	return native(c.React.Level, Unshown)
}

// Joined reports whether files of two kinds stand together in an album.
func Joined(c chat.Capabilities, a, b chat.MediaKind) bool {
	return slices.ContainsFunc(c.Album.Sets, func(set []chat.MediaKind) bool { return slices.Contains(set, a) && slices.Contains(set, b) })
}
