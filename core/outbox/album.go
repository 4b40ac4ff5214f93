// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"cmp"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// albumItem is a message that may go out with its neighbours as one post.
type albumItem struct {
	d     chat.Delivery
	m     chat.Message
	media chat.Media // as the chat takes it
	ready bool
}

// gathersFor reports whether the lane looks for more items of a message's album before it sends it.
func (s *step) gathersFor(m chat.Message) bool {
	return m.Content.Album != "" && s.lane.Caps.Album.Max > 1 && onlyMedium(m.Content) && !s.goesAlone()
}

// goesAlone reports whether messages go in posts of their own, because one of several was refused or could not be rendered.
func (s *step) goesAlone() bool {
	return s.alone || s.head.ID <= s.aloneTo || slices.Contains(s.odd, s.head.ID)
}

// albumSupport is what the lane puts together in a post.
func (s *step) albumSupport() chat.AlbumSupport {
	if s.goesAlone() {
		return chat.AlbumSupport{}
	}
	return s.lane.Caps.Album
}

// splits reports whether a post that was refused goes on as its items: one that the network does not take must not lose the
// others.
func (s *step) splits(d chat.Delivery, p Post) bool {
	return d.Kind == chat.DeliverSend && p.Frozen.Action == chat.ActSend && (len(p.Frozen.Media) > 1 || p.merged())
}

// split lets the items of a refused post go on, but for those that the network took before it refused one: without the one that
// is the reason, which goes by itself; when that is not known, or is not a message of its own, one by one.
func (s *step) split(tx Tx, d chat.Delivery, p Post, a answer) error {
	why := a.out.Why
	if err := recordTaken(tx, p, a); err != nil {
		return err
	}
	if odd, ok := p.itemOf(a.out.Item); ok && len(a.out.IDs) == 0 {
		s.odd = append(slices.DeleteFunc(slices.Clone(s.odd), func(o chat.DeliveryID) bool { return o < d.ID }), odd)
	} else {
		s.aloneTo = max(s.aloneTo, d.ID)
		for _, it := range p.Items {
			s.aloneTo = max(s.aloneTo, it.Delivery)
		}
	}
	if err := tx.Thaw(d.ID); err != nil {
		return err
	}
	if err := s.saveOthers(tx, p, chat.DeliveryWaiting, why); err != nil {
		return err
	}
	return s.saveDelivery(tx, d, chat.DeliveryWaiting, why)
}

// recordTaken notes where the first items of a refused post stand, as many as the network gave ids for.
func recordTaken(tx Tx, p Post, a answer) error {
	n := min(len(a.out.IDs), len(p.Items)-1, len(p.Frozen.Media)-1)
	if n <= 0 {
		return nil
	}
	p.Items, a.out.IDs = p.Items[:n], a.out.IDs[:n]
	return recordSent(tx, p, a)
}

// itemOf finds the delivery whose medium has that number, counted from 1, and that carries no other of the post.
func (p Post) itemOf(number int) (odd chat.DeliveryID, ok bool) {
	if number < 1 || number > len(p.Items) {
		return 0, false
	}
	odd = p.Items[number-1].Delivery
	same := slices.DeleteFunc(slices.Clone(p.Items), func(it Item) bool { return it.Delivery != odd })
	return odd, len(same) == 1
}

// missing leaves out the posts of parts that stand in the chat already.
func (s *step) missing(tx Tx, m chat.Message, posts []Post) ([]Post, error) {
	copies, err := tx.Copies(s.l.id, m.ID)
	stand := partsOf(own(copies))
	return slices.DeleteFunc(posts, func(p Post) bool { return slices.Contains(stand, p.Part) }), err
}

// onlyMedium reports whether a content is one medium, perhaps with words.
func onlyMedium(c chat.Content) bool {
	return len(c.Media) == 1 && c.Place == nil && len(c.Contacts) == 0 && c.Poll == nil && c.Notice == nil && c.Placeholder == ""
}

// planAlbum sends as many items of an album as one post as are there and as the chat takes together.
func (s *step) planAlbum(tx Tx, d chat.Delivery, m chat.Message) (plan, error) {
	s.together = true
	album, more, err := s.gather(tx, d, m)
	if err != nil {
		return plan{}, err
	}
	s.gathers = more
	album, more, rests := s.joinable(album, more)
	if rests {
		return plan{rests: true}, nil
	}
	last := album[len(album)-1].d.PlannedAt.Add(s.o.opt.AlbumQuiet)
	if more && s.restUntil(last, s.l.waited, s.o.opt.AlbumQuiet) {
		return plan{rests: true}, nil
	}
	for n := len(album); n > 1; n-- {
		if p, ok, err := s.planTogether(tx, album[:n]); err != nil || ok {
			return p, err
		}
	}
	return s.planAlone(tx, m, tagged([]chat.Media{album[0].media}))
}

// gather collects the items of an album that follow each other in the lane. more is false when nothing can join them any
// more: something else follows, or the album is full. A message that was deleted before it went out parts nothing,
// nor does one that goes by itself.
func (s *step) gather(tx Tx, d chat.Delivery, m chat.Message) (album []albumItem, more bool, err error) {
	limit := s.lane.Caps.Album.Max
	next, err := tx.Next(d, 2*limit)
	if err != nil {
		return nil, false, err
	}
	album = []albumItem{{d: d, m: m}}
	for _, d := range next {
		m, ok, err := tx.Message(d.Message)
		if err != nil {
			return nil, false, err
		}
		if state, _ := gone(m, ok, s.now); d.Kind == chat.DeliverSend && (state != "" || slices.Contains(s.odd, d.ID)) {
			continue
		}
		if d.Kind != chat.DeliverSend || len(album) == limit || !joins(album, m) {
			return album, false, nil
		}
		album = append(album, albumItem{d: d, m: m})
	}
	return album, len(album) < limit, nil
}

// joins reports whether a message belongs to the album. A post has one text, so a second one begins a new post: each stays
// with its own medium.
func joins(album []albumItem, m chat.Message) bool {
	a, b := album[0].m, m
	same := a.Content.Album == b.Content.Album && a.Origin == b.Origin && a.Sender == b.Sender && a.Room == b.Room &&
		a.Content.ExpiresAfter == b.Content.ExpiresAfter
	words := album[textOwner(album)].m.Content.Text
	return same && onlyMedium(b.Content) && (wordless(b) || strings.TrimSpace(words.Body) == "" || sameText(words, b.Content.Text))
}

func wordless(m chat.Message) bool { return strings.TrimSpace(m.Content.Text.Body) == "" }

func sameText(a, b chat.Text) bool { return a.Body == b.Body && slices.Equal(a.Spans, b.Spans) }

// textOwner is the first item that has words, or else the first.
func textOwner(album []albumItem) int {
	return max(slices.IndexFunc(album, func(it albumItem) bool { return !wordless(it.m) }), 0)
}

// joinable prepares all media and leaves those that can be one post with the first. rests is true when that is not known
// yet.
func (s *step) joinable(album []albumItem, more bool) (out []albumItem, still, rests bool) {
	for i := range album {
		it := &album[i]
		s.ask(it.d)
		if it.media, it.ready = s.prepare(it.m.ID, 0, it.m.Content.Media[0]); !it.ready {
			it.media.Hash = ""
		}
	}
	var kinds []chat.MediaKind
	for i, it := range album {
		if !it.ready && s.restsForMedia(it.d) {
			return nil, false, true
		}
		kind, ok := carriedAs(it.media, s.lane.Caps)
		if kinds = append(kinds, kind); !ok || !together(s.lane.Caps.Album, kinds...) {
			return album[:cmp.Or(i, 1)], false, false
		}
	}
	return album, more, false
}

// carriedAs says as which kind a chat takes a medium; ok is false when a line must name it.
func carriedAs(m chat.Media, caps chat.Capabilities) (kind chat.MediaKind, ok bool) {
	parts := render.Message(render.Input{Content: chat.Content{Media: []chat.Media{m}}, Style: chat.NoName, Caps: caps})
	i := slices.IndexFunc(parts, func(p render.Part) bool { return len(p.Media) > 0 })
	if i < 0 {
		return "", false
	}
	return parts[i].Media[0].Kind, true
}

// planTogether makes one post of an album. ok is false when it cannot be one: when its media do not come first, or when
// the words of another item than the first do not all fit beside it.
func (s *step) planTogether(tx Tx, album []albumItem) (p plan, ok bool, err error) {
	owner, whole := textOwner(album), album[0].m
	whole.Content.Text, whole.Content.Media = album[owner].m.Content.Text, nil
	var media []chat.Media
	for _, it := range album {
		whole.Content.Media = append(whole.Content.Media, it.m.Content.Media[0])
		media = append(media, it.media)
	}
	in, err := s.input(tx, whole)
	if err != nil {
		return plan{}, false, err
	}
	in.Content.Media = tagged(media)
	s.timed(&in, whole)
	parts := render.Message(in)
	if len(parts[0].Media) != len(album) || owner > 0 && len(parts) > 1 {
		return plan{}, false, nil
	}
	p.posts = stamped(in, s.posts(whole, 0, parts))
	p.posts[0].Frozen.TextAt = owner
	share(p.posts, album)
	return p, len(p.posts) == len(parts) && overLimit(s.lane.Caps, &p.posts[0].Frozen).Code == "", nil
}

// share gives the items of the first post to their own deliveries. What follows it is of the first message.
func share(posts []Post, album []albumItem) {
	for i, it := range album[1:] {
		at := &posts[0].Items[i+1]
		at.Delivery, at.Message, at.Revision, at.Part = it.d.ID, it.m.ID, it.m.Revision, 0
	}
	for i := range posts[1:] {
		posts[i+1].Part = i + 1
	}
}
