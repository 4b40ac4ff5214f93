// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"time"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/core/chat"
)

// Incoming is what Decode has to know of a message besides itself. Its functions may be nil.
type Incoming struct {
	Chat   types.JID
	Sender types.JID // as received; the device does not matter
	ID     types.MessageID
	// ViewOnce says that the library has taken a view-once wrapper off.
	ViewOnce bool
	// Lottie says the same of the wrapper of an animated sticker.
	Lottie bool
	// Preferred is the address that names a user in every chat: the LID, where it is known.
	Preferred func(types.JID) types.JID
	// Name is what a user is called, or nothing if that is not known. It must not be a phone number.
	Name func(types.JID) string
}

// Reading is what became of a message.
type Reading int

// What becomes of a message. Unknown says something that nobody here knows; Silent has nothing to say to a room.
const (
	Said Reading = iota
	Silent
	Unknown
)

// Decode reads what a message says: a new one, or, of an edit, what the older one says now. What is done to other messages
// (reactions, votes, deletions, pins) is none of its business: the room has nothing to read in it, so it is Silent.
func Decode(m *waE2E.Message, in Incoming) (chat.Content, Reading) {
	d := decoder{Incoming: in}
	m = d.unwrap(m)
	if d.isOtherCopy() || m.GetAlbumMessage() != nil {
		return chat.Content{}, Silent
	}
	if c := m.GetCommentMessage(); c.GetMessage() != nil {
		return d.comment(c)
	}
	if c, ok := d.content(m); ok {
		return c, Said
	}
	if Kind(m) == "" {
		return chat.Content{}, Silent
	}
	return chat.Content{}, Unknown
}

// comment reads an answer that stands below a message.
func (d *decoder) comment(m *waE2E.CommentMessage) (chat.Content, Reading) {
	c, ok := d.content(d.unwrap(m.GetMessage()))
	if !ok {
		return c, Unknown
	}
	if target := d.key(m.GetTargetMessageKey()); c.ReplyTo == nil && target.ID != "" {
		c.ReplyTo = &chat.ReplyRef{ID: target.Remote(), Author: User(target.Sender)}
	}
	return c, Said
}

// decoder is a message that is being read.
type decoder struct {
	Incoming
	// about is the innermost context of the message as a whole.
	about   *waE2E.MessageContextInfo
	spoiler bool
	hdCopy  bool
}

func (d *decoder) prefer(j types.JID) types.JID {
	j = j.ToNonAD()
	if d.Preferred == nil || j.IsEmpty() {
		return j
	}
	return d.Preferred(j)
}

// key reads a key as it stands in a message of the sender. It is empty if there is none.
func (d *decoder) key(k *waCommon.MessageKey) Key {
	if k.GetID() == "" {
		return Key{}
	}
	for _, address := range []string{k.GetParticipant(), k.GetRemoteJID()} {
		j, err := types.ParseJID(address)
		if k.GetFromMe() || err != nil || !isUser(j) {
			continue
		}
		return Key{Sender: d.prefer(j), ID: k.GetID()}
	}
	return Key{Sender: d.prefer(d.Sender), ID: k.GetID()}
}

func isUser(j types.JID) bool {
	switch j.Server {
	case types.DefaultUserServer, types.HiddenUserServer, types.HostedServer, types.HostedLIDServer, types.BotServer:
		return j.User != ""
	}
	return false
}

// maxWraps bounds how deep a message can hide.
const maxWraps = 8

// unwrap takes off what messages are wrapped in. The context of the outer one goes on with the inner one.
func (d *decoder) unwrap(m *waE2E.Message) *waE2E.Message {
	for range maxWraps {
		if about := m.GetMessageContextInfo(); about != nil {
			d.about = about
		}
		inner := d.inner(m)
		if inner == nil {
			return m
		}
		m = inner
	}
	return m
}

// inner is what a message wraps, or nil.
func (d *decoder) inner(m *waE2E.Message) *waE2E.Message {
	if once := firstOf(m.GetViewOnceMessage(), m.GetViewOnceMessageV2(), m.GetViewOnceMessageV2Extension()); once != nil {
		d.ViewOnce = true
		return once
	}
	if lottie := m.GetLottieStickerMessage().GetMessage(); lottie != nil {
		d.Lottie = true
		return lottie
	}
	if hidden := m.GetSpoilerMessage().GetMessage(); hidden != nil {
		d.spoiler = true
		return hidden
	}
	if copied := m.GetAssociatedChildMessage().GetMessage(); copied != nil {
		d.hdCopy = true
		return copied
	}
	if sent := m.GetDeviceSentMessage().GetMessage(); sent != nil {
		return sent
	}
	return firstOf(m.GetEphemeralMessage(), m.GetDocumentWithCaptionMessage(), m.GetEditedMessage(), m.GetBotInvokeMessage(),
		m.GetGroupMentionedMessage(), m.GetPollCreationMessageV4(), m.GetBotTaskMessage(), m.GetBotForwardedMessage(),
		m.GetQuestionMessage(), m.GetQuestionReplyMessage(), m.GetPollCreationOptionImageMessage(), m.GetLimitSharingMessage())
}

func firstOf(wraps ...*waE2E.FutureProofMessage) *waE2E.Message {
	for _, w := range wraps {
		if w.GetMessage() != nil {
			return w.GetMessage()
		}
	}
	return nil
}

// isOtherCopy reports whether the message is a picture or film that was there before, in another form.
func (d *decoder) isOtherCopy() bool {
	switch d.about.GetMessageAssociation().GetAssociationType() {
	case waE2E.MessageAssociation_HD_IMAGE_DUAL_UPLOAD, waE2E.MessageAssociation_HD_VIDEO_DUAL_UPLOAD,
		waE2E.MessageAssociation_HEVC_VIDEO_DUAL_UPLOAD, waE2E.MessageAssociation_MOTION_PHOTO:
		return true
	}
	return d.hdCopy
}

// Better reads a picture or film that was there before in a lower quality, and which message had it.
func Better(m *waE2E.Message, in Incoming) (of Key, c chat.Content, ok bool) {
	d := decoder{Incoming: in}
	m = d.unwrap(m)
	link := d.about.GetMessageAssociation()
	switch link.GetAssociationType() {
	case waE2E.MessageAssociation_HD_IMAGE_DUAL_UPLOAD, waE2E.MessageAssociation_HD_VIDEO_DUAL_UPLOAD:
	default:
		return Key{}, chat.Content{}, false
	}
	of = d.key(link.GetParentMessageKey())
	c, ok = d.content(m)
	return of, c, ok && of.ID != "" && len(c.Media) == 1
}

func isPaired(t waE2E.ContextInfo_PairedMediaType) bool {
	return t == waE2E.ContextInfo_SD_IMAGE_PARENT || t == waE2E.ContextInfo_SD_VIDEO_PARENT
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }
