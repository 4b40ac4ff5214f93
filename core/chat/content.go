// SPDX-License-Identifier: Apache-2.0

package chat

import "time"

// Content is what a message says: text, media, or a stated placeholder for a kind that Causeway cannot
// carry. At least one of them is set.
type Content struct {
	Text    Text
	Media   []Media
	ReplyTo *ReplyRef
	Forward *Forward
	// Album joins this message with its neighbours.
	Album AlbumKey
	// Placeholder names a kind that is not carried, for example "photo"; Text then holds its caption.
	Placeholder string
	// ExpiresAfter is a disappearing timer; 0 means none.
	ExpiresAfter time.Duration
}

// ReplyRef is what a message answers, as its network tells it.
type ReplyRef struct {
	ID      RemoteMessage
	Author  RemoteUser
	Excerpt string // what the network showed of the target; may be empty
	Quote   string // the exact piece that the writer quoted; empty for a plain reply
}

// Forward is where a forwarded message came from, as its network shows it.
type Forward struct{ From string }

// MediaKind is a kind of attachment.
type MediaKind string

// The media kinds.
const (
	Photo     MediaKind = "photo"
	Video     MediaKind = "video"
	Animation MediaKind = "animation"
	Audio     MediaKind = "audio"
	Voice     MediaKind = "voice"
	VideoNote MediaKind = "video_note"
	File      MediaKind = "file"
	Sticker   MediaKind = "sticker"
)

// MediaKinds lists every kind, in the order in which tables show them.
func MediaKinds() []MediaKind {
	return []MediaKind{Photo, Video, Animation, Audio, Voice, VideoNote, File, Sticker}
}

// Media is one attachment. Going up it has a Ref, which only its bridge understands; going down it has a
// Hash, the SHA-256 of its bytes in the spool. Bytes themselves never travel inside a Media.
type Media struct {
	Kind     MediaKind
	Ref      string
	Hash     string
	MIME     string
	Name     string
	Size     int64 // bytes; 0 means unknown
	Width    int
	Height   int
	Duration time.Duration
	Spoiler  bool
	Emoji    string // of a sticker
	Waveform []byte // of a voice note
}
