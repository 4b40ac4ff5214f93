// SPDX-License-Identifier: Apache-2.0

package sim

import "strings"

// generalTopic is the id of a forum's General topic, which stands for no thread at all.
const generalTopic = 1

// supergroupBase is what the ids of supergroups and channels count down from.
const supergroupBase = -1_000_000_000_000

// newChat makes an empty chat that is not private. The caller holds s.mu.
func (s *Server) newChat(kind, title string, owner *user) *chat {
	c := &chat{
		kind: kind, title: title, owner: owner, members: map[int64]string{}, log: newLog(s.opts.Keep),
		topics: map[int64]*topic{}, said: map[*bot]uint64{},
	}
	c.id = -4_000_000_000 - s.nextGroup
	if kind != kindGroup {
		c.id = supergroupBase - 2_000_000_000 - s.nextGroup
	}
	s.nextGroup++
	c.members[owner.id] = stateCreator
	s.chats[c.id] = c
	s.chatList = append(s.chatList, c)
	return c
}

// privateChat returns the private chat of a bot and a user and makes it when there is none.
func (s *Server) privateChat(b *bot, u *user) *chat {
	key := privateKey{b.user.id, u.id}
	if c := s.privates[key]; c != nil {
		return c
	}
	c := &chat{
		id: u.id, kind: kindPrivate, private: u, bot: b, log: newLog(s.opts.Keep), said: map[*bot]uint64{},
		members: map[int64]string{b.user.id: stateMember, u.id: stateMember},
	}
	s.privates[key] = c
	s.chatList = append(s.chatList, c)
	return c
}

func (s *Server) publicChat(name string) *chat {
	for _, c := range s.chatList {
		if c.username != "" && strings.EqualFold(c.username, name) {
			return c
		}
	}
	return nil
}

// newUser makes a user with the next id.
func (s *Server) newUser(name, username string, isBot bool) *user {
	u := &user{id: s.nextUser, name: name, username: username, isBot: isBot}
	s.nextUser++
	s.users[u.id] = u
	s.userList = append(s.userList, u)
	return u
}

// topic finds a topic of a forum; no thread means General.
func (c *chat) topic(thread int64) *topic {
	if thread == 0 {
		thread = generalTopic
	}
	return c.topics[thread]
}

// access is what a call needs of a chat.
type access int

const (
	toRead access = iota
	toEdit
	toWrite
)

// chatFor finds the chat of a call and checks that the bot may enter it, in the server's order and words.
func (s *Server) chatFor(c *call, need access) (*chat, *refusal) {
	id := c.args.get("chat_id")
	if id == "" {
		return nil, wrong("chat_id is empty")
	}
	chat := s.resolveChat(c.bot, id)
	if chat == nil {
		return nil, s.unknownChat(c.bot, id, need)
	}
	if chat.private != nil {
		return chat, s.privateAccess(chat, need)
	}
	return chat, groupAccess(chat, c.bot, need)
}

// unknownChat tells a user whom the bot met in a group from one of whom it has never heard.
func (s *Server) unknownChat(b *bot, id string, need access) *refusal {
	u := s.users[leadingInt(id)]
	if u == nil || u.isBot || need == toRead {
		return errNoChat
	}
	return s.strangerRefusal(b, u)
}

func (s *Server) strangerRefusal(b *bot, u *user) *refusal {
	for _, c := range s.chatList {
		if c.private == nil && inside(c.members[u.id]) && inside(c.members[b.user.id]) {
			return forbidden("bot can't initiate conversation with a user")
		}
	}
	return errNoChat
}

func (s *Server) privateAccess(c *chat, need access) *refusal {
	switch {
	case !c.started && need == toRead:
		return errNoChat
	case !c.started:
		return s.strangerRefusal(c.bot, c.private)
	case need == toRead:
		return nil
	case c.private.gone:
		return forbidden("user is deactivated")
	case c.blocked && need == toWrite:
		return forbidden("bot was blocked by the user")
	}
	return nil
}

func groupAccess(c *chat, b *bot, need access) *refusal {
	state, known := c.members[b.user.id]
	switch {
	case !known && c.username == "":
		return errNoChat
	case c.migrated != nil && need == toWrite:
		return &refusal{code: 400, text: "Bad Request: group chat was upgraded to a supergroup chat", migrateTo: c.migrated.id}
	case c.deleted && c.kind == kindGroup && need == toWrite:
		return forbidden("the group chat was deleted")
	case c.deleted && c.kind != kindGroup:
		return errNoChat
	case c.migrated != nil || c.deleted:
		return nil
	case state == stateKicked && (c.kind != kindGroup || need != toRead):
		return forbidden("bot was kicked from the %s chat", c.kind)
	case !inside(state) && (c.kind != kindGroup && c.username == "" || need != toRead):
		return forbidden("bot is not a member of the %s chat", c.kind)
	}
	return nil
}

// mayPost checks what comes after access: rights in the chat and in the topic.
func mayPost(c *chat, b *bot, what string) *refusal {
	state := c.members[b.user.id]
	switch {
	case c.kind == kindChannel && !isAdmin(state):
		return bad("need administrator rights in the channel chat")
	case state == stateRestricted:
		return bad("not enough rights to send %s to the chat", what)
	}
	return nil
}

// threadFor reads the topic that a call posts in; 0 is General or no topic. Where there are no topics the
// server ignores it, in private chats excepted.
func threadFor(c *call, in *chat) (int64, *refusal) {
	thread := int64(c.args.integer("message_thread_id", 0))
	switch t := in.topics[thread]; {
	case thread == 0 || !in.forum && in.private == nil:
		return 0, nil
	case thread == generalTopic:
		return 0, wrong("message thread not found")
	case t == nil || t.deleted && !t.silently:
		return 0, errNoThread
	}
	return thread, nil
}

// topicOpen checks what the topic itself allows: who may manage topics may write in closed ones.
func topicOpen(c *chat, b *bot, thread int64) *refusal {
	t := c.topic(thread)
	switch {
	case t == nil:
		return nil
	case t.deleted:
		return bad("TOPIC_DELETED")
	case t.closed && !isAdmin(c.members[b.user.id]):
		return bad("TOPIC_CLOSED")
	}
	return nil
}
