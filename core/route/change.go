// SPDX-License-Identifier: Apache-2.0

package route

import (
	"reflect"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// planEdit brings new content of a message that has its origin in this chat. Copies are changed through their origin alone.
func (s *step) planEdit(e chat.MessageEdit) error {
	cp, m, why, err := s.find(e.ID)
	if err != nil {
		return err
	}
	if why == "" && !cp.Origin {
		why = WhyCopy
	}
	if why != "" {
		s.ignore(why)
		return nil
	}
	if err := s.alias(cp, e.NewID); err != nil {
		return err
	}
	return s.revise(m, e.Content)
}

// alias notes the id that an edit has minted, unless something stands under it already.
func (s *step) alias(cp chat.Copy, id chat.RemoteMessage) error {
	if id == "" {
		return nil
	}
	_, taken, err := s.tx.CopyOf(s.chat.ID, id)
	if err != nil || taken {
		return err
	}
	return s.tx.AddAlias(cp, id)
}

// revise replaces the content of a message, if that changes anything a reader sees.
func (s *step) revise(m chat.Message, c chat.Content) error {
	s.res.Message = m.ID
	if !m.Erased {
		if sameContent(m.Content, c) {
			s.ignore(WhyUnchanged)
			return nil
		}
		c = inherit(c, m.Content)
	}
	revision, err := s.tx.Revise(m.ID, c)
	if err != nil {
		return err
	}
	return s.mirror(chat.DeliverEdit, m.ID, revision)
}

// sameContent compares what an edit can change. Networks tell edits that nobody made, for example when a preview loads.
func sameContent(a, b chat.Content) bool {
	return a.Text.Body == b.Text.Body && slices.Equal(a.Text.Spans, b.Text.Spans) && a.Placeholder == b.Placeholder &&
		reflect.DeepEqual(a.Place, b.Place) && slices.EqualFunc(a.Media, b.Media, sameMedia)
}

// sameMedia compares what was told of attachments. Whether we have fetched the bytes is no difference.
func sameMedia(x, y chat.Media) bool {
	x.Hash, y.Hash = "", ""
	return reflect.DeepEqual(x, y)
}

// inherit keeps what an edit cannot change, which some networks do not repeat.
func inherit(c, old chat.Content) chat.Content {
	c.ReplyTo, c.Forward, c.Album, c.ExpiresAfter = old.ReplyTo, old.Forward, old.Album, old.ExpiresAfter
	c.Media = slices.Clone(c.Media)
	for i, m := range c.Media { // what has been fetched need not be fetched again
		if j := slices.IndexFunc(old.Media, func(o chat.Media) bool { return o.Ref == m.Ref && o.Kind == m.Kind }); j >= 0 {
			c.Media[i].Hash = old.Media[j].Hash
		}
	}
	return c
}

// planDelete deletes a message that has its origin in this chat. Who removes a copy of ours, as a group's admins may, removes
// it from their chat alone.
func (s *step) planDelete(d chat.MessageDelete) error {
	cp, m, why, err := s.find(d.ID)
	if err != nil {
		return err
	}
	if why == "" && !cp.Origin {
		why = WhyCopy
	}
	if why != "" {
		s.ignore(why)
		return nil
	}
	if err := s.tx.DeleteMessage(m.ID); err != nil {
		return err
	}
	return s.mirror(chat.DeliverDelete, m.ID, m.Revision)
}
