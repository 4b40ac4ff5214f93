// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
	"github.com/causeway-chat/causeway/core/room"
)

const (
	// digestAbove is how many posts a backlog may be, after merging, before a digest stands for it.
	digestAbove = 30
	// maxDigest bounds the messages of one digest, and with them what one transaction ends.
	maxDigest = 1000
)

// transcript is the file of a digest in the making.
type transcript struct {
	first, last chat.DeliveryID
	count       int
	ins         []render.Input // until it is kept
	hash        string         // empty: it could not be kept
	size        int64
}

// digests reports whether a digest may stand for what waits: the link wants it, the backlog is late, and the network takes
// the file in which all of it is.
func (s *step) digests(d chat.Delivery) bool {
	wants := s.lane.Link.CatchUp == room.CatchUpDigest && s.o.opt.Keep != nil && s.o.opt.MergeMax > 1
	file := chat.Post{Action: chat.ActSend, Media: []chat.Media{transcriptFile(transcript{hash: "h", size: 1 << 20})}}
	return wants && s.now.Sub(d.PlannedAt) >= s.o.opt.LateAfter && !s.goesAlone() && overLimit(s.lane.Caps, &file).Code == ""
}

func transcriptFile(t transcript) chat.Media {
	return chat.Media{Kind: chat.File, Hash: t.hash, MIME: "text/plain", Name: "messages.txt", Size: t.size}
}

// planDigest sends one digest for the texts that follow each other, if they are many. ok is false when they are not, or the
// file could not be kept: then they go out as others do.
func (s *step) planDigest(tx Tx, d chat.Delivery, m chat.Message) (p plan, ok bool, err error) {
	members, err := s.gatherTexts(tx, d, m, maxDigest)
	if err != nil {
		return plan{}, false, err
	}
	t := s.transcript
	if t != nil && t.first == d.ID {
		members = slices.DeleteFunc(members, func(mb member) bool { return mb.d.ID > t.last })
	}
	if !s.isLong(members) {
		return plan{}, false, nil
	}
	s.together = true
	ins, err := s.digestInputs(tx, members)
	last := members[len(members)-1].d.ID
	switch {
	case err != nil:
		return plan{}, false, err
	case t == nil || t.first != d.ID || t.last != last || t.count != len(members):
		s.transcript, s.next = &transcript{first: d.ID, last: last, count: len(members), ins: ins}, nextKeep
		return plan{rests: true}, true, nil
	case t.hash == "":
		return plan{}, false, nil
	}
	return plan{posts: s.digestPosts(members, ins, *t)}, true, nil
}

// isLong reports whether texts would make more posts than people want to read.
func (s *step) isLong(members []member) bool {
	if len(members) == maxDigest {
		return true
	}
	posts, room, taken := 1, s.lane.Caps.Text.Max, 0
	for _, mb := range members {
		n := s.units(mb.m)
		if taken++; n > room || taken > s.o.opt.MergeMax {
			posts, room, taken = posts+1, s.lane.Caps.Text.Max, 1
		}
		room -= n
	}
	return posts > digestAbove
}

func (s *step) digestInputs(tx Tx, members []member) (ins []render.Input, err error) {
	for _, mb := range members {
		in, err := s.input(tx, mb.m)
		if err != nil {
			return nil, err
		}
		in.Sent, in.Now = mb.m.SentAt, s.now
		ins = append(ins, in)
	}
	return ins, nil
}

// digestPosts are the text that sums all of it up, under which every message has its copy, and the file, which is nobody's.
func (s *step) digestPosts(members []member, ins []render.Input, t transcript) []Post {
	text := s.mergedPost(render.Summary(ins), members, ins)
	for i := range text.Items {
		text.Items[i].Form = withWord(text.Items[i].Form, formDigest)
	}
	file := s.ready(members[0].m, reactPart, chat.Post{Action: chat.ActSend, Media: []chat.Media{transcriptFile(t)}})
	file.Frozen.KeepUntil = text.Frozen.KeepUntil
	return []Post{text, file}
}

// keepTimeout bounds how long the writing of a digest's file may take.
const keepTimeout = time.Minute

// keep writes the file of a digest. When that fails, the messages go out without one, in posts as others.
func (o *Outbox) keep(s *step) {
	ctx, cancel := context.WithTimeout(o.calls, keepTimeout)
	defer cancel()
	t := s.transcript
	text := render.Transcript(t.ins)
	hash, err := o.opt.Keep(ctx, []byte(text))
	if err != nil {
		o.log.Warn("the file of a digest could not be written", "account", s.l.account.name, "chat", s.l.id, "err", err)
		hash = ""
	}
	s.l.transcript = &transcript{first: t.first, last: t.last, count: t.count, hash: hash, size: int64(len(text))}
}
