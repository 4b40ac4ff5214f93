// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

// pollKey names a poll among all chats.
func pollKey(c chat.RemoteChat, id chat.RemoteMessage) string { return string(c) + "/" + string(id) }

func (l *line) notePoll(c chat.RemoteChat, id chat.RemoteMessage, p chat.Poll) {
	var options []string
	for _, o := range p.Options {
		options = append(options, o.Text)
	}
	l.warn("a poll could not be noted", l.a.notes.setPoll(l.a.hand, pollKey(c, id), options, l.a.pauses.now()))
}

// vote hands up what somebody has chosen. Votes name options by their hashes, and are encrypted with the poll's secret.
func (l *line) vote(ev *events.Message, p place) verdict {
	id := l.meant(ev, p, ev.Message.GetPollUpdateMessage().GetPollCreationMessageKey())
	options := l.a.notes.poll(l.a.hand, pollKey(p.chat, id))
	if id == "" || options == nil {
		return verdict{}
	}
	v, err := l.client.DecryptPollVote(l.a.hand, ev)
	if err != nil {
		l.log.Debug("a vote could not be read") // the library's errors hold addresses
		return verdict{}
	}
	return l.said(ev, p, chat.Vote{ID: id, Options: content.Choices(options, v.GetSelectedOptions())})
}

// pinned hands up that a message was pinned, or is so no longer.
func (l *line) pinned(ev *events.Message, p place, m *waE2E.PinInChatMessage) verdict {
	kind := chat.NoticePinned
	if m.GetType() == waE2E.PinInChatMessage_UNPIN_FOR_ALL {
		kind = chat.NoticeUnpinned
	}
	return l.said(ev, p, chat.Change{Kind: kind, ID: l.meant(ev, p, m.GetKey())})
}

// comment reads an answer in an announcement group, which is encrypted once more.
func (l *line) comment(ev *events.Message, p place) verdict {
	m, err := l.client.DecryptComment(l.a.hand, ev)
	if err != nil {
		return l.unknown(ev, p, "comment")
	}
	return l.newMessage(ev, p, m)
}
