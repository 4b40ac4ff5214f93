// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

// decode reads what a message says.
func (l *line) decode(ev *events.Message, m *waE2E.Message) (chat.Content, content.Reading) {
	return content.Decode(m, l.incoming(ev))
}

// incoming is what it takes to read a message.
func (l *line) incoming(ev *events.Message) content.Incoming {
	return content.Incoming{
		Chat: ev.Info.Chat, Sender: ev.Info.Sender, ID: ev.Info.ID, ViewOnce: ev.IsViewOnce, Lottie: ev.IsLottieSticker,
		Preferred: func(j types.JID) types.JID { return l.preferred(j, types.EmptyJID) },
		Name:      func(j types.JID) string { lid, pn := l.addresses(j, types.EmptyJID); return l.ownName(lid, pn) },
	}
}

// encode writes the messages that a post asks for.
func (l *line) encode(p chat.Post, to types.JID) ([]*waE2E.Message, chat.Reason) {
	messages, err := content.Encode(l.timed(p, to), l.writing(p, to))
	return messages, whyNotWritten(err)
}

// writing is what it takes to write for a chat.
func (l *line) writing(p chat.Post, to types.JID) content.Outgoing {
	byNumber := l.byNumber(to)
	me := l.self()
	own := me.lid
	if byNumber {
		own = me.pn
	}
	return content.Outgoing{
		Chat: to, Own: own, Secret: l.secretFor(p.Key),
		Address: func(u chat.RemoteUser) types.JID { return l.in(content.ParseUser(u), byNumber) },
	}
}

// timed gives a post the chat's disappearing timer, unless its own is shorter: phones expect it on every message.
func (l *line) timed(p chat.Post, to types.JID) chat.Post {
	s, _ := l.a.notes.group(l.a.hand, chat.RemoteChat(to.String()))
	timer := time.Duration(s.Timer) * time.Second
	if timer > 0 && (p.ExpiresAfter == 0 || timer < p.ExpiresAfter) {
		p.ExpiresAfter = timer
	}
	return p
}

// secretFor is what votes in a poll of ours are encrypted with: the same at every attempt, and known to nobody else.
func (l *line) secretFor(key chat.PostKey) []byte {
	h := hmac.New(sha256.New, l.client.Store.NoiseKey.Priv[:])
	h.Write([]byte("secret of a poll\x00" + string(key)))
	return h.Sum(nil)
}

func whyNotWritten(err error) chat.Reason {
	switch {
	case err == nil:
		return chat.Reason{}
	case errors.Is(err, content.ErrTooLong):
		return whyTooLong
	case errors.Is(err, content.ErrNothing):
		return whyEmpty
	}
	return whyNotSupported
}
