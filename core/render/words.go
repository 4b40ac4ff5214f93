// SPDX-License-Identifier: Apache-2.0

package render

import (
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/causeway-chat/causeway/core/chat"
)

// words are what Causeway itself says inside of messages: one value for each language.
type words struct {
	tag           language.Tag
	edited        string // after a name, or alone
	forwarded     string
	forwardedFrom string // of a name
	earlier       string // an answered message of which nothing is known
	empty         string // a message that shows nothing
	unnamed       string // a name that shows nothing
	spoiler       string // before what it hides
	reactions     string // of emoji
	reactedWith   string // of a name and emoji
	media         map[chat.MediaKind]string
	place         string
	livePlace     string
	contact       string
	poll          string
	closedPoll    string
	notices       map[chat.NoticeKind]string // {who} and {value} are filled in
	several       map[chat.NoticeKind]forms  // of those that read otherwise by how many they are
	noticeUnknown string
	somebody      string
	and           string // of names but the last, and the last
	andMore       forms  // of {names}, and how many more
	people        forms
	comma         string // between names
	kept          forms  // messages that a summary stands for
	summary       string // {messages} from {who}, {from} a time {to} a time

	unreachable string // {network}, since {time}
	troubles    map[chat.Trouble]string
	back        string // {network}, after {duration}; what follows is appended
	gap         string // of {network}, {from} a time {to} a time
	delivered   forms  // messages
	onTheWay    forms  // messages
	andUnit     string // between hours and minutes

	days, hours, minutes, seconds forms
}

var english = words{
	tag:           language.English,
	edited:        "(edited)",
	forwarded:     "Forwarded",
	forwardedFrom: "Forwarded from %s",
	earlier:       "(an earlier message)",
	empty:         "(an empty message)",
	unnamed:       "(no name)",
	spoiler:       "spoiler",
	reactions:     "Reactions: %s",
	reactedWith:   "%s reacted with %s",
	media: map[chat.MediaKind]string{
		chat.Photo:     "photo",
		chat.Video:     "video",
		chat.Animation: "animation",
		chat.Audio:     "audio",
		chat.Voice:     "voice message",
		chat.VideoNote: "video message",
		chat.File:      "file",
		chat.Sticker:   "sticker",
	},
	place:      "place",
	livePlace:  "live place",
	contact:    "contact",
	poll:       "poll",
	closedPoll: "poll, closed",
	notices: map[chat.NoticeKind]string{
		chat.NoticeJoined:   "{who} joined",
		chat.NoticeLeft:     "{who} left",
		chat.NoticeRemoved:  "{who} was removed",
		chat.NoticeTitle:    "The group is now called {value}",
		chat.NoticePicture:  "The group has a new picture",
		chat.NoticePinned:   "{who} pinned a message",
		chat.NoticeUnpinned: "A message was unpinned",
		chat.NoticeCall:     "{who} started a call {value}",
		chat.NoticeCallEnd:  "The call has ended",

		chat.NoticeSafetyNumber: "{who} has a new safety number",
	},
	several:       map[chat.NoticeKind]forms{chat.NoticeRemoved: {plural.One: "{who} was removed", plural.Other: "{who} were removed"}},
	noticeUnknown: "Something changed in the group",
	somebody:      "Somebody",
	and:           "%s and %s",
	andMore:       forms{plural.Other: "{names} and {n} more"},
	people:        forms{plural.One: "one person", plural.Other: "{n} people"},
	comma:         ", ",
	kept:          forms{plural.One: "{n} message", plural.Other: "{n} messages"},
	summary:       "{messages} from {who}, written from {from} to {to}. All of them are in the file; the last ones:",

	unreachable: "{network} cannot be reached since {time}; messages to it are kept",
	troubles: map[chat.Trouble]string{
		chat.TroubleLoggedOut:   "{network} is logged out here since {time}; messages to it are kept until it is paired again",
		chat.TroubleBanned:      "{network} has banned this bridge at {time}; messages to it are kept until another account is paired",
		chat.TroubleCredentials: "{network} does not let this bridge in since {time}; messages to it are kept until its token is put right",
		chat.TroubleDeaf:        "{network} does not hand over what is written there since {time}; messages to it go out as ever",
		chat.TroubleOutdated:    "{network} does not take this version of the bridge since {time}; messages to it are kept until it is updated",
	},
	back:      "{network} is back after {duration}",
	gap:       "Whatever was written on {network} from {from} to {to} was not passed on: the network had not kept it",
	delivered: forms{plural.One: ", {n} message delivered", plural.Other: ", {n} messages delivered"},
	onTheWay:  forms{plural.One: ", {n} message on its way", plural.Other: ", {n} messages on their way"},
	andUnit:   " ",

	days:    forms{plural.Other: "{n} d"},
	hours:   forms{plural.Other: "{n} h"},
	minutes: forms{plural.Other: "{n} min"},
	seconds: forms{plural.Other: "{n} s"},
}
