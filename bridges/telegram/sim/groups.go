// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func (s *Server) changeGroup(_ context.Context, in control.GroupChange) (control.ChatReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _, err := s.controlChat(in.Chat)
	if err != nil {
		return control.ChatReply{}, err
	}
	if c.private != nil || c.deleted || c.migrated != nil {
		return control.ChatReply{}, control.Because(control.ErrRefused, "chat %s is no group that lives", in.Chat)
	}
	switch in.Action {
	case control.Rename:
		c.title = in.Title
		s.say(c, 0, c.owner, "renamed", &apiService{NewChatTitle: in.Title}, in.Silent)
	case control.DeleteGroup:
		s.deleteGroup(c, in.Silent)
	case control.Migrate:
		return s.migrate(c, in)
	default:
		return control.ChatReply{Chat: c.controlID(0)}, s.decorate(c, in)
	}
	return control.ChatReply{Chat: c.controlID(0)}, nil
}

// decorate changes the group's photo, or begins and ends its video chat.
func (s *Server) decorate(c *chat, in control.GroupChange) error {
	switch {
	case in.Action == control.NewPhoto:
		photo, err := s.store(control.Media{Kind: kindPhoto, Data: []byte("the photo of " + c.title)})
		if err != nil {
			return err
		}
		s.keepFile(photo)
		s.say(c, 0, c.owner, "new_photo", &apiService{NewChatPhoto: photo.api().Photo}, in.Silent)
	case in.Action == control.RemovePhoto:
		s.say(c, 0, c.owner, "photo_removed", &apiService{DeleteChatPhoto: true}, in.Silent)
	case in.Action == control.SlowMode && c.kind == kindSupergroup:
		c.slow = time.Duration(in.DelayS) * time.Second // no bot is told
	case in.Action == control.StartVideoChat && c.callSince.IsZero():
		c.callSince = s.now()
		s.say(c, 0, c.owner, "video_chat_started", &apiService{VideoChatStarted: &apiMarker{}}, in.Silent)
	case in.Action == control.EndVideoChat && !c.callSince.IsZero():
		took := int(s.now().Sub(c.callSince).Seconds())
		c.callSince = time.Time{}
		s.say(c, 0, c.owner, "video_chat_ended", &apiService{VideoChatEnded: &apiCallEnd{Duration: took}}, in.Silent)
	case in.Action == control.StartVideoChat || in.Action == control.EndVideoChat:
		return control.Because(control.ErrRefused, "the video chat of %s is so already", in.Chat)
	default:
		return control.Because(control.ErrNotSupported, "unknown group action %q", in.Action)
	}
	return nil
}

func (s *Server) deleteGroup(c *chat, silent bool) {
	for _, b := range s.botList {
		if state := c.members[b.user.id]; inside(state) && !silent {
			s.tellMember(b, "my_chat_member", c, c.owner, b.user, state, stateLeft, s.now())
		}
	}
	c.deleted = true
}

// migrate makes a supergroup of a group: a new id, and message ids that start anew.
func (s *Server) migrate(c *chat, in control.GroupChange) (control.ChatReply, error) {
	if c.kind != kindGroup {
		return control.ChatReply{}, control.Because(control.ErrRefused, "chat %s is no plain group", in.Chat)
	}
	to := s.newChat(kindSupergroup, c.title, c.owner)
	for id, state := range c.members {
		to.members[id] = state
	}
	to.available = c.available
	s.say(c, 0, c.owner, "migrated", &apiService{MigrateToChatID: to.id}, in.Silent)
	c.migrated = to
	s.say(to, 0, c.owner, "migrated", &apiService{MigrateFromChatID: c.id}, in.Silent)
	return control.ChatReply{Chat: to.controlID(0)}, nil
}

func (s *Server) changeTopic(_ context.Context, in control.TopicChange) (control.ChatReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, thread, err := s.controlChat(in.Chat)
	if err != nil {
		return control.ChatReply{}, err
	}
	if !c.forum {
		return control.ChatReply{}, control.Because(control.ErrRefused, "chat %s is not a forum", in.Chat)
	}
	by := c.owner
	if in.User != "" {
		if by, err = s.userOf(in.User); err != nil {
			return control.ChatReply{}, err
		}
	}
	if thread, err = s.actOnTopic(c, thread, by, in); err != nil {
		return control.ChatReply{}, err
	}
	return control.ChatReply{Chat: c.controlID(thread)}, nil
}

func (s *Server) actOnTopic(c *chat, thread int64, by *user, in control.TopicChange) (int64, error) {
	switch in.Action {
	case control.CreateTopic:
		return s.createTopic(c, by, in.Title, in.Silent).id, nil
	case control.CloseTopic, control.ReopenTopic:
		s.closeTopic(c, c.topic(thread), by, in.Action == control.CloseTopic, in.Silent)
	case control.DeleteTopic:
		if thread == 0 {
			return 0, control.Because(control.ErrRefused, "General can't be deleted")
		}
		c.deleteTopic(thread, in.Silent)
	default:
		return 0, control.Because(control.ErrNotSupported, "unknown topic action %q", in.Action)
	}
	return thread, nil
}
