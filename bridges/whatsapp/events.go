// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"fmt"
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

// verdict is what an event of WhatsApp's comes to: what is handed up, and what is noted once that is stored.
type verdict struct {
	events []chat.Event
	then   func()
}

// convert reads an event. What makes us stumble goes up as unknown, so that it holds nothing up.
func (l *line) convert(ev any) (v verdict) {
	l.memory.countOne()
	defer func() {
		if r := recover(); r != nil {
			l.log.Error("panic in the reading of an event", "stack", string(debug.Stack()))
			v = l.stumbled(ev)
		}
	}()
	switch ev := ev.(type) {
	case *events.Message:
		return l.message(ev)
	case *events.UndecryptableMessage:
		return l.unreadable(ev)
	case *events.JoinedGroup:
		return l.joinedGroup(ev)
	case *events.GroupInfo:
		return l.groupChanged(ev)
	case *events.Picture:
		return l.picture(ev)
	case *events.CallOffer:
		return l.call(ev.BasicCallMeta, "call", false)
	case *events.CallOfferNotice:
		return l.call(ev.BasicCallMeta, ev.Media, false)
	case *events.CallTerminate:
		return l.call(ev.BasicCallMeta, "call", true)
	case *events.Receipt:
		l.heardFrom(ev.Sender, ev.Timestamp)
	case *events.IdentityChange:
		l.log.Info("somebody has new keys", "implicit", ev.Implicit)
	}
	return verdict{}
}

// stumbled hands up a message that could not be read for a mistake of ours.
func (l *line) stumbled(ev any) verdict {
	m, ok := ev.(*events.Message)
	if !ok {
		return verdict{}
	}
	return l.unknown(m, l.placeOf(m.Info.MessageSource), "message")
}

// heardFrom notes a sign of the account's own phone.
func (l *line) heardFrom(sender types.JID, at time.Time) {
	if sender.Device == 0 && l.self().is(whole(sender)) {
		l.phoneSeen(at)
	}
}

// isIgnored tells what is mirrored nowhere: stories, channels, and what devices of one account tell each other.
func isIgnored(info types.MessageInfo) bool {
	return info.Chat == types.StatusBroadcastJID || info.Chat.Server == types.NewsletterServer || info.Category == "peer"
}

// message reads a message that was decrypted.
func (l *line) message(ev *events.Message) verdict {
	l.heardFrom(ev.Info.Sender, ev.Info.Timestamp)
	if isIgnored(ev.Info) {
		return verdict{}
	}
	p := l.placeOf(ev.Info.MessageSource)
	if p.isGroup {
		l.noteMode(p, ev.Info.AddressingMode)
	}
	v := l.meaning(ev, p)
	if len(v.events) > 0 && !p.isGroup {
		v = l.introduce(v, p, ev.Info)
	}
	return v
}

// keyOf is an event's dedup key. Senders choose ids, so chat and sender belong to it.
func keyOf(p place, id chat.RemoteMessage) chat.EventKey {
	return chat.EventKey("m/" + string(p.chat) + "/" + string(id))
}

// said makes an event of a message's stanza.
func (l *line) said(ev *events.Message, p place, b chat.Body) verdict {
	id := l.remote(ev.Info.Sender, ev.Info.SenderAlt, ev.Info.ID)
	return verdict{events: []chat.Event{{
		Key: keyOf(p, id), At: ev.Info.Timestamp.UTC(), Chat: p.chat, Group: p.group,
		Sender: l.person(ev.Info.Sender, ev.Info.SenderAlt, ev.Info.PushName), Body: b,
	}}}
}

// remote names a message by its sender and the id that they chose.
func (l *line) remote(sender, alt types.JID, id types.MessageID) chat.RemoteMessage {
	return content.Key{Sender: l.preferred(sender, alt), ID: id}.Remote()
}

// meant names the message that a key in a stanza means. The key is in the words of whoever sent it.
func (l *line) meant(ev *events.Message, p place, key *waCommon.MessageKey) chat.RemoteMessage {
	switch participant, err := types.ParseJID(key.GetParticipant()); {
	case key.GetID() == "":
		return ""
	case key.GetParticipant() != "" && err == nil:
		return l.remote(participant, types.EmptyJID, key.GetID())
	case key.GetFromMe():
		return l.remote(ev.Info.Sender, ev.Info.SenderAlt, key.GetID())
	case ev.Info.IsFromMe:
		return l.remote(p.jid, types.EmptyJID, key.GetID())
	}
	me := l.self()
	return l.remote(me.lid, me.pn, key.GetID())
}

// meaning reads what a message is about.
func (l *line) meaning(ev *events.Message, p place) verdict {
	m := ev.Message
	switch {
	case m.GetProtocolMessage() != nil:
		return l.protocol(ev, p, m.GetProtocolMessage())
	case m.GetSecretEncryptedMessage() != nil:
		return l.secret(ev, p)
	case m.GetReactionMessage() != nil:
		return l.reaction(ev, p, m.GetReactionMessage())
	case m.GetEncReactionMessage() != nil:
		return l.sealedReaction(ev, p)
	case m.GetPollUpdateMessage() != nil:
		return l.vote(ev, p)
	case m.GetPinInChatMessage() != nil:
		return l.pinned(ev, p, m.GetPinInChatMessage())
	case m.GetEncCommentMessage() != nil:
		return l.comment(ev, p)
	}
	return l.newMessage(ev, p, m)
}

// newMessage hands up a message, or fills in the placeholder that stands for it.
func (l *line) newMessage(ev *events.Message, p place, m *waE2E.Message) verdict {
	c, reading := l.decode(ev, m)
	switch reading {
	case content.Silent:
		return l.otherCopy(ev, p, m)
	case content.Unknown:
		return l.unknown(ev, p, content.Kind(m))
	}
	id := l.remote(ev.Info.Sender, ev.Info.SenderAlt, ev.Info.ID)
	v := l.said(ev, p, chat.MessageNew{ID: id, Content: c})
	v.then = func() { l.noteContent(p, id, c) }
	waited := string(v.events[0].Key)
	if !l.a.notes.isUnread(l.a.hand, waited) {
		return v
	}
	if isPlain(c) {
		v.events[0].Body = chat.MessageEdit{ID: id, Content: c}
	}
	v.then = func() {
		l.noteContent(p, id, c)
		l.warn("a placeholder could not be forgotten", l.a.notes.setRead(l.a.hand, waited))
	}
	return v
}

// noteContent notes what later messages refer to: a poll's options, and a private chat's timer.
func (l *line) noteContent(p place, id chat.RemoteMessage, c chat.Content) {
	if c.Poll != nil {
		l.notePoll(p.chat, id, *c.Poll)
	}
	if !p.isGroup {
		l.noteTimer(p, c.ExpiresAfter)
	}
}

// warn logs what is worth no more than that.
func (l *line) warn(what string, err error) {
	if err != nil {
		l.log.Warn(what, "err", err)
	}
}

// isPlain tells whether an edit of a text can say all that a message says.
func isPlain(c chat.Content) bool {
	return c.Text.Body != "" && len(c.Media) == 0 && c.Place == nil && len(c.Contacts) == 0 && c.Poll == nil && c.ReplyTo == nil &&
		c.Forward == nil && c.Album == "" && c.Placeholder == "" && c.ExpiresAfter == 0
}

// unknownWords stand in the room for what we cannot read.
const unknownWords = "message of a kind that Causeway does not know"

func (l *line) unknown(ev *events.Message, p place, kind string) verdict {
	raw, err := proto.Marshal(ev.RawMessage)
	if err != nil {
		raw = nil
	}
	id := l.remote(ev.Info.Sender, ev.Info.SenderAlt, ev.Info.ID)
	return l.said(ev, p, chat.Unknown{ID: id, Kind: kind, Text: unknownWords, Raw: raw})
}

// protocol reads what changes messages that came before.
func (l *line) protocol(ev *events.Message, p place, m *waE2E.ProtocolMessage) verdict {
	switch m.GetType() {
	case waE2E.ProtocolMessage_REVOKE:
		return l.revoked(ev, p, m.GetKey())
	case waE2E.ProtocolMessage_MESSAGE_EDIT:
		return l.edited(ev, p, m.GetKey(), m.GetEditedMessage())
	case waE2E.ProtocolMessage_EPHEMERAL_SETTING:
		timer := time.Duration(m.GetEphemeralExpiration()) * time.Second
		v := l.said(ev, p, chat.ChatInfo{Timer: &timer})
		v.then = func() { l.noteTimer(p, timer) }
		return v
	}
	return verdict{}
}

// edited hands up an edit. People change their own messages alone, so the id is of the one who sent the edit.
func (l *line) edited(ev *events.Message, p place, key *waCommon.MessageKey, m *waE2E.Message) verdict {
	c, reading := l.decode(ev, m)
	if reading != content.Said || key.GetID() == "" {
		return verdict{}
	}
	return l.said(ev, p, chat.MessageEdit{ID: l.remote(ev.Info.Sender, ev.Info.SenderAlt, key.GetID()), Content: c})
}

// secret reads an edit that is encrypted once more.
func (l *line) secret(ev *events.Message, p place) verdict {
	m, err := unseal(l, ev, secretTarget, func(ev *events.Message) (*waE2E.Message, error) {
		return l.client.DecryptSecretEncryptedMessage(l.a.hand, ev)
	})
	if err != nil {
		return l.unknown(ev, p, "secret")
	}
	if inner := m.GetProtocolMessage(); inner != nil {
		return l.protocol(ev, p, inner)
	}
	return l.edited(ev, p, ev.Message.GetSecretEncryptedMessage().GetTargetMessageKey(), m)
}

// revoked hands up a deletion. Whoever asks for somebody else's message to go must be an admin: the server does not see what is
// deleted, so it cannot judge.
func (l *line) revoked(ev *events.Message, p place, key *waCommon.MessageKey) verdict {
	id := l.meant(ev, p, key)
	by := l.preferred(ev.Info.Sender, ev.Info.SenderAlt)
	target, err := content.ParseKey(id)
	if err != nil || target.Sender != by && !l.isAdmin(p, by) {
		return verdict{}
	}
	return l.said(ev, p, chat.MessageDelete{ID: id})
}

// reaction hands up somebody's reaction; there is one on a message at most.
func (l *line) reaction(ev *events.Message, p place, m *waE2E.ReactionMessage) verdict {
	id := l.meant(ev, p, m.GetKey())
	if id == "" {
		return verdict{}
	}
	r := chat.Reaction{ID: id}
	if m.GetText() != "" {
		r.Emoji = []string{m.GetText()}
	}
	return l.said(ev, p, r)
}

// introduce tells of a private chat at its first sight in this life: it is called as the other person is.
func (l *line) introduce(v verdict, p place, info types.MessageInfo) verdict {
	title := ""
	if !info.IsFromMe {
		title = shownName(info.PushName)
	}
	if l.memory.knows(p.chat, title) {
		return v
	}
	if title == "" {
		title = l.ownName(p.jid, l.in(p.jid, true))
	}
	told := chat.Event{
		Key: chat.EventKey(fmt.Sprintf("chat/%s/%d", p.chat, l.a.pauses.now().UnixNano())), At: info.Timestamp.UTC(),
		Chat: p.chat, Group: p.group, Body: chat.ChatInfo{Title: title},
	}
	then := v.then
	v.events = append([]chat.Event{told}, v.events...)
	v.then = func() {
		l.memory.meet(p.chat, title)
		if then != nil {
			then()
		}
	}
	return v
}
