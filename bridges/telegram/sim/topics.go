// SPDX-License-Identifier: Apache-2.0

package sim

import "unicode/utf8"

// createTopic makes a topic, whose id is that of its first message.
func (s *Server) createTopic(c *chat, by *user, name string, silent bool) *topic {
	t := &topic{id: c.log.lastID + 1, name: name}
	c.topics[t.id] = t
	s.say(c, t.id, by, "topic_created", &apiService{TopicCreated: &apiTopic{Name: name, IconColor: topicColor}}, silent)
	return t
}

const topicColor = 7322096

func (s *Server) closeTopic(c *chat, t *topic, by *user, closed, silent bool) {
	if t.closed == closed {
		return
	}
	t.closed = closed
	thread := t.id
	if thread == generalTopic {
		thread = 0
	}
	if closed {
		s.say(c, thread, by, "topic_closed", &apiService{TopicClosed: &apiMarker{}}, silent)
		return
	}
	s.say(c, thread, by, "topic_reopened", &apiService{TopicReopened: &apiMarker{}}, silent)
}

// deleteTopic removes the topic and its messages. The network tells no bot of it.
func (c *chat) deleteTopic(thread int64, silent bool) {
	t := c.topics[thread]
	t.deleted, t.silently = true, silent
	for _, m := range c.log.All() {
		if m.thread == thread && !m.deleted {
			m.erase()
		}
	}
}

const maxTopicName = 128

// topicChat finds the forum of a call and checks that the bot may do with topics what it wants.
func (s *Server) topicChat(c *call, what string) (*chat, *refusal) {
	in, ref := s.chatFor(c, toWrite)
	switch {
	case ref != nil:
		return nil, ref
	case !in.forum:
		return nil, bad("the chat is not a forum")
	case !isAdmin(in.members[c.bot.user.id]):
		return nil, bad("not enough rights to %s", what)
	}
	return in, nil
}

func (s *Server) createForumTopic(c *call) (any, *refusal) {
	name := c.args.get("name")
	if name == "" || utf8.RuneCountInString(name) > maxTopicName {
		return nil, wrong("name must be non-empty")
	}
	in, ref := s.topicChat(c, "create a topic")
	if ref != nil {
		return nil, ref
	}
	t := s.createTopic(in, c.bot.user, name, false)
	return apiTopic{Name: name, IconColor: topicColor, MessageThreadID: t.id}, nil
}

// topicFor finds the topic that a call changes.
func (s *Server) topicFor(c *call, what string) (*chat, *topic, *refusal) {
	in, ref := s.topicChat(c, what)
	if ref != nil {
		return nil, nil, ref
	}
	t := in.topics[leadingInt(c.args.get("message_thread_id"))]
	if t == nil || t.deleted {
		return nil, nil, bad("TOPIC_ID_INVALID")
	}
	return in, t, nil
}

func (s *Server) editForumTopic(c *call) (any, *refusal) {
	in, t, ref := s.topicFor(c, "edit the topic")
	if ref != nil {
		return nil, ref
	}
	name := c.args.get("name")
	if name == "" || name == t.name {
		return nil, bad("TOPIC_NOT_MODIFIED")
	}
	t.name = name
	s.say(in, t.id, c.bot.user, "topic_renamed", &apiService{TopicEdited: &apiTopic{Name: name}}, false)
	return true, nil
}

func (s *Server) closeForumTopic(c *call) (any, *refusal) { return s.setClosed(c, true) }

func (s *Server) reopenForumTopic(c *call) (any, *refusal) { return s.setClosed(c, false) }

func (s *Server) setClosed(c *call, closed bool) (any, *refusal) {
	in, t, ref := s.topicFor(c, "close or open the topic")
	if ref != nil {
		return nil, ref
	}
	if t.closed == closed {
		return nil, bad("TOPIC_NOT_MODIFIED")
	}
	s.closeTopic(in, t, c.bot.user, closed, false)
	return true, nil
}

func (s *Server) deleteForumTopic(c *call) (any, *refusal) {
	in, t, ref := s.topicFor(c, "delete the topic")
	if ref != nil {
		return nil, ref
	}
	in.deleteTopic(t.id, false)
	return true, nil
}
