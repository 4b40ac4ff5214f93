// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// speaker is a person who says something in a chat.
type speaker struct {
	p    *person
	ph   *phone // the one that they have now
	to   types.JID
	chat control.ChatID
}

// send sends a message from a person's phone and waits until the server has accepted it.
func (sp speaker) send(ctx context.Context, s *Server, m *waE2E.Message, extra ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, phonePatience)
	defer cancel()
	sp.ph.mouth.Lock()
	defer sp.ph.mouth.Unlock()
	resp, err := sp.ph.client.SendMessage(ctx, sp.to, m, extra...)
	if err != nil {
		s.log.Debug("a person could not write", "chat", sp.chat, "err", err)
		return resp, refusedBecause(err)
	}
	return resp, nil
}

// refusedBecause tells what the network refused from what failed otherwise.
func refusedBecause(err error) error {
	text := err.Error()
	if errors.Is(err, whatsmeow.ErrNotInGroup) || errors.Is(err, whatsmeow.ErrGroupNotFound) || strings.Contains(text, "server returned error") {
		return control.Because(control.ErrRefused, "the network refuses: %v", err)
	}
	return err
}

// post lets a person write.
func (s *Server) post(ctx context.Context, in control.Post) (control.MessageReply, error) {
	sp, err := s.speaker(in.Chat, in.User, in.As, in.Account)
	if err != nil {
		return control.MessageReply{}, err
	}
	sp.ph.settle(ctx)
	m, err := s.compose(ctx, sp, in)
	if err != nil {
		return control.MessageReply{}, err
	}
	kept := cloned(m)
	resp, err := sp.send(ctx, s, m, onlyOnce(in)...)
	if err != nil {
		return control.MessageReply{}, err
	}
	return control.MessageReply{Message: s.said(sp, resp, kept, in)}, nil
}

// viewOnce marks, on the way to the server, what linked devices are not to be given.
const viewOnce = "view_once"

func onlyOnce(in control.Post) []whatsmeow.SendRequestExtra {
	if in.Kind != viewOnce {
		return nil
	}
	return []whatsmeow.SendRequestExtra{{AdditionalNodes: &[]node{{Tag: viewOnce}}}}
}

// said puts what a person wrote on their own screen, and into the ledger.
func (s *Server) said(sp speaker, resp whatsmeow.SendResponse, m *waE2E.Message, in control.Post) control.MessageID {
	c := s.read(unwrapped(m))
	if len(c.Media) == 1 && len(in.Media) == 1 {
		sum := sha256.Sum256(in.Media[0].Data)
		c.Media[0].SHA256, c.Media[0].Size = hex.EncodeToString(sum[:]), int64(len(in.Media[0].Data))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := sp.ph.screen(sp.to)
	line := &shown{author: sp.p, stanza: resp.ID, raw: unwrapped(m)}
	line.ID = messageIDOf(sp.p, resp.ID)
	line.Author, line.Name, line.At = userID(sp.p), sp.p.name, seenAt(resp.Timestamp)
	line.Content = c.Content
	sc.add(line)
	if known := s.messages[messageKey{owner: sp.p, to: sp.to, id: resp.ID}]; known != nil {
		known.text, known.booked = in.Text, true
		s.rec.post(known)
	}
	return line.ID
}

// unwrapped is a message without what is around it.
func unwrapped(m *waE2E.Message) *waE2E.Message {
	return (&events.Message{RawMessage: m}).UnwrapRaw().Message
}

// speaker finds who speaks, and to whom.
func (s *Server) speaker(chat control.ChatID, user control.UserID, as control.Guise, account control.AccountID) (speaker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pl, err := s.place(chat)
	if err != nil {
		return speaker{}, err
	}
	var p *person
	switch as {
	case control.AsSelf:
		p, err = s.userOrPeer(user, pl)
	case control.AsAccount:
		p, err = s.accountByID(account)
	default:
		err = control.Because(control.ErrNotSupported, "nobody can post as %q here", as)
	}
	if err != nil {
		return speaker{}, err
	}
	return speaker{p: p, ph: p.phone, to: pl.seenBy(p), chat: chat}, nil
}

// userOrPeer is a user by id; without one, whoever the chat is with.
func (s *Server) userOrPeer(id control.UserID, pl place) (*person, error) {
	if id == "" && pl.user != nil {
		return pl.user, nil
	}
	return s.userByID(id)
}

// edit lets a person change the text of what they wrote; of a file, its caption.
func (s *Server) edit(ctx context.Context, in control.Edit) error {
	if in.Place != nil {
		return control.Because(control.ErrNotSupported, "live locations do not move here")
	}
	sp, target, err := s.own(in.Chat, in.Message)
	if err != nil {
		return err
	}
	raw, mentioned, err := s.typed(sp, in.Text, in.Spans)
	if err != nil {
		return err
	}
	s.mu.Lock()
	has := hasWords(target.raw)
	m := edited(target.raw, raw, mentioned)
	s.mu.Unlock()
	if !has {
		return control.Because(control.ErrNotSupported, "%s has no words that could be changed", target.ID)
	}
	if _, err := sp.send(ctx, s, sp.ph.client.BuildEdit(sp.to, target.stanza, cloned(m))); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.read(m)
	target.Text, target.Spans, target.raw = c.Text, c.Spans, m
	target.Edits++
	sp.ph.screen(sp.to).Touch(target)
	return nil
}

// hasWords says whether the apps let people change what is written in a message: a text, or a caption.
func hasWords(m *waE2E.Message) bool {
	c, _, _ := bodyOf(m)
	return c.Kind == "" && (len(c.Media) == 0 || slices.Contains([]string{"photo", "video", "animation", "file"}, c.Media[0].Kind))
}

// edited is a message with another text: a file is repeated whole.
func edited(m *waE2E.Message, text string, mentioned []string) *waE2E.Message {
	out := cloned(m)
	switch {
	case out.GetImageMessage() != nil:
		out.ImageMessage.Caption = &text
	case out.GetVideoMessage() != nil:
		out.VideoMessage.Caption = &text
	case out.GetDocumentMessage() != nil:
		out.DocumentMessage.Caption = &text
	case len(mentioned) > 0:
		return textMessage(text, &waE2E.ContextInfo{MentionedJID: mentioned})
	default:
		return textMessage(text, nil)
	}
	return out
}

// own finds a message on its author's screen.
func (s *Server) own(chat control.ChatID, id control.MessageID) (speaker, *shown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	author, _, err := s.stanzaOf(id)
	if err != nil {
		return speaker{}, nil, err
	}
	return s.onScreen(chat, id, author)
}

// onScreen finds a message on somebody's screen. The caller holds s.mu.
func (s *Server) onScreen(chat control.ChatID, id control.MessageID, p *person) (speaker, *shown, error) {
	pl, err := s.place(chat)
	if err != nil {
		return speaker{}, nil, err
	}
	sp := speaker{p: p, ph: p.phone, to: pl.seenBy(p), chat: chat}
	m := p.phone.screen(sp.to).find(id)
	if m == nil || m.raw == nil { // a line about the group is no message
		return speaker{}, nil, control.Because(control.ErrNotFound, "%s sees no message %q", p.name, id)
	}
	return sp, m, nil
}

// remove lets a person delete a message for everybody: their own, or, as an admin, somebody else's.
func (s *Server) remove(ctx context.Context, in control.Delete) error {
	sp, target, err := s.doer(ctx, in.Chat, in.Message, in.User)
	if err != nil {
		return err
	}
	s.mu.Lock()
	g, sender := s.groups[sp.to], target.author.lid
	if g != nil {
		sender = target.author.in(g.mode)
	}
	may := target.author == sp.p || g != nil && g.isAdmin(sp.p)
	s.mu.Unlock()
	if !may {
		return control.Because(control.ErrRefused, "%s is no admin", sp.p.name)
	}
	if _, err := sp.send(ctx, s, sp.ph.client.BuildRevoke(sp.to, sender, target.stanza)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.ph.screen(sp.to).erase(target)
	return nil
}

// doer finds who does something to a message, and the message on their screen; no user means its author.
func (s *Server) doer(ctx context.Context, chat control.ChatID, id control.MessageID, user control.UserID) (speaker, *shown, error) {
	if user == "" {
		return s.own(chat, id)
	}
	p, ph, err := s.holder(user)
	if err != nil {
		return speaker{}, nil, err
	}
	ph.settle(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.onScreen(chat, id, p)
}

// holder is a user and the phone that they have now.
func (s *Server) holder(id control.UserID) (*person, *phone, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.userByID(id)
	if err != nil {
		return nil, nil, err
	}
	return p, p.phone, nil
}

// react sets the one emoji that a person can have on a message.
func (s *Server) react(ctx context.Context, in control.React) error {
	if len(in.Emoji) > 1 {
		return control.Because(control.ErrRefused, "a message takes one reaction of each person")
	}
	sp, target, err := s.doer(ctx, in.Chat, in.Message, in.User)
	if err != nil {
		return err
	}
	emoji := strings.Join(in.Emoji, "")
	s.mu.Lock()
	sender := target.author.lid
	if g := s.groups[sp.to]; g != nil {
		sender = target.author.in(g.mode)
	}
	s.mu.Unlock()
	if _, err := sp.send(ctx, s, sp.ph.client.BuildReaction(sp.to, sender, target.stanza, emoji)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.ph.screen(sp.to).react(target, sp.p, emoji)
	return nil
}
