// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Network is this network's name.
const Network chat.Network = "signal"

// Signal's limits. Clients beyond them drop in silence, so they are kept to here.
const (
	maxText   = 64 << 10    // bytes; beyond 2000 signal-cli attaches the text, which arrives whole all the same
	maxFile   = 100_000_000 // through files_dir
	maxInline = 10_000_000  // as a data: URI, of which signal-cli reads 20,000,000 characters
	changeFor = 24 * time.Hour
	maxEdits  = 10
	maxPoll   = 10
	maxOption = 100
	maxAlbum  = 32
)

// lacks is what people would expect of Signal and a linked signal-cli cannot do.
var lacks = []chat.Lack{
	{What: "signal-cli tells Signal that a message has arrived before Causeway has it on disk: what is on its way when bridge or daemon are killed is lost.", WayOut: "Stop with SIGTERM, which loses nothing; the daemon in receive mode manual keeps the risk to what stands in one socket."},
	{What: "Signal has no key for a send: after a lost answer a message may show twice.", WayOut: "The lane waits a minute for a receipt, which proves that it was sent; a link may choose on_uncertain: drop."},
	{What: "Places and contacts cannot be sent.", WayOut: "They arrive as text."},
	{What: "Stickers go out only from installed packs.", WayOut: "They arrive as pictures."},
	{What: "A link goes out with the preview that its writer's network told, without the picture: signal-cli makes none, and Causeway fetches no pages.", WayOut: "The address stands in the text."},
	{What: "A message can be changed for 24 hours and 10 times.", WayOut: "A later change comes as an answer with the new text."},
	{What: "One reaction of our account on a message.", WayOut: "The most frequent one is shown."},
	{What: "View-once messages and stories are not copied.", WayOut: "A line says that there was a view-once message."},
	{What: "Sent messages take the chat's own disappearing timer.", WayOut: "Set the same timer in the chats of a room."},
	{What: "Without files_dir files over 10 MB cannot be sent.", WayOut: "Set files_dir to a folder that signal-cli can read: then 100 MB."},
}

// albumSets are the kinds that stand together in one message.
var albumSets = [][]chat.MediaKind{{chat.Photo, chat.Video}, {chat.File}}

// capabilities are what an account can do in any chat, with files up to upload. capabilities.json holds the same without a
// files_dir.
func capabilities(upload int64) chat.Capabilities {
	text := chat.TextLimit{Max: maxText, Unit: chat.Bytes}
	return chat.Capabilities{
		Network: Network,
		Text:    text,
		Caption: text,
		Spans: map[chat.SpanKind]chat.Level{
			chat.Bold: chat.Full, chat.Italic: chat.Full, chat.Strike: chat.Full, chat.Spoiler: chat.Full, chat.Code: chat.Full,
			chat.Mention: chat.Full, chat.Underline: chat.Fallback, chat.Pre: chat.Fallback, chat.Link: chat.Fallback,
			chat.Quote: chat.Fallback, chat.CustomEmoji: chat.Fallback,
		},
		Media:    mediaLimits(upload),
		Album:    chat.AlbumSupport{Max: maxAlbum, Sets: albumSets},
		Previews: chat.Full,
		Hears:    []string{"sticker", "contact"},
		Place:    chat.PlaceSupport{Level: chat.Fallback, Venue: chat.Fallback, Live: chat.Fallback},
		Contact:  chat.ContactSupport{Level: chat.Fallback},
		Poll: chat.PollSupport{
			Level: chat.Full, Question: chat.TextLimit{Max: maxOption, Unit: chat.UTF16}, Options: maxPoll,
			Option: chat.TextLimit{Max: maxOption, Unit: chat.UTF16}, SeesVotes: true, Closes: true,
		},
		Reply:       chat.ReplySupport{Level: chat.Full, NeedsAuthor: true, NeedsExcerpt: true},
		Edit:        chat.EditSupport{Level: chat.Full, Window: chat.Duration(changeFor), Times: maxEdits, MintsID: true},
		Delete:      chat.EditSupport{Level: chat.Full, Window: chat.Duration(changeFor)},
		React:       chat.ReactSupport{Level: chat.Partial, Max: 1},
		Repeat:      chat.RepeatDoubles,
		LateAnswers: true,
		Lacks:       lacks,
		// Signal publishes no rate. A captcha costs its operator hours, so this stays well below what people have met.
		Pace: chat.Pace{
			PerChat:    []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}},
			PerAccount: []chat.Rate{{N: 60, Per: chat.Duration(time.Minute)}},
		},
	}
}

// mediaLimits says what phones show as what it is. Voice notes of other types would not play on all of them.
func mediaLimits(upload int64) map[chat.MediaKind]chat.MediaLimit {
	fallback := chat.MediaLimit{Level: chat.Fallback}
	return map[chat.MediaKind]chat.MediaLimit{
		chat.Photo:     {Level: chat.Full, MIME: []string{"image/jpeg", "image/png", "image/webp"}, MaxBytes: upload, Caption: true},
		chat.Video:     {Level: chat.Full, MIME: []string{"video/mp4"}, MaxBytes: upload, Caption: true},
		chat.Audio:     {Level: chat.Full, MIME: []string{"audio/mpeg", "audio/mp4", "audio/aac"}, MaxBytes: upload, Caption: true},
		chat.Voice:     {Level: chat.Full, MIME: []string{"audio/mp4", "audio/aac", "audio/mpeg"}, MaxBytes: upload},
		chat.File:      {Level: chat.Full, MaxBytes: upload, Caption: true},
		chat.Animation: fallback,
		chat.VideoNote: fallback,
		chat.Sticker:   fallback,
	}
}
