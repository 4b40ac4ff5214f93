// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"
	"strconv"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// Preparer gets media into the form in which a chat takes them.
type Preparer interface {
	// Prepare returns medium n of a message in that form, with the Hash of its bytes in the spool, or as it is, without a
	// Hash, when it can never be had; a line then names it. ready is false while it is fetched or converted: the preparer
	// calls Outbox.Resumed with the lane when that changes. It is called inside a transaction and often for the same
	// medium, so it neither waits nor calls the store.
	Prepare(lane LaneRef, m chat.MessageID, n int, media chat.Media, caps chat.Capabilities) (out chat.Media, ready bool)
}

// lateShare is the part of MediaWait that media get which are asked for only when it is over: after an outage nobody had
// a reason to convert them before.
const lateShare = 8

func (s *step) prepare(m chat.MessageID, n int, media chat.Media) (out chat.Media, ready bool) {
	if s.o.opt.Media == nil {
		return media, true
	}
	return s.o.opt.Media.Prepare(LaneRef{Lane: s.l.id, Account: s.l.account.name}, m, n, media, s.lane.Caps)
}

// media returns what a message has attached as the chat takes it, in tags. What is not there when the wait is over has no
// Hash. ready is false when the step rests for it.
func (s *step) media(d chat.Delivery, m chat.Message) (media []chat.Media, ready bool) {
	ready = true
	s.ask(d)
	for n, source := range m.Content.Media {
		out, ok := s.prepare(m.ID, n, source)
		if !ok {
			out.Hash, ready = "", false
		}
		media = append(media, out)
	}
	return tagged(media), ready || !s.restsForMedia(d)
}

// ask notes that the media of a delivery are asked for, and since when, if it is the first in its lane. Deliveries are
// asked for in order, some of them already as items of an album.
func (s *step) ask(d chat.Delivery) {
	if d.ID <= s.asked {
		return
	}
	if s.asked = d.ID; d.ID == s.head.ID {
		s.askedAt = s.now.UnixMilli()
	}
}

// restsForMedia reports whether the wait for the media of a delivery is not over.
func (s *step) restsForMedia(d chat.Delivery) bool {
	return s.restUntil(s.mediaEnd(d), s.l.waited, s.o.opt.MediaWait)
}

// mediaEnd is when a delivery goes out without its media.
func (s *step) mediaEnd(d chat.Delivery) time.Time {
	end, asked := d.PlannedAt.Add(s.o.opt.MediaWait), time.UnixMilli(s.askedAt)
	if asked.Before(end) {
		return end
	}
	return asked.Add(s.o.opt.MediaWait / lateShare)
}

// tagged writes into each medium its place among those of its message, where rendering leaves it: a Ref only leads up.
func tagged(media []chat.Media) []chat.Media {
	out := slices.Clone(media)
	for n := range out {
		out[n].Ref = strconv.Itoa(n)
	}
	return out
}

// untag returns a medium without its tag, and the place that it told.
func untag(m chat.Media) (chat.Media, int) {
	n, err := strconv.Atoi(m.Ref)
	if err != nil {
		panic("outbox: rendering made up a file") // a mistake of ours, which refuses the delivery
	}
	m.Ref = ""
	return m, n
}

// together reports whether a chat takes media of these kinds as one post.
func together(a chat.AlbumSupport, kinds ...chat.MediaKind) bool {
	if len(kinds) <= 1 {
		return true
	}
	inSet := func(set []chat.MediaKind) bool {
		return !slices.ContainsFunc(kinds, func(k chat.MediaKind) bool { return !slices.Contains(set, k) })
	}
	return len(kinds) <= a.Max && slices.ContainsFunc(a.Sets, inSet)
}

func kindsOf(media []chat.Media) (kinds []chat.MediaKind) {
	for _, m := range media {
		kinds = append(kinds, m.Kind)
	}
	return kinds
}

// spread parts media that the chat does not take as one post.
func spread(parts []render.Part, a chat.AlbumSupport) []render.Part {
	if !slices.ContainsFunc(parts, func(p render.Part) bool { return !together(a, kindsOf(p.Media)...) }) {
		return parts
	}
	var out []render.Part
	for _, p := range parts {
		media := p.Media
		p.Media = nil
		for i, m := range media {
			if i > 0 && !together(a, kindsOf(append(slices.Clone(p.Media), m))...) {
				out, p = append(out, p), render.Part{}
			}
			p.Media = append(p.Media, m)
		}
		out = append(out, p)
	}
	return out
}
