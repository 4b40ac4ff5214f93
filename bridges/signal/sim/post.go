// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// The kinds of posts that are neither text nor media.
const (
	kindPoll    = "poll"
	kindContact = "contact"
	kindOnce    = "view_once" // text or a file, to be looked at once
	kindPreview = "preview"   // Text with a link, and a card of it
	// What people do without writing. Such a post has no message.
	kindTyping     = "typing"
	kindTypingStop = "typing_stopped"
	kindRead       = "read" // of ReplyTo
	kindViewed     = "viewed"
	kindCall       = "call"
	kindVideoCall  = "video_call"
	kindHangUp     = "hang_up"
	kindStory      = "story"
	kindStoryReply = "story_reply"
)

// speaker is who says something, where, and on which device.
type speaker struct {
	pl     place
	who    *person
	device int
}

func (s *Server) speaker(chat control.ChatID, user control.UserID, as control.Guise, account control.AccountID) (speaker, error) {
	pl, err := s.place(chat)
	if err != nil {
		return speaker{}, err
	}
	who := pl.user
	switch {
	case as == control.AsAccount:
		a, err := s.accountByID(account)
		if err != nil {
			return speaker{}, err
		}
		who = a.person
	case as != control.AsSelf:
		return speaker{}, control.Because(control.ErrNotSupported, "nobody can post as %q here", as)
	case user != "" || who == nil:
		if who, err = s.userByID(user); err != nil {
			return speaker{}, err
		}
	}
	sp := speaker{pl: pl, who: who, device: phone}
	return sp, sp.may()
}

// may refuses what somebody cannot do where they are not.
func (sp speaker) may() error {
	g := sp.pl.group
	switch {
	case g == nil && !slices.Contains(sp.pl.people(), sp.who), g != nil && g.find(sp.who) == nil:
		return control.Because(control.ErrRefused, "%s is not in the chat", sp.who.aci)
	case g != nil && g.announce && !g.isAdmin(sp.who):
		return control.Because(control.ErrRefused, "only admins may write")
	case sp.who.unregistered:
		return control.Because(control.ErrRefused, "%s is not registered", sp.who.aci)
	}
	return nil
}

// post lets a user write.
func (s *Server) post(_ context.Context, in control.Post) (control.MessageReply, error) {
	files, err := posted(in.Media)
	if err != nil {
		return control.MessageReply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, err := s.speaker(in.Chat, in.User, in.As, in.Account)
	if err != nil {
		return control.MessageReply{}, err
	}
	if do := silentKinds[in.Kind]; do != nil {
		return control.MessageReply{}, do(s, sp, in)
	}
	c, err := s.compose(sp, in, files)
	if err != nil {
		return control.MessageReply{}, err
	}
	m := s.say(sp.pl, sp.who, sp.device, c, nil)
	s.rec.post(m)
	return control.MessageReply{Message: m.id()}, nil
}

// compose makes what a post says.
func (s *Server) compose(sp speaker, in control.Post, files []*file) (content, error) {
	if in.ForwardedFrom != nil || in.Album != "" || in.Place != nil {
		return content{}, control.Because(control.ErrNotSupported, "Signal marks no forwards and albums, and has no places")
	}
	c, err := s.typed(in.Text, in.Spans)
	if err != nil {
		return c, err
	}
	if err := s.attach(&c, files); err != nil {
		return c, err
	}
	if in.ReplyTo != "" {
		if err := s.quoteIn(sp, &c, in); err != nil {
			return c, err
		}
	}
	if err := s.ofKind(&c, in); err != nil {
		return c, err
	}
	if c.text == "" && len(c.files) == 0 && c.sticker == nil && c.poll == nil && c.contact == nil {
		return c, control.Because(control.ErrRefused, "there is nothing to send")
	}
	return c, nil
}

// attach puts files into a message. A sticker stands alone.
func (s *Server) attach(c *content, files []*file) error {
	for _, f := range files {
		f.id = s.newFileID(f.mime, f.name)
		if f.sticker {
			var err error
			if c.sticker, err = s.newSticker(f); err != nil {
				return err
			}
			continue
		}
		c.files = append(c.files, f)
	}
	if c.sticker != nil && (len(files) > 1 || c.text != "") {
		return control.Because(control.ErrRefused, "a sticker stands alone")
	}
	return nil
}

// maxPacks is how many packs of stickers can be installed.
const maxPacks = 10_000

// newSticker makes a pack of one sticker, named by its bytes, which is installed at the daemons from then on.
func (s *Server) newSticker(f *file) (*sticker, error) {
	id := f.sum[:32]
	if pack := s.packs[id]; pack != nil {
		return &sticker{pack: id, file: pack.files[0]}, nil
	}
	if len(s.packs) >= maxPacks {
		return nil, control.Because(control.ErrRefused, "the daemons have %d packs of stickers, and take no more", maxPacks)
	}
	s.packs[id] = &stickerPack{files: []*file{f}}
	return &sticker{pack: id, file: f}, nil
}

// quoteIn makes a message an answer.
func (s *Server) quoteIn(sp speaker, c *content, in control.Post) error {
	m := s.logOf(sp.pl).find(in.ReplyTo)
	if m == nil {
		return control.Because(control.ErrNotFound, "no message %q", in.ReplyTo)
	}
	c.quote = &quote{author: m.author, sentAt: m.newest(), text: in.Quote}
	if in.Quote == "" {
		c.quote.text, _ = shown(m.content)
	}
	return nil
}

// ofKind fills in the other kinds of posts.
func (s *Server) ofKind(c *content, in control.Post) error {
	if p := in.Preview; p != nil {
		c.preview = &preview{url: p.URL, title: p.Title, description: p.Description}
	}
	switch in.Kind {
	case "":
	case kindOnce:
		c.once = true
	case kindContact:
		c.contact, c.text = new(in.ContactOrMadeUp()), ""
	case kindPreview:
		c.preview = &preview{url: in.Text, title: "A page", description: "What it says"}
	case kindPoll:
		return s.posedPoll(c, in)
	default:
		return control.Because(control.ErrNotSupported, "this simulator posts no %q", in.Kind)
	}
	return nil
}

func (s *Server) posedPoll(c *content, in control.Post) error {
	p := in.PollOrMadeUp()
	c.text = ""
	c.poll = &poll{question: p.Question, multiple: p.Multiple, votes: map[*person]vote{}}
	for _, o := range p.Options {
		c.poll.options = append(c.poll.options, o.Text)
	}
	if why := pollProblem(p.Question, c.poll.options); why != "" {
		return control.Because(control.ErrRefused, "%s", why)
	}
	return nil
}

// actor finds a message, and who does something to it; no user means its author.
func (s *Server) actor(chat control.ChatID, id control.MessageID, user control.UserID) (speaker, *message, error) {
	m, err := s.message(chat, id)
	if err != nil {
		return speaker{}, nil, err
	}
	who := m.author
	if user != "" {
		if who, err = s.userByID(user); err != nil {
			return speaker{}, nil, err
		}
	}
	sp := speaker{pl: m.where, who: who, device: phone}
	return sp, m, sp.may()
}

func (sp speaker) saying(at uint64) saying {
	return saying{pl: sp.pl, from: sp.who, device: sp.device, at: at}
}

// edit lets a user change the text of what they wrote.
func (s *Server) edit(_ context.Context, in control.Edit) error {
	if in.Place != nil {
		return control.Because(control.ErrNotSupported, "there are no places here")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, m, err := s.actor(in.Chat, in.Message, "")
	if err != nil {
		return err
	}
	c, err := s.typed(in.Text, in.Spans)
	switch {
	case err != nil:
		return err
	case s.now().Sub(m.at) > editWindow:
		return control.Because(control.ErrRefused, "it is too late to edit this")
	case m.edits >= maxEdits:
		return control.Because(control.ErrRefused, "this was edited too often")
	case m.poll != nil || m.sticker != nil || m.once || m.contact != nil || slices.ContainsFunc(m.files, func(f *file) bool { return f.voice }):
		return control.Because(control.ErrRefused, "this cannot be edited")
	}
	newest, at := m.newest(), s.sentAt(sp.who)
	m.rewrite(c, at)
	s.spreadEdit(sp.saying(at), newest, s.dataOf(sp.pl, &m.content, at))
	return nil
}

// remove lets a user delete a message for everybody: their own, or, as an admin, somebody else's.
func (s *Server) remove(_ context.Context, in control.Delete) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, m, err := s.actor(in.Chat, in.Message, in.User)
	switch {
	case err != nil:
		return err
	case m.author != sp.who && (sp.pl.group == nil || !sp.pl.group.isAdmin(sp.who)):
		return control.Because(control.ErrRefused, "%s is no admin", sp.who.aci)
	case s.now().Sub(m.at) > deleteWindow:
		return control.Because(control.ErrRefused, "it is too late to delete this")
	}
	at := s.sentAt(sp.who)
	data := dataIn(sp.pl, at, "DELIVER")
	if m.author == sp.who {
		data.RemoteDelete = &deleteData{Timestamp: m.newest()}
	} else {
		data.AdminDelete = new(targetOf(m.author, m.refs[0]))
	}
	m.erase()
	s.spreadData(sp.saying(at), data)
	return nil
}

// react sets the one emoji that a user can have on a message.
func (s *Server) react(_ context.Context, in control.React) error {
	if len(in.Emoji) > 1 {
		return control.Because(control.ErrRefused, "a message takes one reaction of each person")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, m, err := s.actor(in.Chat, in.Message, in.User)
	if err != nil {
		return err
	}
	w := sp.saying(s.sentAt(sp.who))
	if len(in.Emoji) == 1 {
		s.reacted(w, m, in.Emoji[0], false)
		return nil
	}
	for _, r := range m.reactions {
		if r.by == sp.who {
			s.reacted(w, m, r.emoji, true)
			return nil
		}
	}
	return nil
}

// vote sets what a user votes for.
func (s *Server) vote(_ context.Context, in control.Vote) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, m, err := s.actor(in.Chat, in.Message, in.User)
	if err != nil {
		return err
	}
	if m.poll == nil || !s.votes(m, sp.who, in.Options, m.poll.votes[sp.who].count+1) {
		return control.Because(control.ErrRefused, "this poll takes no such vote")
	}
	s.spreadVote(sp.saying(s.sentAt(sp.who)), m)
	return nil
}

// pin pins a message or takes the pin away.
func (s *Server) pin(_ context.Context, in control.Pin) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, m, err := s.actor(in.Chat, in.Message, in.User)
	if err != nil {
		return err
	}
	s.pinned(sp.saying(s.sentAt(sp.who)), m, !in.Unpin)
	return nil
}
