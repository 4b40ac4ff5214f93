// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// The stored forms of content and posts: JSON with short names, so that a plain text costs a few bytes. Names are never
// given a new meaning: old rows keep them.

type storedText struct {
	Body  string       `json:"b,omitempty"`
	Spans []storedSpan `json:"s,omitempty"`
}

type storedSpan struct {
	Start int             `json:"a"`
	End   int             `json:"e"`
	Kind  chat.SpanKind   `json:"k"`
	Value string          `json:"v,omitempty"`
	User  chat.RemoteUser `json:"u,omitempty"`
}

type storedMedia struct {
	Kind     chat.MediaKind `json:"k"`
	Ref      string         `json:"r,omitempty"`
	Hash     string         `json:"h,omitempty"`
	MIME     string         `json:"m,omitempty"`
	Name     string         `json:"n,omitempty"`
	Size     int64          `json:"s,omitempty"`
	Width    int            `json:"w,omitempty"`
	Height   int            `json:"ht,omitempty"`
	Duration time.Duration  `json:"d,omitempty"`
	Spoiler  bool           `json:"sp,omitempty"`
	Emoji    string         `json:"e,omitempty"`
	Waveform []byte         `json:"wf,omitempty"`
	Link     string         `json:"l,omitempty"`
}

type storedPlace struct {
	Lat      float64       `json:"a"`
	Lon      float64       `json:"o"`
	Accuracy float64       `json:"c,omitempty"`
	Title    string        `json:"t,omitempty"`
	Address  string        `json:"d,omitempty"`
	Live     time.Duration `json:"l,omitempty"`
}

type storedContact struct {
	Name   string   `json:"n,omitempty"`
	Phones []string `json:"p,omitempty"`
	VCard  string   `json:"v,omitempty"`
}

type storedPoll struct {
	Question string             `json:"q"`
	Options  []storedPollOption `json:"o"`
	Multiple bool               `json:"m,omitempty"`
	Closed   bool               `json:"c,omitempty"`
}

type storedPollOption struct {
	Text  string `json:"t"`
	Votes int    `json:"v"`
}

type storedNotice struct {
	Kind   chat.NoticeKind `json:"k"`
	Who    []string        `json:"w,omitempty"`
	Count  int             `json:"c,omitempty"`
	Value  string          `json:"v,omitempty"`
	Outage *storedOutage   `json:"o,omitempty"`
}

type storedOutage struct {
	Network   string       `json:"n"`
	Since     int64        `json:"s"`
	Until     int64        `json:"u,omitempty"`
	Told      int64        `json:"t"`
	Trouble   chat.Trouble `json:"r,omitempty"`
	Delivered int          `json:"d,omitempty"`
	Waiting   int          `json:"w,omitempty"`
}

type storedReplyRef struct {
	ID      chat.RemoteMessage `json:"i"`
	Author  chat.RemoteUser    `json:"a,omitempty"`
	Excerpt string             `json:"x,omitempty"`
	Quote   string             `json:"q,omitempty"`
}

type storedForward struct {
	From string `json:"f"`
}

type storedPreview struct {
	URL         string `json:"u"`
	Title       string `json:"t,omitempty"`
	Description string `json:"d,omitempty"`
}

type storedContent struct {
	Text         storedText      `json:"t,omitzero"`
	Media        []storedMedia   `json:"m,omitempty"`
	ReplyTo      *storedReplyRef `json:"r,omitempty"`
	Forward      *storedForward  `json:"f,omitempty"`
	Album        chat.AlbumKey   `json:"al,omitempty"`
	Placeholder  string          `json:"p,omitempty"`
	ExpiresAfter time.Duration   `json:"x,omitempty"`
	Place        *storedPlace    `json:"pl,omitempty"`
	Contacts     []storedContact `json:"c,omitempty"`
	Poll         *storedPoll     `json:"po,omitempty"`
	Notice       *storedNotice   `json:"n,omitempty"`
	Preview      *storedPreview  `json:"pv,omitempty"`
}

type storedTarget struct {
	ID      chat.RemoteMessage `json:"i"`
	Author  chat.RemoteUser    `json:"a,omitempty"`
	Excerpt string             `json:"x,omitempty"`
	Quote   string             `json:"q,omitempty"`
	At      time.Time          `json:"at,omitzero"`
}

// storedPost holds what is frozen of a post; id, key, chat and attempt are columns.
type storedPost struct {
	Action       chat.Action          `json:"a"`
	Text         storedText           `json:"t,omitzero"`
	Media        []storedMedia        `json:"m,omitempty"`
	Reply        *storedTarget        `json:"r,omitempty"`
	Target       []chat.RemoteMessage `json:"tg,omitempty"`
	Emoji        []string             `json:"em,omitempty"`
	ExpiresAfter time.Duration        `json:"x,omitempty"`
	KeepUntil    int64                `json:"ku,omitempty"`
	NoPreview    bool                 `json:"np,omitempty"`
	Place        *storedPlace         `json:"pl,omitempty"`
	Contact      *storedContact       `json:"c,omitempty"`
	Poll         *storedPoll          `json:"po,omitempty"`
	TextAt       int                  `json:"ta,omitempty"`
	Preview      *storedPreview       `json:"pv,omitempty"`
}

func encodeContent(c chat.Content) (string, error) {
	return encode(storedContent{Text: freezeText(c.Text), Media: freezeMedia(c.Media), ReplyTo: (*storedReplyRef)(c.ReplyTo),
		Forward: (*storedForward)(c.Forward), Album: c.Album, Placeholder: c.Placeholder, ExpiresAfter: c.ExpiresAfter,
		Place: (*storedPlace)(c.Place), Contacts: mapped(c.Contacts, func(c chat.Contact) storedContact { return storedContact(c) }),
		Poll: freezePoll(c.Poll), Notice: freezeNotice(c.Notice), Preview: (*storedPreview)(c.Preview)})
}

func decodeContent(s string) (chat.Content, error) {
	var c storedContent
	if err := json.Unmarshal([]byte(s), &c); err != nil {
		return chat.Content{}, fmt.Errorf("decode content: %w", err)
	}
	return chat.Content{Text: c.Text.thaw(), Media: thawMedia(c.Media), ReplyTo: (*chat.ReplyRef)(c.ReplyTo),
		Forward: (*chat.Forward)(c.Forward), Album: c.Album, Placeholder: c.Placeholder, ExpiresAfter: c.ExpiresAfter,
		Place: (*chat.Place)(c.Place), Contacts: mapped(c.Contacts, func(c storedContact) chat.Contact { return chat.Contact(c) }),
		Poll: c.Poll.thaw(), Notice: c.Notice.thaw(), Preview: (*chat.Preview)(c.Preview)}, nil
}

func encodePost(p chat.Post) (string, error) {
	return encode(storedPost{Action: p.Action, Text: freezeText(p.Text), Media: freezeMedia(p.Media), Reply: (*storedTarget)(p.Reply),
		Target: p.Target, Emoji: p.Emoji, ExpiresAfter: p.ExpiresAfter, KeepUntil: millis(p.KeepUntil), NoPreview: p.NoPreview,
		Place: (*storedPlace)(p.Place), Contact: (*storedContact)(p.Contact), Poll: freezePoll(p.Poll), TextAt: p.TextAt,
		Preview: (*storedPreview)(p.Preview)})
}

// decodePost returns a post without id, key, chat and attempt.
func decodePost(s string) (chat.Post, error) {
	var p storedPost
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return chat.Post{}, fmt.Errorf("decode post: %w", err)
	}
	return chat.Post{Action: p.Action, Text: p.Text.thaw(), Media: thawMedia(p.Media), Reply: (*chat.ReplyTarget)(p.Reply),
		Target: p.Target, Emoji: p.Emoji, ExpiresAfter: p.ExpiresAfter, KeepUntil: fromMillis(p.KeepUntil), NoPreview: p.NoPreview,
		Place: (*chat.Place)(p.Place), Contact: (*chat.Contact)(p.Contact), Poll: p.Poll.thaw(), TextAt: p.TextAt,
		Preview: (*chat.Preview)(p.Preview)}, nil
}

func freezeText(t chat.Text) storedText {
	s := storedText{Body: t.Body}
	for _, sp := range t.Spans {
		s.Spans = append(s.Spans, storedSpan(sp))
	}
	return s
}

func (s storedText) thaw() chat.Text {
	t := chat.Text{Body: s.Body}
	for _, sp := range s.Spans {
		t.Spans = append(t.Spans, chat.Span(sp))
	}
	return t
}

func freezeMedia(media []chat.Media) []storedMedia {
	return mapped(media, func(m chat.Media) storedMedia { return storedMedia(m) })
}

func thawMedia(media []storedMedia) []chat.Media {
	return mapped(media, func(m storedMedia) chat.Media { return chat.Media(m) })
}

func freezePoll(p *chat.Poll) *storedPoll {
	if p == nil {
		return nil
	}
	return &storedPoll{Question: p.Question, Multiple: p.Multiple, Closed: p.Closed,
		Options: mapped(p.Options, func(o chat.PollOption) storedPollOption { return storedPollOption(o) })}
}

func (p *storedPoll) thaw() *chat.Poll {
	if p == nil {
		return nil
	}
	return &chat.Poll{Question: p.Question, Multiple: p.Multiple, Closed: p.Closed,
		Options: mapped(p.Options, func(o storedPollOption) chat.PollOption { return chat.PollOption(o) })}
}

func freezeNotice(n *chat.Notice) *storedNotice {
	if n == nil {
		return nil
	}
	s := &storedNotice{Kind: n.Kind, Who: n.Who, Count: n.Count, Value: n.Value}
	if o := n.Outage; o != nil {
		s.Outage = &storedOutage{Network: o.Network, Since: millis(o.Since), Until: millis(o.Until), Told: millis(o.Told),
			Trouble: o.Trouble, Delivered: o.Delivered, Waiting: o.Waiting}
	}
	return s
}

func (s *storedNotice) thaw() *chat.Notice {
	if s == nil {
		return nil
	}
	n := &chat.Notice{Kind: s.Kind, Who: s.Who, Count: s.Count, Value: s.Value}
	if o := s.Outage; o != nil {
		n.Outage = &chat.Outage{Network: o.Network, Since: fromMillis(o.Since), Until: fromMillis(o.Until), Told: fromMillis(o.Told),
			Trouble: o.Trouble, Delivered: o.Delivered, Waiting: o.Waiting}
	}
	return n
}

// mapped converts each element; nothing stays nil.
func mapped[From, To any](list []From, f func(From) To) (out []To) {
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// encode writes JSON without escaping what only matters in HTML.
func encode(v any) (string, error) {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte{'\n'})), nil
}

// encodeList writes a list of strings; an empty one is the empty string.
func encodeList(list []string) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	return encode(list)
}

func decodeList(s string) (list []string, err error) {
	if s == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(s), &list); err != nil {
		return nil, fmt.Errorf("decode list: %w", err)
	}
	return list, nil
}

func encodeOutcome(o chat.Outcome) (string, error) {
	if o.Kind == "" {
		return "", nil
	}
	return encode(o)
}

func decodeOutcome(s string) (o chat.Outcome, err error) {
	if s == "" {
		return o, nil
	}
	if err := json.Unmarshal([]byte(s), &o); err != nil {
		return o, fmt.Errorf("decode outcome: %w", err)
	}
	return o, nil
}
