// SPDX-License-Identifier: Apache-2.0

package render

import "github.com/causeway-chat/causeway/core/chat"

// words are what Causeway itself says inside of messages: one value for each language.
type words struct {
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
}

var english = words{
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
}
