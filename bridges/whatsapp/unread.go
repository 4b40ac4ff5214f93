// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"fmt"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/core/chat"
)

// The lines that stand for messages that are not there to be read.
const (
	waitingWords  = "message that WhatsApp could not deliver yet; it will appear here"
	viewOnceWords = "message to be viewed once, on the phone"
)

// unreadable hands up a placeholder for a message that could not be decrypted. Its sender and the phone are asked for it again
// by the library, and what comes replaces the placeholder.
func (l *line) unreadable(ev *events.UndecryptableMessage) verdict {
	if isIgnored(ev.Info) || ev.DecryptFailMode == events.DecryptFailHide {
		return verdict{}
	}
	m := &events.Message{Info: ev.Info}
	p := l.placeOf(ev.Info.MessageSource)
	id := l.remote(ev.Info.Sender, ev.Info.SenderAlt, ev.Info.ID)
	if ev.UnavailableType == events.UnavailableTypeViewOnce {
		return l.said(m, p, chat.Unknown{ID: id, Kind: "view_once", Text: viewOnceWords})
	}
	v := l.said(m, p, chat.Unknown{ID: id, Kind: "unreadable", Text: waitingWords})
	waited := v.events[0].Key
	v.events[0].Key = "u" + waited[1:] // the message itself comes under its own key
	v.then = func() {
		l.warn("a placeholder could not be noted", l.a.notes.setUnread(l.a.hand, string(waited), l.a.pauses.now()))
	}
	return v
}

// call hands up that somebody calls, as a notice: calls cannot be mirrored.
func (l *line) call(meta types.BasicCallMeta, kind string, ended bool) verdict {
	p := l.private(meta.From, meta.CallCreatorAlt)
	if !meta.GroupJID.IsEmpty() {
		p = groupPlace(meta.GroupJID)
	}
	caller := l.person(meta.CallCreator, meta.CallCreatorAlt, "")
	if kind == "" {
		kind = "call"
	}
	return verdict{events: []chat.Event{{
		Key: chat.EventKey(fmt.Sprintf("call/%s/%s/%t", p.chat, meta.CallID, ended)), At: meta.Timestamp.UTC(), Chat: p.chat, Group: p.group,
		Sender: caller, Body: chat.Call{Kind: kind, Ended: ended},
	}}}
}
