// SPDX-License-Identifier: Apache-2.0

package chat

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Level says how well a chat can show something.
type Level string

// The five levels. Full and Partial are native; Fallback is shown as something else, for example text;
// Dropped is left out with a word about it; Rejected means that the whole message cannot be shown.
const (
	Full     Level = "full"
	Partial  Level = "partial"
	Fallback Level = "fallback"
	Dropped  Level = "dropped"
	Rejected Level = "rejected"
)

// Native reports whether the network itself shows it.
func (l Level) Native() bool { return l == Full || l == Partial }

// Unit is what a network counts text in.
type Unit string

// The units.
const (
	CodePoints Unit = "code_points"
	UTF16      Unit = "utf16"
	Bytes      Unit = "bytes"
)

// Count measures s in the unit. An unknown unit counts bytes, the strictest.
func (u Unit) Count(s string) int {
	switch u {
	case CodePoints:
		return utf8.RuneCountInString(s)
	case UTF16:
		n := 0
		for _, r := range s {
			n += max(utf16.RuneLen(r), 1)
		}
		return n
	default:
		return len(s)
	}
}

// Capabilities is what a chat can show, as data. It crosses a process boundary; its hash is its id. The router
// enforces every limit in it before it calls a bridge. The zero value can show nothing.
type Capabilities struct {
	Network Network `json:"network"`
	// Text limits the text of one post; Caption that of a post with media.
	Text    TextLimit `json:"text"`
	Caption TextLimit `json:"caption"`
	// Spans holds a level for each kind; a missing kind is Dropped (its covered text stays).
	Spans map[SpanKind]Level       `json:"spans,omitempty"`
	Media map[MediaKind]MediaLimit `json:"media,omitempty"`
	Album AlbumSupport             `json:"album,omitzero"`
	// Previews says whether a post brings the preview of an address in its text; missing, the network makes its own, or none.
	Previews Level          `json:"previews,omitempty"`
	Place    PlaceSupport   `json:"place,omitzero"`
	Contact  ContactSupport `json:"contact,omitzero"`
	Poll     PollSupport    `json:"poll,omitzero"`
	Reply    ReplySupport   `json:"reply"`
	Edit     EditSupport    `json:"edit"`
	Delete   EditSupport    `json:"delete"`
	React    ReactSupport   `json:"react"`
	Repeat   Repeat         `json:"repeat"`
	Pace     Pace           `json:"pace"`
	// OwnEvents says that the account's own posts come back as events, with EchoOf where known.
	OwnEvents bool `json:"own_events,omitempty"`
	// Hears names kinds of messages that people of the network post and our account cannot, for tables: "sticker", "contact".
	Hears []string `json:"hears,omitempty"`
	// Lacks names what people would expect of the network and what it cannot do, for tables.
	Lacks []Lack `json:"lacks,omitempty"`
	// Disappears says that copies disappear by themselves when their post has a timer.
	Disappears bool `json:"disappears,omitempty"`
	// LateAnswers says that a post's outcome may be told after its call has ended.
	LateAnswers bool `json:"late_answers,omitempty"`
}

// Lack is something that a network cannot do, and the way out, in words for people.
type Lack struct {
	What   string `json:"what"`
	WayOut string `json:"way_out"`
}

// TextLimit limits a text. Max 0 means that there can be none. MaxBytes also limits UTF-8 bytes; 0: no such limit.
type TextLimit struct {
	Max      int  `json:"max"`
	Unit     Unit `json:"unit"`
	MaxBytes int  `json:"max_bytes,omitempty"`
}

// Fits reports whether s can be sent as it is.
func (l TextLimit) Fits(s string) bool {
	return l.Unit.Count(s) <= l.Max && (l.MaxBytes == 0 || len(s) <= l.MaxBytes)
}

// MediaLimit limits one kind of media.
type MediaLimit struct {
	Level    Level    `json:"level"`
	MIME     []string `json:"mime,omitempty"` // accepted types; empty: any
	MaxBytes int64    `json:"max_bytes,omitempty"`
	MaxSide  int      `json:"max_side,omitempty"`  // pixels, width plus height
	MaxRatio int      `json:"max_ratio,omitempty"` // of the longer side to the shorter
	Caption  bool     `json:"caption,omitempty"`
	// Types are stricter limits of some types, by their spelling in MIME.
	Types map[string]TypeLimit `json:"types,omitempty"`
}

// TypeLimit limits the files of one type. 0: no such limit.
type TypeLimit struct {
	MaxBytes    int64    `json:"max_bytes,omitempty"`
	MaxSide     int      `json:"max_side,omitempty"`  // pixels, width plus height
	MaxRatio    int      `json:"max_ratio,omitempty"` // of the longer side to the shorter
	MaxDuration Duration `json:"max_duration,omitempty"`
}

// Of returns the limits of files of a type, as MIME spells it.
func (l MediaLimit) Of(mime string) TypeLimit {
	t := l.Types[mime]
	return TypeLimit{MaxBytes: cmp.Or(t.MaxBytes, l.MaxBytes), MaxSide: cmp.Or(t.MaxSide, l.MaxSide),
		MaxRatio: cmp.Or(t.MaxRatio, l.MaxRatio), MaxDuration: t.MaxDuration}
}

// Holds reports whether a file keeps to the limits, as far as it is known: an unknown size, side or length does.
func (t TypeLimit) Holds(m Media) bool {
	return (t.MaxBytes == 0 || m.Size <= t.MaxBytes) && (t.MaxSide == 0 || m.Width+m.Height <= t.MaxSide) && t.Bears(m)
}

// Bears reports whether a file keeps to the limits that no conversion helps to keep: its proportions and its length.
func (t TypeLimit) Bears(m Media) bool {
	short := min(m.Width, m.Height) // 0: not known
	return (t.MaxRatio == 0 || short == 0 || max(m.Width, m.Height) <= t.MaxRatio*short) &&
		(t.MaxDuration == 0 || m.Duration <= time.Duration(t.MaxDuration))
}

// AlbumSupport says which media can be one post: at most Max, all of one of the Sets. Max 0 means that there are no albums.
type AlbumSupport struct {
	Max  int           `json:"max,omitempty"`
	Sets [][]MediaKind `json:"sets,omitempty"`
}

// PlaceSupport says how places are shown; Live, whether one that moves is.
type PlaceSupport struct {
	Level Level `json:"level,omitempty"`
	Venue Level `json:"venue,omitempty"`
	Live  Level `json:"live,omitempty"`
}

// ContactSupport says how contacts are shown.
type ContactSupport struct {
	Level Level `json:"level,omitempty"`
}

// PollSupport says how polls are shown, and their limits. SeesVotes: the votes of people in a native poll of ours come
// back to us. Closes: a native poll of ours can be ended.
type PollSupport struct {
	Level     Level     `json:"level,omitempty"`
	Question  TextLimit `json:"question,omitzero"`
	Options   int       `json:"options,omitempty"`
	Option    TextLimit `json:"option,omitzero"`
	SeesVotes bool      `json:"sees_votes,omitempty"`
	Closes    bool      `json:"closes,omitempty"`
}

// Fits reports whether the poll keeps to the limits.
func (s PollSupport) Fits(p Poll) bool {
	if len(p.Options) < 2 || len(p.Options) > s.Options || !s.Question.Fits(p.Question) {
		return false
	}
	return !slices.ContainsFunc(p.Options, func(o PollOption) bool { return !s.Option.Fits(o.Text) })
}

// ReplySupport says how replies are shown. NeedsAuthor and NeedsExcerpt: the network does not look the target up.
type ReplySupport struct {
	Level        Level `json:"level"`
	Quote        bool  `json:"quote,omitempty"`
	NeedsAuthor  bool  `json:"needs_author,omitempty"`
	NeedsExcerpt bool  `json:"needs_excerpt,omitempty"`
}

// EditSupport says whether own messages can be changed or deleted. Window 0: for ever; Times 0: any number. Unheard: the
// network does not tell the account when people do it.
type EditSupport struct {
	Level   Level    `json:"level"`
	Window  Duration `json:"window,omitempty"`
	Times   int      `json:"times,omitempty"`
	MintsID bool     `json:"mints_id,omitempty"`
	Unheard bool     `json:"unheard,omitempty"`
}

// ReactSupport says how many emoji one account can put on one message, and which; empty Allowed: any.
type ReactSupport struct {
	Level   Level    `json:"level"`
	Max     int      `json:"max,omitempty"`
	Allowed []string `json:"allowed,omitempty"`
}

// Allows reports whether the emoji can be set.
func (r ReactSupport) Allows(emoji string) bool {
	return r.Level.Native() && (len(r.Allowed) == 0 || slices.Contains(r.Allowed, emoji))
}

// Pace is how fast an account may post by default.
type Pace struct {
	PerChat    []Rate `json:"per_chat,omitempty"`
	PerAccount []Rate `json:"per_account,omitempty"`
}

// Rate allows N posts in Per.
type Rate struct {
	N   int      `json:"n"`
	Per Duration `json:"per"`
}

// Duration is a time.Duration that is written as text ("15m0s") in JSON.
type Duration time.Duration

// MarshalText writes Go's form of the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads Go's form of a duration.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Hash is the id of the capabilities: equal data has an equal hash.
func (c Capabilities) Hash() string {
	b, err := json.Marshal(c) // maps are written in the order of their keys
	if err != nil {
		panic("chat: capabilities do not marshal: " + err.Error()) // cannot happen: plain data
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Span returns the level of a span kind.
func (c Capabilities) Span(k SpanKind) Level {
	if l, ok := c.Spans[k]; ok {
		return l
	}
	return Dropped
}
