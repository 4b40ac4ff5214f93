// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"hash/fnv"
	"slices"
	"strconv"
	"unicode/utf8"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// post lets a user write.
func (s *Server) post(_ context.Context, in control.Post) (control.MessageReply, error) {
	file, err := s.receive(in) // before the world stands still: files may be large
	if err != nil {
		return control.MessageReply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := s.postWith(in, file)
	if err != nil && file != nil {
		file.discard()
	}
	return control.MessageReply{Message: id}, err
}

func (s *Server) postWith(in control.Post, file *media) (control.MessageID, error) {
	c, thread, err := s.controlChat(in.Chat)
	if err != nil {
		return "", err
	}
	m := &message{chat: c, thread: thread, at: s.now(), media: file}
	for _, step := range []func(*message, control.Post) error{s.writtenBy, s.saying, s.answering, s.forwarding} {
		if err := step(m, in); err != nil {
			return "", err
		}
	}
	if file != nil {
		file.home, file.homeThread = c.id, thread
		s.keepFile(file)
	}
	s.publish(m)
	return messageID(m.id), nil
}

// publish puts a user's message into its chat and tells the bots.
func (s *Server) publish(m *message) {
	m.placeInThread()
	if m.chat.private != nil && !m.chat.started {
		m.chat.started = true
		delete(m.chat.bot.dead, m.chat.id)
	}
	m.chat.log.add(m)
	s.rec.post(m)
	s.deliver(m.chat.messageKind(), m)
	if m.chat.kind == kindChannel && m.chat.linked != nil {
		s.forwardToDiscussion(m)
	}
}

// writtenBy finds who writes, and under which guise.
func (s *Server) writtenBy(m *message, in control.Post) error {
	u, err := s.writer(m.chat, in.User)
	if err != nil {
		return err
	}
	if err := s.userMayPost(m.chat, m.thread, u); err != nil {
		return err
	}
	m.from, m.author = u, u
	switch {
	case in.As == control.AsAnonymousAdmin && m.chat.kind == kindSupergroup && isAdmin(m.chat.members[u.id]):
		m.from, m.senderChat = s.users[anonymousUser], m.chat
	case in.As == control.AsChannel && m.chat.kind == kindSupergroup:
		return s.asChannel(m, in.Channel)
	case in.As == control.AsSelf && m.chat.kind == kindChannel:
		m.from, m.senderChat = nil, m.chat
	case in.As == control.AsAccount:
		return control.Because(control.ErrNotSupported, "a bot has no human side")
	case in.As != control.AsSelf:
		return control.Because(control.ErrRefused, "user %d may not write as %q in chat %s", u.id, in.As, in.Chat)
	}
	return nil
}

// writer is the user; none means the human of a private chat or the owner of a group.
func (s *Server) writer(c *chat, id control.UserID) (*user, error) {
	switch {
	case id != "":
		return s.userOf(id)
	case c.private != nil:
		return c.private, nil
	}
	return c.owner, nil
}

func (s *Server) userMayPost(c *chat, thread int64, u *user) error {
	state := c.members[u.id]
	t := c.topic(thread)
	switch {
	case c.deleted || c.migrated != nil:
		return control.Because(control.ErrRefused, "the chat is gone")
	case !inside(state) || u.gone:
		return control.Because(control.ErrRefused, "user %d is not in the chat", u.id)
	case state == stateRestricted:
		return control.Because(control.ErrRefused, "user %d is muted", u.id)
	case c.kind == kindChannel && !isAdmin(state):
		return control.Because(control.ErrRefused, "only admins write in a channel")
	case t != nil && t.closed && !isAdmin(state):
		return control.Because(control.ErrRefused, "the topic is closed")
	case c.blocked:
		return control.Because(control.ErrRefused, "the user has blocked the bot")
	}
	return nil
}

// asChannel writes in the name of a channel; without one, of a channel that the user gets for it.
func (s *Server) asChannel(m *message, id control.ChatID) error {
	channel := s.ownChannels[m.author]
	if id != "" {
		var err error
		if channel, _, err = s.controlChat(id); err != nil {
			return err
		}
		if channel.kind != kindChannel || !isAdmin(channel.members[m.author.id]) {
			return control.Because(control.ErrRefused, "user %d may not write as chat %s", m.author.id, id)
		}
	} else if channel == nil {
		channel = s.newChat(kindChannel, m.author.name+"'s channel", m.author)
		s.ownChannels[m.author] = channel
	}
	m.from, m.senderChat = s.users[channelUser], channel
	return nil
}

// saying reads the text and the file.
func (s *Server) saying(m *message, in control.Post) error {
	limit := maxText
	switch {
	case in.Kind != "":
		return s.sayOther(m, in)
	case len(in.Media) > 1:
		return control.Because(control.ErrWrongUse, "on Telegram each file is a message: post one, and join them by their album")
	case len(in.Media) == 1 && !slices.Contains(mediaKinds, in.Media[0].Kind):
		return control.Because(control.ErrWrongUse, "unknown kind of media %q", in.Media[0].Kind)
	case len(in.Media) == 1:
		limit = maxCaption
	}
	if in.Album != "" {
		m.album = albumID(m.chat, in.Album)
	}
	ents, err := s.entitiesOf(in.Text, in.Spans)
	if err != nil {
		return err
	}
	return m.write(in.Text, ents, limit)
}

// write cleans and sets the text as the server does, whoever wrote it.
func (m *message) write(text string, ents []entity, limit int) error {
	text, ents, ref := fixText(text, ents)
	switch {
	case ref != nil:
		return control.Because(control.ErrRefused, "%s", ref.text)
	case text != "" && m.media != nil && slices.Contains(wordless, m.media.kind):
		return control.Because(control.ErrNotSupported, "a %s has no caption", m.media.kind)
	case text == "" && m.media == nil:
		return control.Because(control.ErrRefused, "there is no text to post")
	case utf8.RuneCountInString(text) > limit:
		return control.Because(control.ErrRefused, "the text is longer than %d characters", limit)
	}
	m.text, m.ents = text, ents
	return nil
}

// wordless are the files that have no caption.
var wordless = []string{kindVideoNote, kindSticker}

func albumID(c *chat, name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(string(c.controlID(0)) + "\x00" + name)) // a hash never fails
	return strconv.FormatUint(h.Sum64()>>1, 10)
}

// answering finds the message that is answered, and the quoted piece of it.
func (s *Server) answering(m *message, in control.Post) error {
	if in.ReplyTo == "" {
		return nil
	}
	target := m.chat.log.live(leadingInt(string(in.ReplyTo)))
	if target == nil {
		return control.Because(control.ErrNotFound, "no message %q to answer", in.ReplyTo)
	}
	m.replyTo = target
	if in.Quote == "" {
		return nil
	}
	if m.quote = quoteOf(target, quoteArg{text: in.Quote}); m.quote == nil {
		return control.Because(control.ErrRefused, "%q is no piece of message %s", in.Quote, in.ReplyTo)
	}
	return nil
}

// forwarding says where a forwarded message came from.
func (s *Server) forwarding(m *message, in control.Post) error {
	if in.ForwardedFrom == nil {
		return nil
	}
	o, err := s.originOf(*in.ForwardedFrom)
	if err != nil {
		return err
	}
	o.Date = m.at.Unix()
	m.origin = o
	return nil
}

func (s *Server) originOf(from control.Origin) (*apiOrigin, error) {
	switch {
	case from.User != "":
		u, err := s.userOf(from.User)
		if err != nil {
			return nil, err
		}
		return &apiOrigin{Type: "user", SenderUser: new(u.api())}, nil
	case from.Name != "":
		return &apiOrigin{Type: "hidden_user", SenderUserName: from.Name}, nil
	}
	c, _, err := s.controlChat(from.Chat)
	switch {
	case err != nil:
		return nil, err
	case c.private != nil:
		return nil, control.Because(control.ErrRefused, "a private chat writes nothing")
	case c.kind == kindChannel:
		return &apiOrigin{Type: "channel", Chat: new(c.api()), MessageID: leadingInt(string(from.Message))}, nil
	}
	return &apiOrigin{Type: "chat", SenderChat: new(c.api())}, nil
}

// moveByUser moves a user's live location, or ends it.
func (s *Server) moveByUser(m *message, in control.Edit) error {
	if m.bot != nil || !m.isLive() || s.overdue(m) {
		return control.Because(control.ErrRefused, "message %s is no user's live location", in.Message)
	}
	to := apiLocation{Latitude: in.Place.Latitude, Longitude: in.Place.Longitude, LivePeriod: in.Place.LiveS}
	if ref := to.check(); ref != nil {
		return control.Because(control.ErrRefused, "%s", ref.words())
	}
	s.move(m, to)
	s.deliver(m.chat.editKind(), m)
	return nil
}

// forwardToDiscussion copies a channel's post into its discussion group, as the network does.
func (s *Server) forwardToDiscussion(m *message) {
	channel := m.chat.api()
	copied := &message{
		chat: m.chat.linked, from: s.users[serviceUser], senderChat: m.chat, auto: true, at: s.now(), text: m.text, ents: m.ents,
		media: m.media, other: m.other, album: m.album,
		origin: &apiOrigin{Type: "channel", Date: m.at.Unix(), Chat: &channel, MessageID: m.id},
	}
	copied.chat.log.add(copied)
	s.deliver(copied.chat.messageKind(), copied)
}

// edit changes a user's message. The same text is told too, for the network tells of changes that nobody typed.
func (s *Server) edit(_ context.Context, in control.Edit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.controlMessage(in.Chat, in.Message)
	if err != nil {
		return err
	}
	if in.Place != nil {
		return s.moveByUser(m, in)
	}
	if m.bot != nil || m.service != "" || m.other != nil {
		return control.Because(control.ErrRefused, "message %s is no user's text", in.Message)
	}
	ents, err := s.entitiesOf(in.Text, in.Spans)
	if err != nil {
		return err
	}
	limit := maxText
	if m.media != nil {
		limit = maxCaption
	}
	if err := m.write(in.Text, ents, limit); err != nil {
		return err
	}
	m.edits++
	m.editedAt = s.now()
	m.chat.log.Touch(m)
	s.deliver(m.chat.editKind(), m)
	return nil
}

// remove deletes a message for everybody. Bots are never told.
func (s *Server) remove(_ context.Context, in control.Delete) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.controlMessage(in.Chat, in.Message)
	if err != nil {
		return err
	}
	if in.User != "" {
		u, err := s.userOf(in.User)
		if err != nil {
			return err
		}
		if u != m.author && !isAdmin(m.chat.members[u.id]) && m.chat.private == nil {
			return control.Because(control.ErrRefused, "user %s may not delete message %s", in.User, in.Message)
		}
	}
	m.erase()
	return nil
}
