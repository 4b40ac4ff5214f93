// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"errors"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/causeway-chat/causeway/core/chat"
)

// Outgoing is what Encode has to know besides the post.
type Outgoing struct {
	Chat types.JID
	// Address is the address of a user in the space that the chat uses; empty if it is not known. nil knows nobody.
	Address func(chat.RemoteUser) types.JID
	// Own is our own address in that space.
	Own types.JID
	// Files are the post's media as they were uploaded, one for each.
	Files []whatsmeow.UploadResponse
	// Thumbnails are small JPEGs of the media, one for each; a nil one shows nothing before the file is there.
	Thumbnails [][]byte
	// Secret is what votes in a poll will be encrypted with: 32 bytes that nobody outside of the chat can know.
	Secret []byte
	// Head is the id under which the head of an album was sent, that all of its items name.
	Head types.MessageID
}

// Errors of posts that cannot be written as a message.
var (
	// ErrNothing says that the post has nothing to send.
	ErrNothing = errors.New("the post has neither text nor media nor anything else")
	// ErrTooLong says that the text is longer than MaxText.
	ErrTooLong = errors.New("the text is longer than WhatsApp takes")
	// ErrFiles says that the files do not go with the media.
	ErrFiles = errors.New("the files that were uploaded are not those of the post")
)

// How long the text of a message can be, in UTF-16 units: without marks, and as it is typed. Between the two there is room for
// marks; should there be more of them, the text goes out plain.
const (
	MaxText  = 60_000
	maxTyped = 65_536
)

// Encode writes a post as messages: one, or one for each of several media. The first of them answers what the post answers.
func Encode(p chat.Post, out Outgoing) ([]*waE2E.Message, error) {
	e := encoder{Outgoing: out, post: p}
	switch {
	case chat.UTF16.Count(p.Text.Body) > MaxText:
		return nil, ErrTooLong
	case p.Place != nil:
		return e.one(&waE2E.Message{LocationMessage: e.place(*p.Place)}), nil
	case p.Contact != nil:
		return e.one(&waE2E.Message{ContactMessage: e.contact(*p.Contact)}), nil
	case p.Poll != nil:
		return e.one(e.poll(*p.Poll)), nil
	case len(p.Media) > 0:
		return e.media()
	case p.Text.Body == "":
		return nil, ErrNothing
	}
	return e.one(e.text()), nil
}

// Text writes a text as a message, as an edit of one needs it.
func Text(p chat.Post, out Outgoing) (*waE2E.Message, error) {
	p.Media, p.Place, p.Contact, p.Poll = nil, nil, nil, nil
	m, err := Encode(p, out)
	if err != nil {
		return nil, err
	}
	return m[0], nil
}

// Caption puts another caption on a message with a file; ok is false when it has no place for one.
func Caption(sent *waE2E.Message, p chat.Post, out Outgoing) (m *waE2E.Message, ok bool) {
	e := encoder{Outgoing: out, post: p}
	m = proto.CloneOf(sent)
	raw, mentioned := e.write()
	caption := optional(raw)
	inner := m
	if wrapped := m.GetDocumentWithCaptionMessage().GetMessage(); wrapped != nil {
		inner = wrapped
	}
	var about **waE2E.ContextInfo
	switch {
	case inner.GetImageMessage() != nil:
		inner.ImageMessage.Caption, about = caption, &inner.ImageMessage.ContextInfo
	case inner.GetVideoMessage() != nil:
		inner.VideoMessage.Caption, about = caption, &inner.VideoMessage.ContextInfo
	case inner.GetDocumentMessage() != nil:
		inner.DocumentMessage.Caption, about = caption, &inner.DocumentMessage.ContextInfo
	default:
		return nil, false
	}
	if len(mentioned) > 0 && *about == nil {
		*about = &waE2E.ContextInfo{}
	}
	if *about != nil {
		(*about).MentionedJID = mentioned
	}
	if inner == m && inner.GetDocumentMessage() != nil && caption != nil {
		return captioned(inner), true
	}
	return m, true
}

// encoder is a post that is being written.
type encoder struct {
	Outgoing
	post chat.Post
}

func (e *encoder) one(m *waE2E.Message) []*waE2E.Message { return []*waE2E.Message{m} }

// write writes the post's text, and whom it mentions.
func (e *encoder) write() (raw string, mentioned []string) {
	seen := map[string]bool{}
	raw = e.typed(func(u chat.RemoteUser) string {
		if e.Address == nil {
			return ""
		}
		j := e.Address(u)
		if j.User == "" {
			return ""
		}
		if address := j.ToNonAD().String(); !seen[address] {
			seen[address] = true
			mentioned = append(mentioned, address)
		}
		return j.User
	})
	return raw, mentioned
}

// typed is the post's text with marks, if there is room for them.
func (e *encoder) typed(address func(chat.RemoteUser) string) string {
	if raw := Write(e.post.Text, address); chat.UTF16.Count(raw) <= maxTyped {
		return raw
	}
	return e.post.Text.Body
}

func (e *encoder) text() *waE2E.Message {
	raw, mentioned := e.write()
	about, p := e.about(mentioned), e.post.Preview
	if p != nil && !strings.Contains(raw, p.URL) {
		p = nil
	}
	if about == nil && p == nil {
		return &waE2E.Message{Conversation: &raw}
	}
	t := &waE2E.ExtendedTextMessage{Text: &raw, ContextInfo: about}
	if p != nil {
		t.MatchedText, t.Title, t.Description = &p.URL, &p.Title, optional(p.Description)
	}
	return &waE2E.Message{ExtendedTextMessage: t}
}

// about is the context of a message: what it answers, whom it mentions and when it disappears; nil if nothing of the kind.
func (e *encoder) about(mentioned []string) *waE2E.ContextInfo {
	out := &waE2E.ContextInfo{MentionedJID: mentioned}
	answers := e.answer(out)
	timer := e.post.ExpiresAfter / time.Second
	if timer > 0 {
		out.Expiration = proto.Uint32(uint32(min(timer, 1<<31)))
	}
	if !answers && timer <= 0 && len(mentioned) == 0 {
		return nil
	}
	return out
}

// answer names the message that the post answers; false when there is none that can be named.
func (e *encoder) answer(about *waE2E.ContextInfo) bool {
	r := e.post.Reply
	if r == nil {
		return false
	}
	target, err := ParseKey(r.ID)
	if err != nil {
		return false
	}
	author := e.Own
	if r.Author != "" || !target.Sender.IsEmpty() && User(target.Sender) != User(e.Own) {
		author = e.address(target.Sender)
	}
	about.StanzaID, about.Participant = &target.ID, proto.String(author.ToNonAD().String())
	// Phones show what is quoted as it comes with the answer. Formatting would be read in it, so it is written as a text too.
	about.QuotedMessage = &waE2E.Message{Conversation: proto.String(Write(chat.Text{Body: r.Excerpt}, nil))}
	return true
}

// address is a user's address in the chat's space, or else the one that is known.
func (e *encoder) address(j types.JID) types.JID {
	if e.Address != nil {
		if a := e.Address(User(j)); a.User != "" {
			return a
		}
	}
	return j
}

func (e *encoder) place(p chat.Place) *waE2E.LocationMessage {
	l := &waE2E.LocationMessage{
		DegreesLatitude: &p.Lat, DegreesLongitude: &p.Lon, Name: optional(p.Title), Address: optional(p.Address), ContextInfo: e.about(nil),
	}
	if p.Accuracy >= 1 {
		l.AccuracyInMeters = proto.Uint32(uint32(min(p.Accuracy, 1<<31)))
	}
	return l
}

func (e *encoder) contact(c chat.Contact) *waE2E.ContactMessage {
	return &waE2E.ContactMessage{DisplayName: &c.Name, Vcard: proto.String(card(c)), ContextInfo: e.about(nil)}
}

// card is an entry of an address book as the apps want it.
func card(c chat.Contact) string {
	if strings.HasPrefix(c.VCard, "BEGIN:VCARD") {
		return c.VCard
	}
	lines := []string{"BEGIN:VCARD", "VERSION:3.0", "N:;" + escapeCard(c.Name) + ";;;", "FN:" + escapeCard(c.Name)}
	for _, phone := range c.Phones {
		digits := strings.Map(onlyDigits, phone)
		if digits == "" {
			continue
		}
		field := "TEL;type=CELL"
		if strings.HasPrefix(strings.TrimSpace(phone), "+") {
			field += ";waid=" + digits // with this the apps offer to write to them
		}
		lines = append(lines, field+":"+escapeCard(phone))
	}
	return strings.Join(append(lines, "END:VCARD"), "\n")
}

func onlyDigits(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

func (e *encoder) poll(p chat.Poll) *waE2E.Message {
	var options []*waE2E.PollCreationMessage_Option
	for _, o := range p.Options {
		options = append(options, &waE2E.PollCreationMessage_Option{OptionName: proto.String(o.Text)})
	}
	choices := uint32(1)
	if p.Multiple {
		choices = 0 // any number
	}
	return &waE2E.Message{
		PollCreationMessage: &waE2E.PollCreationMessage{Name: &p.Question, Options: options, SelectableOptionsCount: &choices, ContextInfo: e.about(nil)},
		MessageContextInfo:  &waE2E.MessageContextInfo{MessageSecret: e.Secret},
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
