// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"time"
)

func (s *Server) getChat(c *call) (any, *refusal) {
	chat, ref := s.chatFor(c, toRead)
	if ref != nil {
		return nil, ref
	}
	full := apiChatFull{apiChat: chat.api(), MaxReactionCount: 11, SlowModeDelay: int(chat.slow / time.Second)}
	if chat.linked != nil {
		full.LinkedChatID = chat.linked.id
	}
	if n := len(chat.pins); n > 0 {
		full.PinnedMessage = chat.pins[n-1].api(false)
	}
	if chat.available != nil {
		full.AvailableReactions = reactionTypes(chat.available)
	}
	if chat.private == nil {
		full.Permissions = permissions(chat.kind != kindChannel)
	}
	return full, nil
}

func (s *Server) getChatMember(c *call) (any, *refusal) {
	chat, ref := s.chatFor(c, toRead)
	if ref != nil {
		return nil, ref
	}
	id := leadingInt(c.args.get("user_id"))
	if id <= 0 {
		return nil, wrong("invalid user_id specified")
	}
	u := s.users[id]
	if u == nil {
		return nil, bad("PARTICIPANT_ID_INVALID")
	}
	if state, known := chat.members[id]; known {
		return member(u, state), nil
	}
	return member(u, stateLeft), nil
}

func (s *Server) getChatMemberCount(c *call) (any, *refusal) {
	chat, ref := s.chatFor(c, toRead)
	if ref != nil {
		return nil, ref
	}
	n := 0
	for _, state := range chat.members {
		if inside(state) {
			n++
		}
	}
	return n, nil
}

func (s *Server) getChatAdministrators(c *call) (any, *refusal) {
	chat, ref := s.chatFor(c, toRead)
	if ref != nil {
		return nil, ref
	}
	if chat.private != nil {
		return nil, bad("there are no administrators in the private chat")
	}
	out := []apiMember{}
	for id, state := range chat.members {
		if u := s.users[id]; isAdmin(state) && (!u.isBot || id == c.bot.user.id) {
			out = append(out, member(u, state))
		}
	}
	slices.SortFunc(out, func(a, b apiMember) int { return int(a.User.ID - b.User.ID) })
	return out, nil
}

func (s *Server) leaveChat(c *call) (any, *refusal) {
	chat, ref := s.chatFor(c, toEdit)
	if ref != nil {
		return nil, ref
	}
	if chat.private != nil {
		return nil, bad("chat member status can't be changed in private chats")
	}
	s.setState(chat, c.bot.user, stateLeft, c.bot.user, false)
	return true, nil
}

func (s *Server) sendChatAction(c *call) (any, *refusal) {
	chat, ref := s.chatFor(c, toWrite)
	if ref != nil {
		return nil, ref
	}
	if _, ref := threadFor(c, chat); ref != nil {
		return nil, ref
	}
	if !slices.Contains(chatActions, c.args.get("action")) {
		return nil, wrong("wrong parameter action in request")
	}
	return true, nil
}

var chatActions = []string{
	"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
	"choose_sticker", "find_location", "record_video_note", "upload_video_note", "cancel",
}

// member makes a ChatMember of a state.
func member(u *user, state string) apiMember {
	m := apiMember{Status: state, User: u.api()}
	switch state {
	case stateCreator:
		m.IsAnonymous = new(false)
	case stateAdmin:
		m.IsAnonymous, m.CanBeEdited = new(false), new(false)
		m.adminRights = &adminRights{
			CanManageChat: true, CanDeleteMessages: true, CanManageVideoChats: true, CanRestrictMembers: true,
		}
		m.shared(true)
	case stateRestricted:
		m.IsMember, m.UntilDate = new(true), new(int64) // 0: for ever
		m.apiPermissions = permissions(false)
		m.shared(false)
	case stateKicked:
		m.UntilDate = new(int64) // 0: for ever
	}
	return m
}

func (m *apiMember) shared(all bool) {
	m.CanChangeInfo, m.CanInviteUsers, m.CanPinMessages, m.CanManageTopics = &all, &all, &all, &all
}
