// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"iter"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
)

// What is encrypted once more (votes, edits, reactions and comments of some groups) is bound to two addresses: of whoever wrote the
// message that it is about, and of whoever sends it. Both may stand there by phone number or by LID, whatever the group uses now: an
// app takes what it noted when the message came. The library tries what the stanza says alone.

// targetOf finds the key of the message that something encrypted once more is about.
type targetOf func(*waE2E.Message) *waCommon.MessageKey

func voteTarget(m *waE2E.Message) *waCommon.MessageKey {
	return m.GetPollUpdateMessage().GetPollCreationMessageKey()
}

func secretTarget(m *waE2E.Message) *waCommon.MessageKey {
	return m.GetSecretEncryptedMessage().GetTargetMessageKey()
}

func reactionTarget(m *waE2E.Message) *waCommon.MessageKey {
	return m.GetEncReactionMessage().GetTargetMessageKey()
}

func commentTarget(m *waE2E.Message) *waCommon.MessageKey {
	return m.GetEncCommentMessage().GetTargetMessageKey()
}

// unseal tries to open an event in every way in which its addresses may have been meant. The error is of the first try, and holds
// addresses.
func unseal[M any](l *line, ev *events.Message, target targetOf, open func(*events.Message) (M, error)) (M, error) {
	m, err := open(ev)
	if err == nil {
		return m, nil
	}
	for as := range l.readings(ev, target) {
		if m, err := open(as); err == nil {
			return m, nil
		}
	}
	return m, err
}

// readings are an event with each pair of addresses that may have been meant.
func (l *line) readings(ev *events.Message, target targetOf) iter.Seq[*events.Message] {
	return func(yield func(*events.Message) bool) {
		author, err := content.ParseKey(l.meant(ev, l.placeOf(ev.Info.MessageSource), target(ev.Message)))
		if err != nil {
			return
		}
		for _, by := range l.both(author.Sender) {
			for _, sender := range l.both(l.preferred(ev.Info.Sender, ev.Info.SenderAlt)) {
				if !yield(meantAs(ev, target, by, sender)) {
					return
				}
			}
		}
	}
}

// both are somebody's addresses, as far as they are known.
func (l *line) both(j types.JID) (out []types.JID) {
	lid, pn := l.addresses(j, types.EmptyJID)
	for _, a := range []types.JID{lid, pn} {
		if !a.IsEmpty() {
			out = append(out, a)
		}
	}
	return out
}

// meantAs is an event in other words.
func meantAs(ev *events.Message, target targetOf, author, sender types.JID) *events.Message {
	as := *ev
	as.Message = proto.CloneOf(ev.Message)
	as.Info.Sender = sender
	key := target(as.Message)
	key.FromMe = proto.Bool(false)
	key.Participant = proto.String(author.String())
	if as.Info.Chat.Server != types.GroupServer {
		key.RemoteJID = key.Participant // the library takes the author of what stands in a private chat from there
	}
	return &as
}
