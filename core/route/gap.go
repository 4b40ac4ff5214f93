// SPDX-License-Identifier: Apache-2.0

package route

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
)

// planGap tells each room that misses what the network has not kept: those of the chat, or of all chats of the account. A
// gap without a length is that of one message, which the room is told of in its place.
func (s *step) planGap(g chat.Gap) error {
	defer s.end(Gap)
	if !g.From.Before(g.To) {
		return nil
	}
	links, err := s.gapped()
	if err != nil {
		return err
	}
	notice := chat.Notice{Kind: chat.NoticeGap, Outage: &chat.Outage{Network: s.title, Since: g.From, Until: g.To, Told: s.now}}
	told := map[chat.RoomID]bool{}
	for _, l := range links {
		if told[l.Room] || !l.Gives() {
			continue
		}
		told[l.Room] = true
		if err := s.tellGap(l, notice); err != nil {
			return err
		}
	}
	return nil
}

// gapped are the links of the chats that the gap is in.
func (s *step) gapped() ([]room.Link, error) {
	if s.ev.Chat != "" {
		return []room.Link{s.link}, nil
	}
	return s.tx.LinksOf(s.account)
}

// tellGap tells a room, and those too whose words are missing: they can say them again. Nobody is told where no other
// chat would have got them.
func (s *step) tellGap(l room.Link, n chat.Notice) error {
	all, err := s.tx.Links(l.Room)
	if err != nil || !slices.ContainsFunc(all, func(o room.Link) bool { return o.Chat != l.Chat && o.Takes() }) {
		return err
	}
	all = slices.DeleteFunc(all, func(o room.Link) bool { return !o.Takes() || !o.Notices.Wants(n.Kind) })
	if len(all) == 0 {
		return nil
	}
	in := &step{tx: s.tx, ev: s.ev, now: s.now, chat: room.Chat{ID: l.Chat}, link: l}
	err = in.tell(all, n)
	s.res.Message, s.res.Lanes = in.res.Message, append(s.res.Lanes, in.res.Lanes...)
	return err
}
