// SPDX-License-Identifier: Apache-2.0

package sim

import "time"

// Span formats the code points [Start, End) of a text. The kinds are those of Causeway's text model: bold,
// italic, underline, strike, spoiler, code, pre, link, quote, mention, custom_emoji.
type Span struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Kind  string `json:"kind"`
	// Value is a URL for link and a language for pre.
	Value string `json:"value,omitempty"`
	// User is whom a mention means.
	User UserID `json:"user,omitempty"`
}

// Media is one attachment. In a post Data holds its bytes, or Size and Seed name a generated file, however large; in a
// view bytes are left out, and Size and SHA256 name them.
type Media struct {
	// Kind is one of Causeway's media kinds: photo, video, animation, audio, voice, video_note, file, sticker.
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
	MIME   string `json:"mime,omitempty"`
	Data   []byte `json:"data,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Seed   uint64 `json:"seed,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Guise is how a user appears when they post.
type Guise string

// The guises. A simulator refuses one that its network lacks.
const (
	AsSelf Guise = "" // under their own name
	// AsAnonymousAdmin posts in the name of the group.
	AsAnonymousAdmin Guise = "anonymous_admin"
	// AsChannel posts in the name of Post.Channel, or of a channel of the user's own.
	AsChannel Guise = "channel"
	// AsAccount posts from the human side of Post.Account, on another device, where the network has that.
	AsAccount Guise = "account"
)

// Content is what a message says, whoever says it. A text has Text alone; other kinds name themselves in Kind and stand in the
// field of their name.
type Content struct {
	// Kind is empty for text and media; other kinds (poll, location, contact, …) are the simulator's.
	Kind    string   `json:"kind,omitempty"`
	Text    string   `json:"text,omitempty"`
	Spans   []Span   `json:"spans,omitempty"`
	Media   []Media  `json:"media,omitempty"`
	Place   *Place   `json:"place,omitempty"`
	Contact *Contact `json:"contact,omitempty"`
	Poll    *Poll    `json:"poll,omitempty"`
	// Preview is of an address in Text, where phones make previews.
	Preview *Preview  `json:"preview,omitempty"`
	ReplyTo MessageID `json:"reply_to,omitempty"`
	// Quote is the exact piece of the target that the reply quotes.
	Quote string `json:"quote,omitempty"`
	// Album joins messages with the same value into one album.
	Album string `json:"album,omitempty"`
}

// Post is what a user posts. A simulator may make up what the field of its Kind leaves out.
type Post struct {
	Chat ChatID `json:"chat"`
	User UserID `json:"user,omitempty"`
	Content
	// ForwardedFrom makes it a forwarded message.
	ForwardedFrom *Origin   `json:"forwarded_from,omitempty"`
	As            Guise     `json:"as,omitempty"`
	Channel       ChatID    `json:"channel,omitempty"`
	Account       AccountID `json:"account,omitempty"`
}

// Preview is what is shown of a page that a text names.
type Preview struct {
	URL         string `json:"url"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// MessageReply carries the id of a new message.
type MessageReply struct {
	Message MessageID `json:"message"`
}

// Edit replaces the text of a user's message, or with Place moves their live location; a Place without LiveS ends it.
type Edit struct {
	Chat    ChatID    `json:"chat"`
	Message MessageID `json:"message"`
	Text    string    `json:"text"`
	Spans   []Span    `json:"spans,omitempty"`
	Place   *Place    `json:"place,omitempty"`
}

// Delete removes a message for everybody. User is who does it; empty means its author.
type Delete struct {
	Chat    ChatID    `json:"chat"`
	Message MessageID `json:"message"`
	User    UserID    `json:"user,omitempty"`
}

// React sets the full set of emoji that a user has on a message; none removes them.
type React struct {
	Chat    ChatID    `json:"chat"`
	Message MessageID `json:"message"`
	User    UserID    `json:"user"`
	Emoji   []string  `json:"emoji"`
}

// See asks what a user sees in a chat.
type See struct {
	Chat ChatID
	// User is whose screen it is; empty means any member's.
	User UserID
	// Since leaves out what has not changed after this cursor; 0 shows everything.
	Since Cursor
	// AtLeast is how many messages the view must hold before it is answered, if Wait allows.
	AtLeast int
	// Wait is how long to wait for AtLeast messages; 0 answers at once. At most a minute. A view with
	// fewer messages is an answer too.
	Wait time.Duration
}

// View is what a user sees in a chat, in the chat's order. Cursor is for the next See.
type View struct {
	Messages []Seen `json:"messages"`
	Cursor   Cursor `json:"cursor"`
}

// merge brings a view up to date with a later one of what changed since. Messages that are new stand at the end.
func (v View) merge(changed View) View {
	at := make(map[MessageID]int, len(changed.Messages))
	for i, m := range changed.Messages {
		at[m.ID] = i
	}
	out := View{Messages: make([]Seen, 0, len(v.Messages)+len(changed.Messages)), Cursor: changed.Cursor}
	for _, m := range v.Messages {
		if i, ok := at[m.ID]; ok {
			m = changed.Messages[i]
			delete(at, m.ID)
		}
		out.Messages = append(out.Messages, m)
	}
	for _, m := range changed.Messages {
		if _, fresh := at[m.ID]; fresh {
			out.Messages = append(out.Messages, m)
		}
	}
	return out
}

// Visible lists the messages that are not deleted and were written by somebody (no service messages).
func (v View) Visible() []Seen {
	var out []Seen
	for _, m := range v.Messages {
		if !m.Deleted && m.Service == "" {
			out = append(out, m)
		}
	}
	return out
}

// Texts lists the texts of Visible.
func (v View) Texts() []string {
	var out []string
	for _, m := range v.Visible() {
		out = append(out, m.Text)
	}
	return out
}

// Seen is one message on a screen. A deleted one stays in the view as a mark without text, so that a
// driver can tell a deletion from a message that never came.
type Seen struct {
	ID     MessageID `json:"id"`
	Author UserID    `json:"author,omitempty"`
	// Name is the author's name as it is shown.
	Name string `json:"name,omitempty"`
	// Account is set when one of ours wrote it.
	Account AccountID `json:"account,omitempty"`
	// Content is what it says; a simulator may leave its Kind empty.
	Content
	// Pinned is set while the message is pinned.
	Pinned bool `json:"pinned,omitempty"`
	// Service names a message of the network itself, for example "joined"; Text may then be empty.
	Service   string     `json:"service,omitempty"`
	Edits     int        `json:"edits,omitempty"`
	Reactions []Reaction `json:"reactions,omitempty"`
	Deleted   bool       `json:"deleted,omitempty"`
	At        time.Time  `json:"at"`
}

// Reaction is one emoji of one user on a message.
type Reaction struct {
	User  UserID `json:"user"`
	Emoji string `json:"emoji"`
	// Account is set when it is one of ours.
	Account AccountID `json:"account,omitempty"`
}
