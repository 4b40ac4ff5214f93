// SPDX-License-Identifier: Apache-2.0

package chat

import (
	"strings"
	"time"
)

// Content is what a message says: text, media, a place, contacts, a poll, a notice, or a stated placeholder for a kind that
// Causeway cannot carry. At least one of them is set; Text is what its author wrote beside the others.
type Content struct {
	Text     Text
	Media    []Media
	Place    *Place
	Contacts []Contact
	Poll     *Poll
	// Notice is set when nobody wrote the message: it tells what happened in the chat.
	Notice  *Notice
	ReplyTo *ReplyRef
	Forward *Forward
	// Preview is what its network showed of an address in Text; nil when that shows none, or makes its own.
	Preview *Preview
	// Album joins this message with its neighbours.
	Album AlbumKey
	// Placeholder names a kind that is not carried, for example "photo"; Text then holds its caption.
	Placeholder string
	// ExpiresAfter is a disappearing timer; 0 means none.
	ExpiresAfter time.Duration
}

// PlaceholderUnknown is the Placeholder of a message that nobody could decode; Text then says so for people.
const PlaceholderUnknown = "unknown"

// ReplyRef is what a message answers, as its network tells it.
type ReplyRef struct {
	ID      RemoteMessage
	Author  RemoteUser
	Excerpt string // what the network showed of the target; may be empty
	Quote   string // the exact piece that the writer quoted; empty for a plain reply
}

// Forward is where a forwarded message came from, as its network shows it.
type Forward struct{ From string }

// Preview is what is shown of a page below a text that names it.
type Preview struct {
	// URL is the page's address, as it stands in the text.
	URL                string
	Title, Description string
}

// Place is a point on the map, in degrees of WGS 84.
type Place struct {
	Lat, Lon float64
	// Accuracy is the radius of uncertainty in metres; 0 means unknown.
	Accuracy float64
	// Title and Address name a venue; both are empty for a bare point.
	Title, Address string
	// Live is for how long the point is kept up to date, from when it was sent; 0 means that it does not move. Moves come
	// as edits.
	Live time.Duration
}

// Contact is a shared entry of somebody's address book.
type Contact struct {
	Name   string
	Phones []string
	// VCard is the entry as its network gave it, if it did (RFC 6350 or older).
	VCard string
}

// Poll is a question with options to vote for.
type Poll struct {
	Question string
	Options  []PollOption
	// Multiple allows votes for several options; Closed takes no votes any more.
	Multiple, Closed bool
}

// PollOption is one option of a poll. Votes counts those that are known; -1 means that nobody tells.
type PollOption struct {
	Text  string
	Votes int
}

// NoticeKind says what happened in a chat.
type NoticeKind string

// The notice kinds.
const (
	NoticeJoined   NoticeKind = "joined"
	NoticeLeft     NoticeKind = "left"
	NoticeRemoved  NoticeKind = "removed" // by an admin
	NoticeTitle    NoticeKind = "title"
	NoticePicture  NoticeKind = "picture"
	NoticePinned   NoticeKind = "pinned"
	NoticeUnpinned NoticeKind = "unpinned"
	NoticeCall     NoticeKind = "call"
	NoticeCallEnd  NoticeKind = "call_ended"
	// NoticeSafetyNumber: somebody's keys are new ones, by which the network would have them recognised.
	NoticeSafetyNumber NoticeKind = "safety_number"

	NoticeOutage NoticeKind = "outage" // of an account of ours, by which the room is joined; Notice.Outage tells
	NoticeGap    NoticeKind = "gap"    // of what its network has not kept for us; Notice.Outage tells from when until when
)

// Notice tells what happened in a chat. Render puts it into words.
type Notice struct {
	Kind NoticeKind
	// Who are the names of those whom it is about; untrusted.
	Who []string
	// Count is how many people it is about, when those are more than there are names.
	Count int
	// Value is the new title, or the way into a call.
	Value string
	// Outage is what a NoticeOutage or a NoticeGap tells; no bridge hands one up.
	Outage *Outage
}

// Outage is what a room is told of a network that cannot be reached.
type Outage struct {
	// Network is what people call it.
	Network string
	// Since is when it began, Until when it ended; zero while it lasts. Told is when the room was told first.
	Since, Until, Told time.Time
	// Trouble is why it will not end by itself, or that the network is merely deaf; else empty.
	Trouble Trouble
	// Delivered counts the messages that waited and have arrived by then, Waiting those that have not; with Until alone.
	Delivered, Waiting int
}

// Trouble is a reason for which a network stays away until somebody does something, or in what way it is away.
type Trouble string

// The troubles.
const (
	TroubleLoggedOut   Trouble = "logged_out"
	TroubleBanned      Trouble = "banned"
	TroubleCredentials Trouble = "bad_credentials"
	TroubleOutdated    Trouble = "outdated"
	TroubleDeaf        Trouble = "deaf" // it takes posts, and hands nothing over
)

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
	Size     int64         // bytes; 0 means unknown
	Width    int           // pixels; 0 means unknown
	Height   int           // likewise
	Duration time.Duration // 0 means unknown
	Spoiler  bool
	Emoji    string // of a sticker
	Waveform []byte // of a voice note
	// Link is where people can open it, for when it cannot be carried; empty if there is no such place.
	Link string
}

// SpoolPath is where the file with this hash stands below the spool's folder, with a slash; empty if it is no SHA-256 in
// lower-case hexadecimal digits.
func SpoolPath(hash string) string {
	if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return ""
	}
	return hash[:2] + "/" + hash
}
