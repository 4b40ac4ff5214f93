// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// withinLimits takes out the posts that the capabilities do not allow. Rendering keeps to them; this is the gate
// that no mistake passes.
func (s *step) withinLimits(p plan, d chat.Delivery) (plan, chat.Delivery) {
	var kept []Post
	var why chat.Reason
	for _, post := range p.posts {
		bad := overLimit(s.lane.Caps, &post.Frozen)
		if bad.Code == "" {
			kept = append(kept, post)
			continue
		}
		why = bad
		d.Why = partRefused(post.Part, bad)
	}
	if len(kept) == 0 {
		return ending(chat.DeliveryRefused, why), d
	}
	if p.why.Code != "" {
		d.Why = p.why
	}
	p.posts = kept
	return p, d
}

// overLimit names the limit that a post breaks. A reply or a span that the network lacks is left out instead: the
// words arrive all the same.
func overLimit(caps chat.Capabilities, p *chat.Post) chat.Reason {
	if p.Action != chat.ActSend && p.Action != chat.ActEdit {
		return chat.Reason{}
	}
	if !caps.Reply.Level.Native() {
		p.Reply = nil
	}
	p.Text.Spans = slices.DeleteFunc(slices.Clone(p.Text.Spans), func(sp chat.Span) bool { return !caps.Span(sp.Kind).Native() })
	limit := caps.Text
	for _, m := range p.Media {
		if why := mediaOverLimit(caps.Media[m.Kind], m, p.Text.Body); why.Code != "" {
			return why
		}
		limit = caps.Caption
	}
	switch {
	case !together(caps.Album, kindsOf(p.Media)...):
		return chat.Reason{Code: CodeMedia, Sentence: "The network does not take these files as one post."}
	case p.Text.Body != "" && !limit.Fits(p.Text.Body):
		return chat.Reason{Code: CodeTooLong, Sentence: "The text is longer than the network allows."}
	case saysNothing(*p):
		return chat.Reason{Code: CodeNothingToShow, Sentence: "Nothing of it can be shown on this network."}
	}
	return kindOverLimit(caps, *p)
}

// kindOverLimit looks at what is neither text nor a file.
func kindOverLimit(caps chat.Capabilities, p chat.Post) chat.Reason {
	bad := func(what string) chat.Reason {
		return chat.Reason{Code: CodeKind, Sentence: "The network does not take " + what + "."}
	}
	switch {
	case several(p):
		return bad("more than one thing at once")
	case p.Place != nil && !caps.Place.Level.Native():
		return bad("places")
	case p.Place != nil && p.Place.Title+p.Place.Address != "" && !caps.Place.Venue.Native():
		return bad("names of places")
	case p.Place != nil && p.Place.Live > 0 && !caps.Place.Live.Native():
		return bad("places that move")
	case p.Contact != nil && !caps.Contact.Level.Native():
		return bad("contacts")
	case p.Poll != nil && !(caps.Poll.Level.Native() && caps.Poll.Fits(*p.Poll)):
		return bad("such a poll")
	}
	return chat.Reason{}
}

// several reports whether a post has more than one of media, a place, a contact and a poll.
func several(p chat.Post) bool {
	n := 0
	for _, has := range []bool{len(p.Media) > 0, p.Place != nil, p.Contact != nil, p.Poll != nil} {
		if has {
			n++
		}
	}
	return n > 1
}

func mediaOverLimit(l chat.MediaLimit, m chat.Media, caption string) chat.Reason {
	bad := func(what string) chat.Reason {
		return chat.Reason{Code: CodeMedia, Sentence: "The network does not take " + what + "."}
	}
	limit := l.Of(m.MIME)
	switch {
	case !l.Level.Native():
		return bad("this kind of file")
	case len(l.MIME) > 0 && !slices.Contains(l.MIME, m.MIME):
		return bad("files of this type")
	case limit.MaxBytes > 0 && m.Size > limit.MaxBytes:
		return bad("files of this size")
	case limit.MaxSide > 0 && m.Width+m.Height > limit.MaxSide:
		return bad("pictures of these dimensions")
	case !limit.Holds(m):
		return bad("files of this length or these proportions")
	case caption != "" && !l.Caption:
		return bad("a caption on this kind of file")
	}
	return chat.Reason{}
}
