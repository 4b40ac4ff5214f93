// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// readMedia reads a file of a message; ok is false when there is nothing to fetch it by.
func readMedia(k chat.MediaKind, m, f fields, p place) (out chat.Media, ok bool) {
	out = chat.Media{
		Kind: k, Ref: mediaRef(f), MIME: mediaType(k, f), Name: mediaName(f), Size: max(f.number("file_size"), 0),
		Width: side(f, "width"), Height: side(f, "height"), Duration: seconds(f, "duration"),
		Spoiler: m.flag("has_media_spoiler"), Link: p.link(m.number("message_id")),
	}
	switch k {
	case chat.Sticker:
		out.Emoji = f.text("emoji")
	case chat.VideoNote:
		out.Width, out.Height = side(f, "length"), side(f, "length")
	}
	return out, out.Ref != ""
}

// largest is the size of a photo with the most dots. Telegram gives several of each photo.
func largest(sizes []fields) (best fields) {
	dots := int64(-1)
	for _, s := range sizes {
		if n := int64(side(s, "width")) * int64(side(s, "height")); n > dots && s.text("file_id") != "" {
			best, dots = s, n
		}
	}
	return best
}

// mediaRef is what FetchMedia needs, after the id by which equal files are equal: file ids change over time.
func mediaRef(f fields) string {
	if f.text("file_id") == "" {
		return ""
	}
	return f.text("file_unique_id") + ":" + f.text("file_id")
}

// uniqueOf is the part of a reference that stays, and fileID the one that fetches.
func uniqueOf(ref string) string { unique, _, _ := strings.Cut(ref, ":"); return unique }
func fileID(ref string) string   { _, id, _ := strings.Cut(ref, ":"); return id }

// mediaTypes are those of files whose type Telegram does not tell.
var mediaTypes = map[chat.MediaKind]string{
	chat.Photo: "image/jpeg", chat.Video: "video/mp4", chat.Animation: "video/mp4", chat.Audio: "audio/mpeg", chat.Voice: "audio/ogg",
	chat.VideoNote: "video/mp4", chat.Sticker: "image/webp",
}

func mediaType(k chat.MediaKind, f fields) string {
	switch {
	case k == chat.Sticker && f.flag("is_animated"):
		return "application/x-tgsticker"
	case k == chat.Sticker && f.flag("is_video"):
		return "video/webm"
	}
	return cmp.Or(f.text("mime_type"), mediaTypes[k])
}

// mediaName is the file's name, or what the piece of music is called.
func mediaName(f fields) string {
	if name := f.text("file_name"); name != "" {
		return name
	}
	title := strings.Trim(f.text("performer")+" – "+f.text("title"), " –")
	if title == "" {
		return ""
	}
	return title + extensions[f.text("mime_type")]
}

const maxSide = 1 << 20 // what says more is no picture

func side(f fields, key string) int { return int(min(max(f.number(key), 0), maxSide)) }

// seconds reads a time that cannot be longer than some centuries.
func seconds(f fields, key string) time.Duration {
	return time.Duration(min(max(f.number(key), 0), 1<<33)) * time.Second
}

// supergroups have ids below this one, which links leave out.
const supergroups = -1_000_000_000_000

// link is where members can open a message in Telegram; empty where there is no such address.
func (p place) link(message int64) string {
	if message == 0 {
		return ""
	}
	base := "https://t.me/" + p.username
	switch {
	case p.kind == "private":
		return ""
	case p.username == "" && p.group >= supergroups:
		return ""
	case p.username == "":
		base = fmt.Sprintf("https://t.me/c/%d", supergroups-p.group)
	}
	if p.thread != 0 {
		base += fmt.Sprintf("/%d", p.thread)
	}
	return fmt.Sprintf("%s/%d", base, message)
}
