// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/core/chat"
)

// Everybody has two addresses: a LID, which says nothing of them, and a phone number. A chat uses the one or the other, and
// may change. The router is told the LID wherever it is known, and the number as an alias.

// whole is an address without a device, in one of the two spaces that people have.
func whole(j types.JID) types.JID {
	j = j.ToNonAD()
	switch j.Server {
	case types.HostedServer, types.LegacyUserServer:
		j.Server = types.DefaultUserServer
	case types.HostedLIDServer:
		j.Server = types.HiddenUserServer
	}
	return j
}

// addresses are both addresses of somebody, as far as they are known; alt is what a stanza told beside j.
func (l *line) addresses(j, alt types.JID) (lid, pn types.JID) {
	for _, a := range []types.JID{whole(j), whole(alt)} {
		switch a.Server {
		case types.HiddenUserServer:
			lid = a
		case types.DefaultUserServer:
			pn = a
		}
	}
	var err error
	switch {
	case lid.IsEmpty() && !pn.IsEmpty():
		lid, err = l.lids.GetLIDForPN(l.a.hand, pn)
	case pn.IsEmpty() && !lid.IsEmpty():
		pn, err = l.lids.GetPNForLID(l.a.hand, lid)
	}
	if err != nil {
		l.log.Warn("an address could not be looked up") // the library's errors hold it
	}
	return whole(lid), whole(pn)
}

// preferred is somebody's LID, or else whatever address there is.
func (l *line) preferred(j, alt types.JID) types.JID {
	lid, pn := l.addresses(j, alt)
	switch {
	case !lid.IsEmpty():
		return lid
	case !pn.IsEmpty():
		return pn
	}
	return whole(j)
}

// in is somebody's address in the space that a chat uses; the one that is given when the other is not known.
func (l *line) in(j types.JID, byNumber bool) types.JID {
	lid, pn := l.addresses(j, types.EmptyJID)
	switch {
	case byNumber && !pn.IsEmpty():
		return pn
	case !byNumber && !lid.IsEmpty():
		return lid
	}
	return whole(j)
}

// person describes somebody. name is what the stanza calls them; without it, what they called themselves last.
func (l *line) person(j, alt types.JID, name string) chat.Sender {
	if j.IsEmpty() {
		return chat.Sender{}
	}
	lid, pn := l.addresses(j, alt)
	s := chat.Sender{User: chat.RemoteUser(l.preferred(j, alt).String()), Kind: chat.SenderUser, Name: shownName(name)}
	if !pn.IsEmpty() {
		s.Aliases = append(s.Aliases, chat.Alias{Kind: "phone", Value: "+" + pn.User})
	}
	if s.Name == "" {
		s.Name = l.ownName(lid, pn)
	}
	if j.IsBot() {
		s.Kind = chat.SenderBot
	}
	me := l.self()
	s.Self = me.is(lid) || me.is(pn)
	s.OwnHuman = s.Self // what we post ourselves never comes back
	return s
}

// ownName is what somebody called themselves last. The names of the phone's address book are nobody else's business.
func (l *line) ownName(ids ...types.JID) string {
	contacts := l.book()
	for _, id := range ids {
		if id.IsEmpty() || contacts == nil {
			continue
		}
		c, err := contacts.GetContact(l.a.hand, id)
		if err != nil {
			continue
		}
		if name := shownName(c.PushName); name != "" {
			return name
		}
		if c.BusinessName != "" {
			return c.BusinessName
		}
	}
	return ""
}

// shownName is empty for the dash of those who have told no name.
func shownName(name string) string {
	if name == "-" {
		return ""
	}
	return name
}

// place is where something happened.
type place struct {
	jid      types.JID
	chat     chat.RemoteChat
	group    chat.RemoteGroup
	isGroup  bool
	byNumber bool // members are addressed by phone number
}

// placeOf finds the chat of a message. A private chat has the other person's LID, whichever account it is with.
func (l *line) placeOf(src types.MessageSource) place {
	switch {
	case src.Chat.Server == types.GroupServer:
		return place{
			jid: src.Chat, chat: chat.RemoteChat(src.Chat.String()), isGroup: true, byNumber: src.AddressingMode == types.AddressingModePN,
		}
	case src.IsIncomingBroadcast():
		return l.private(src.Sender, src.SenderAlt)
	case src.IsFromMe:
		return l.private(src.Chat, src.RecipientAlt)
	}
	return l.private(src.Chat, src.SenderAlt)
}

func (l *line) private(j, alt types.JID) place {
	other := l.preferred(j, alt)
	c := chat.RemoteChat(other.String())
	return place{jid: other, chat: c, group: chat.RemoteGroup(l.self().lid.User + "/" + string(c))}
}

// groupPlace is a group that a notification is about.
func groupPlace(j types.JID) place {
	return place{jid: j, chat: chat.RemoteChat(j.String()), isGroup: true}
}
