// SPDX-License-Identifier: Apache-2.0

package render

import "github.com/causeway-chat/causeway/core/chat"

// words are what Causeway itself says inside of messages: one value for each language.
type words struct {
	edited        string // after a name, or alone
	sentAt        string // of a time of day in UTC, perhaps with a date
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
	noticeUnknown string
	somebody      string
	and           string // of names but the last, and the last
	andMore       string // of names, and how many more
}

var english = words{
	edited:        "(edited)",
	sentAt:        "(%s UTC)",
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
	},
	noticeUnknown: "Something changed in the group",
	somebody:      "Somebody",
	and:           "%s and %s",
	andMore:       "%s and %d more",
}
