// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"time"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

// Network is this network's name.
const Network chat.Network = "whatsapp"

// What the apps take. None of it is written down by WhatsApp: it is what they do, and what other clients of the service found
// (mautrix/whatsapp, pkg/connector/capabilities.go).
const (
	maxMedia     = 100_000_000
	maxDocument  = 2_000_000_000
	maxSticker   = 1_000_000
	maxAlbum     = 10
	maxOptions   = 12
	maxOption    = 100
	maxQuestion  = 255
	editWindow   = 15 * time.Minute
	deleteWindow = 48 * time.Hour
)

// lacks is what people would expect of WhatsApp, and what a linked device cannot do or does not do for their sake.
var lacks = []chat.Lack{
	{What: "Messages to be viewed once are for the phone alone.", WayOut: "A line says that there was one."},
	{What: "After 15 minutes a message cannot be edited any more.", WayOut: "The new text comes as an answer to the old one."},
	{What: "A text cannot hold a mark such as * that means itself.", WayOut: "A hair space beside it keeps it from being formatting."},
	{What: "Code has no language, links have no other text, nothing is underlined or hidden.", WayOut: "The address follows the text; what is underlined becomes italic."},
	{What: "A poll cannot be closed.", WayOut: "Votes that come later are not counted elsewhere."},
	{What: "Where a live location moves to, and that it has ended, is told to phones alone, never to a linked device.", WayOut: "The point says that it is where it began; it can be followed on WhatsApp."},
	{What: "Animated stickers of WhatsApp's own kind show nowhere else.", WayOut: "They arrive as files."},
	{What: "A linked device is logged out when the phone is not used for 14 days.", WayOut: "The operator is warned after 12."},
	{What: "Status messages and channels are not mirrored.", WayOut: "None."},
}

// capabilities are what a linked device can do in any chat. capabilities.json holds the same.
func capabilities() chat.Capabilities {
	second, minute := chat.Duration(time.Second), chat.Duration(time.Minute)
	text := chat.TextLimit{Max: content.MaxText, Unit: chat.UTF16}
	return chat.Capabilities{
		Network: Network, Text: text, Caption: text, Spans: spanLevels(), Media: mediaLimits(),
		Album:    chat.AlbumSupport{Max: maxAlbum, Sets: [][]chat.MediaKind{{chat.Photo, chat.Video}}},
		Previews: chat.Full,
		Place:    chat.PlaceSupport{Level: chat.Full, Venue: chat.Full, Live: chat.Dropped},
		Contact:  chat.ContactSupport{Level: chat.Full},
		Poll: chat.PollSupport{
			Level: chat.Partial, Question: chat.TextLimit{Max: maxQuestion, Unit: chat.UTF16}, Options: maxOptions,
			Option: chat.TextLimit{Max: maxOption, Unit: chat.UTF16}, SeesVotes: true,
		},
		Reply:  chat.ReplySupport{Level: chat.Full, NeedsAuthor: true, NeedsExcerpt: true},
		Edit:   chat.EditSupport{Level: chat.Full, Window: chat.Duration(editWindow)},
		Delete: chat.EditSupport{Level: chat.Full, Window: chat.Duration(deleteWindow)},
		React:  chat.ReactSupport{Level: chat.Full, Max: 1},
		// Posts have ids that are made from their keys. That WhatsApp drops a second one is what its own apps rely on; nobody
		// outside has measured it.
		Repeat: chat.RepeatDropped, Disappears: true,
		Lacks: lacks,
		// WhatsApp asks nobody to slow down: it bans. This is about what a quick human does.
		Pace: chat.Pace{
			PerChat:    []chat.Rate{{N: 1, Per: second}, {N: 20, Per: minute}},
			PerAccount: []chat.Rate{{N: 2, Per: second}, {N: 60, Per: minute}},
		},
	}
}

func spanLevels() map[chat.SpanKind]chat.Level {
	levels := map[chat.SpanKind]chat.Level{}
	for _, k := range chat.SpanKinds() {
		levels[k] = chat.Fallback
	}
	for _, k := range []chat.SpanKind{chat.Bold, chat.Italic, chat.Strike, chat.Code, chat.Quote, chat.Mention} {
		levels[k] = chat.Full
	}
	levels[chat.Pre] = chat.Partial // without its language
	return levels
}

// mediaLimits says what goes as what it is. Other types would be sent, and not be shown.
func mediaLimits() map[chat.MediaKind]chat.MediaLimit {
	return map[chat.MediaKind]chat.MediaLimit{
		chat.Photo:     {Level: chat.Full, MIME: []string{"image/jpeg"}, MaxBytes: maxMedia, Caption: true},
		chat.Video:     {Level: chat.Full, MIME: []string{"video/mp4", "video/3gpp"}, MaxBytes: maxMedia, Caption: true},
		chat.Animation: {Level: chat.Full, MIME: []string{"video/mp4"}, MaxBytes: maxMedia, Caption: true},
		chat.Audio:     {Level: chat.Full, MIME: []string{"audio/mpeg", "audio/mp4", "audio/ogg", "audio/aac", "audio/amr"}, MaxBytes: maxMedia},
		chat.Voice:     {Level: chat.Full, MIME: []string{"audio/ogg"}, MaxBytes: maxMedia},
		chat.VideoNote: {Level: chat.Full, MIME: []string{"video/mp4"}, MaxBytes: maxMedia},
		chat.File:      {Level: chat.Full, MaxBytes: maxDocument, Caption: true},
		chat.Sticker:   {Level: chat.Full, MIME: []string{"image/webp"}, MaxBytes: maxSticker},
	}
}
