// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Network is this network's name.
const Network chat.Network = "telegram"

// What files may weigh (https://core.telegram.org/bots/api#sending-files). A server of one's own takes larger ones.
const (
	maxPhoto     = 10_000_000
	maxUpload    = 50_000_000
	maxOwnUpload = 2_000_000_000
	maxSticker   = 512_000
	maxAnimated  = 64_000  // of a sticker that is drawn
	maxFilmed    = 256_000 // of a sticker that is a film
	stickerSides = 1024    // a square of 512
)

// lacks is what people would expect of Telegram and bots cannot do (https://core.telegram.org/bots/api).
var lacks = []chat.Lack{
	{What: "A message that somebody deletes stays in the other chats: bots are not told of deletions.", WayOut: "Edit it to what should be read instead: the copies follow."},
	{What: "Votes of people in their own polls are not told to bots.", WayOut: "Their polls arrive as text."},
	{What: "A bot has one reaction on a message.", WayOut: "The most frequent one that the group allows is shown."},
	{What: "Bots do not hear other bots.", WayOut: "None."},
	{What: "With privacy mode on, a bot that is no admin hears commands and replies to itself alone.", WayOut: "Switch it off with @BotFather and add the bot anew, or make it an admin."},
	{What: "On the public server bots download 20 MB and upload 50 MB at most.", WayOut: "A larger file becomes a line with its name, size and link; a self-hosted Bot API server takes 2000 MB."},
	{What: "What is older than 24 hours when a bot comes back is gone.", WayOut: "The gap is told to the operator."},
}

// The server counts code points and refuses raw texts over 32768 bytes. UTF-16 units, in which it counts entities, are never
// fewer than code points, so a text that fits by them always fits.
var (
	textLimit    = chat.TextLimit{Max: 4096, Unit: chat.UTF16, MaxBytes: 32768}
	captionLimit = chat.TextLimit{Max: 1024, Unit: chat.UTF16, MaxBytes: 32768}
	pollSupport  = chat.PollSupport{
		Level: chat.Partial, Question: chat.TextLimit{Max: 300, Unit: chat.UTF16}, Options: 12,
		Option: chat.TextLimit{Max: 100, Unit: chat.UTF16}, SeesVotes: true, Closes: true,
	}
)

// capabilities are what a bot can do in any chat (https://core.telegram.org/bots/api, https://core.telegram.org/bots/faq),
// through a server that takes files up to upload. capabilities.json holds the same for Telegram's own server.
func capabilities(upload int64) chat.Capabilities {
	return chat.Capabilities{
		Network: Network,
		Text:    textLimit,
		Caption: captionLimit,
		Spans:   spanLevels(),
		Media:   mediaLimits(upload),
		Album:   chat.AlbumSupport{Max: maxAlbum, Sets: albumSets},
		Place:   chat.PlaceSupport{Level: chat.Full, Venue: chat.Full, Live: chat.Full},
		Contact: chat.ContactSupport{Level: chat.Full},
		Poll:    pollSupport,
		Reply:   chat.ReplySupport{Level: chat.Full, Quote: true},
		Edit:    chat.EditSupport{Level: chat.Full},
		Delete:  chat.EditSupport{Level: chat.Full, Window: chat.Duration(48 * time.Hour), Unheard: true},
		React:   chat.ReactSupport{Level: chat.Partial, Max: 1, Allowed: allowedReactions()},
		Repeat:  chat.RepeatDoubles,
		Lacks:   lacks,
		Pace: chat.Pace{
			PerChat:    []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}, {N: 20, Per: chat.Duration(time.Minute)}},
			PerAccount: []chat.Rate{{N: 30, Per: chat.Duration(time.Second)}},
		},
	}
}

// mediaLimits says what goes as what it is. Other types arrive too, but not as that: the server makes files of them.
func mediaLimits(upload int64) map[chat.MediaKind]chat.MediaLimit {
	return map[chat.MediaKind]chat.MediaLimit{
		chat.Photo:     {Level: chat.Full, MIME: []string{"image/jpeg", "image/png"}, MaxBytes: maxPhoto, MaxSide: 10_000, MaxRatio: 20, Caption: true},
		chat.Video:     {Level: chat.Full, MIME: []string{"video/mp4"}, MaxBytes: upload, Caption: true},
		chat.Animation: {Level: chat.Full, MIME: []string{"video/mp4", "image/gif"}, MaxBytes: upload, Caption: true},
		chat.Audio:     {Level: chat.Full, MIME: []string{"audio/mpeg", "audio/mp4"}, MaxBytes: upload, Caption: true},
		chat.Voice:     {Level: chat.Full, MIME: []string{"audio/ogg"}, MaxBytes: upload, Caption: true},
		chat.VideoNote: {Level: chat.Full, MIME: []string{"video/mp4"}, MaxBytes: upload},
		chat.File:      {Level: chat.Full, MaxBytes: upload, Caption: true},
		chat.Sticker: {Level: chat.Full, MIME: []string{"image/webp", "application/x-tgsticker", "video/webm"}, MaxBytes: maxSticker, MaxSide: stickerSides,
			Types: map[string]chat.TypeLimit{"application/x-tgsticker": {MaxBytes: maxAnimated}, "video/webm": {MaxBytes: maxFilmed, MaxDuration: chat.Duration(3 * time.Second)}}},
	}
}

const maxAlbum = 10

// albumSets are the kinds that stand together in an album.
var albumSets = [][]chat.MediaKind{{chat.Photo, chat.Video}, {chat.File}, {chat.Audio}}

func spanLevels() map[chat.SpanKind]chat.Level {
	levels := map[chat.SpanKind]chat.Level{}
	for _, k := range chat.SpanKinds() {
		levels[k] = chat.Fallback
		if _, ok := entityOf[k]; ok {
			levels[k] = chat.Full
		}
	}
	return levels
}

// reactions are what bots may set (https://core.telegram.org/bots/api#reactiontypeemoji), as Telegram writes them. A
// group's admins may allow fewer.
var reactions = strings.Fields(`❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆
	💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡`)

// emojiStyle is the selector by which other networks write some emoji and Telegram does not.
const emojiStyle = "\ufe0f"

// withStyle writes an emoji as other networks do.
var withStyle = strings.NewReplacer("❤", "❤\ufe0f", "🕊", "🕊\ufe0f", "✍", "✍\ufe0f", "☃", "☃\ufe0f", "♂", "♂\ufe0f", "♀", "♀\ufe0f")

// allowedReactions lists what bots may set, in Telegram's form and in that of other networks.
func allowedReactions() []string {
	var out []string
	for _, e := range reactions {
		out = append(out, e)
		if form := withStyle.Replace(e); form != e {
			out = append(out, form)
		}
	}
	return out
}

// plainEmoji writes an emoji as Telegram does.
func plainEmoji(e string) string { return strings.ReplaceAll(e, emojiStyle, "") }
