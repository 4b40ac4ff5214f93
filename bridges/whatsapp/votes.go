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
	id, options := l.pollOf(p, l.meant(ev, p, voteTarget(ev.Message)))
	if options == nil {
		return verdict{}
	}
	v, err := unseal(l, ev, voteTarget, func(ev *events.Message) (*waE2E.PollVoteMessage, error) {
		return l.client.DecryptPollVote(l.a.hand, ev)
	})
	if err != nil {
		l.log.Warn("a vote could not be read") // the library's errors hold addresses
		return verdict{}
	}
	return l.said(ev, p, chat.Vote{ID: id, Options: content.Choices(options, v.GetSelectedOptions())})
}

// pollOf finds a poll, and the id under which it was handed up: that holds its author's phone number when nobody knew the LID then.
func (l *line) pollOf(p place, id chat.RemoteMessage) (chat.RemoteMessage, []string) {
	key, err := content.ParseKey(id)
	if err != nil {
		return "", nil
	}
	for _, author := range l.both(key.Sender) {
		id := content.Key{Sender: author, ID: key.ID}.Remote()
		if options := l.a.notes.poll(l.a.hand, pollKey(p.chat, id)); options != nil {
			return id, options
		}
	}
	return "", nil
}

// pinned hands up that a message was pinned, or is so no longer.
func (l *line) pinned(ev *events.Message, p place, m *waE2E.PinInChatMessage) verdict {
	kind := chat.NoticePinned
	if m.GetType() == waE2E.PinInChatMessage_UNPIN_FOR_ALL {
		kind = chat.NoticeUnpinned
	}
	return l.said(ev, p, chat.Change{Kind: kind, ID: l.meant(ev, p, m.GetKey())})
}

// sealedReaction reads a reaction in an announcement group, which is encrypted once more.
func (l *line) sealedReaction(ev *events.Message, p place) verdict {
	r, err := unseal(l, ev, reactionTarget, func(ev *events.Message) (*waE2E.ReactionMessage, error) {
		return l.client.DecryptReaction(l.a.hand, ev)
	})
	if err != nil {
		l.log.Warn("a reaction could not be read") // the library's errors hold addresses
		return verdict{}
	}
	r.Key = reactionTarget(ev.Message)
	return l.reaction(ev, p, r)
}

// comment reads an answer in an announcement group, which is encrypted once more.
func (l *line) comment(ev *events.Message, p place) verdict {
	m, err := unseal(l, ev, commentTarget, func(ev *events.Message) (*waE2E.Message, error) {
		return l.client.DecryptComment(l.a.hand, ev)
	})
	if err != nil {
		return l.unknown(ev, p, "comment")
	}
	return l.newMessage(ev, p, m)
}
