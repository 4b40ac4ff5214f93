// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// How long the apps let a sender change or take back a message. The server cannot know; people's phones ignore what
// comes later.
const (
	editWindow   = 15 * time.Minute
	deleteWindow = 60 * time.Hour
)

// showMessage puts a message on the phone's screen, or does with an older one what it asks for.
func (ph *phone) showMessage(ev *events.Message) {
	author := ph.s.directory.find(ev.Info.Sender)
	if author == nil || ev.Message == nil {
		return
	}
	if ev.Info.Category == "peer" {
		ph.answerPeer(ev)
		return
	}
	if ev.Message.GetPollUpdateMessage() != nil {
		ph.showVote(author, ev)
		return
	}
	content := ph.s.read(ev.Message)
	ph.fetch(&content)
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	sc := ph.screen(ev.Info.Chat)
	switch {
	case ev.Message.GetProtocolMessage() != nil:
		ph.applyProtocol(sc, author, ev)
	case ev.Message.GetReactionMessage() != nil:
		ph.applyReaction(sc, author, ev.Message.GetReactionMessage())
	case ev.Message.GetPinInChatMessage() != nil:
		ph.applyPin(sc, author, ev.Message.GetPinInChatMessage())
	case content.empty():
	default:
		ph.add(sc, author, ev, content)
	}
}

// screen is the chat of an address. The caller holds s.mu.
func (ph *phone) screen(chat types.JID) *screen {
	chat = chat.ToNonAD()
	if p := ph.s.directory.find(chat); p != nil {
		chat = p.lid
	}
	sc := ph.p.chats[chat]
	if sc == nil {
		sc = newScreen(ph.s.opts.Keep)
		ph.p.chats[chat] = sc
	}
	return sc
}

func (ph *phone) add(sc *screen, author *person, ev *events.Message, c content) {
	id := messageIDOf(author, ev.Info.ID)
	m := sc.byID[id]
	waited := m != nil && m.Service == serviceWaiting
	if !waited {
		m = lineOf(author, ev.Info)
		m.ID = sc.freshID(id)
	}
	m.Service, m.raw, m.once = "", ev.Message, ev.IsViewOnce
	m.Content = c.Content
	if author.account && ev.Info.Sender.Device != 0 {
		m.Account = accountID(author)
		ph.book(author, ev, c.Text)
	}
	if waited {
		sc.Touch(m)
		return
	}
	sc.add(m)
}

func lineOf(author *person, info types.MessageInfo) *shown {
	return &shown{author: author, stanza: info.ID, Seen: control.Seen{
		ID: messageIDOf(author, info.ID), Author: userID(author), Name: author.name, At: seenAt(info.Timestamp),
	}}
}

// serviceWaiting stands where a message will be once its sender has sent it again.
const serviceWaiting = "waiting"

// showWaiting shows that there is a message which the phone cannot read yet.
func (ph *phone) showWaiting(ev *events.UndecryptableMessage) {
	author := ph.s.directory.find(ev.Info.Sender)
	if author == nil || ev.DecryptFailMode == events.DecryptFailHide || ev.Info.Category == "peer" {
		return
	}
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	sc := ph.screen(ev.Info.Chat)
	if m := lineOf(author, ev.Info); sc.byID[m.ID] == nil {
		m.Service = serviceWaiting
		sc.add(m)
	}
}

// freshID marks a repeat, which people see as a message of its own.
func (sc *screen) freshID(id control.MessageID) control.MessageID {
	fresh := id
	for n := 2; sc.byID[fresh] != nil; n++ {
		fresh = control.MessageID(fmt.Sprintf("%s#%d", id, n))
	}
	return fresh
}

// book tells the ledger what a message of ours says, once somebody has read it.
func (ph *phone) book(author *person, ev *events.Message, text string) {
	to := ev.Info.Chat
	if !ev.Info.IsGroup && author != ph.p {
		to = ph.p.lid
	}
	m := ph.s.messages[messageKey{owner: author, to: to.ToNonAD(), id: ev.Info.ID}]
	if m != nil && !m.booked {
		m.text, m.booked = text, true
		ph.s.rec.send(m)
	}
}

// target finds the message that a key means, as it stands in a message of its author.
func (ph *phone) target(sc *screen, author *person, key *waCommon.MessageKey) *shown {
	if !key.GetFromMe() {
		author = ph.s.userIn(key.GetParticipant(), key.GetRemoteJID())
	}
	if author == nil {
		return nil
	}
	return sc.find(messageIDOf(author, key.GetID()))
}

// userIn is the user of the first address that is one.
func (s *Server) userIn(addresses ...string) *person {
	for _, a := range addresses {
		if a == "" {
			continue
		}
		if j, err := types.ParseJID(a); err == nil {
			return s.directory.find(j)
		}
	}
	return nil
}

func (ph *phone) applyProtocol(sc *screen, author *person, ev *events.Message) {
	p := ev.Message.GetProtocolMessage()
	switch p.GetType() {
	case waE2E.ProtocolMessage_MESSAGE_EDIT:
		if m := ph.target(sc, author, p.GetKey()); m != nil {
			ph.applyEdit(sc, author, m, ev, p.GetEditedMessage())
		}
	case waE2E.ProtocolMessage_REVOKE:
		if m := ph.target(sc, author, p.GetKey()); m != nil {
			ph.applyDelete(sc, author, m, ev)
		}
	}
}

func (ph *phone) applyEdit(sc *screen, author *person, m *shown, ev *events.Message, edited *waE2E.Message) {
	switch {
	case m.author != author:
		ph.misdeed(author, "foreign_edit", ev)
	case ev.Info.Timestamp.Sub(m.At) > editWindow:
		ph.misdeed(author, "late_edit", ev)
	default:
		c := ph.s.read(edited)
		m.Text, m.Spans, m.raw = c.Text, c.Spans, edited
		m.Edits++
		sc.Touch(m)
	}
}

func (ph *phone) applyDelete(sc *screen, author *person, m *shown, ev *events.Message) {
	g := ph.s.groups[ev.Info.Chat]
	switch {
	case m.author != author && (g == nil || !g.isAdmin(author)):
		ph.misdeed(author, "foreign_delete", ev)
	case ev.Info.Timestamp.Sub(m.At) > deleteWindow:
		ph.misdeed(author, "late_delete", ev)
	default:
		sc.erase(m)
	}
}

// keptMisdeeds is of how many misdeeds the server knows that they are noted.
const keptMisdeeds = 10_000

// misdeed notes what one of ours did that the apps do not allow. Each phone that sees it would note it; once is enough.
func (ph *phone) misdeed(author *person, code string, ev *events.Message) {
	key := code + " " + string(messageIDOf(author, ev.Info.ID))
	if !author.account || ph.s.misdeeds[key] {
		return
	}
	if len(ph.s.misdeeds) >= keptMisdeeds {
		clear(ph.s.misdeeds) // phones see a misdeed within seconds: those are long seen
	}
	ph.s.misdeeds[key] = true
	ph.s.rec.Breach(control.Breach{Code: code, Account: accountID(author), Method: methodMessage, Chat: control.ChatID(ev.Info.Chat.String()), At: ph.s.now()})
}

func (ph *phone) applyReaction(sc *screen, author *person, r *waE2E.ReactionMessage) {
	if m := ph.target(sc, author, r.GetKey()); m != nil {
		sc.react(m, author, r.GetText())
	}
}

// showJoined opens the screen of a group.
func (ph *phone) showJoined(ev *events.JoinedGroup) {
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	ph.screen(ev.JID)
}

// showChange puts lines about a group on its screen.
func (ph *phone) showChange(ev *events.GroupInfo) {
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	sc := ph.screen(ev.JID)
	for service, list := range map[string][]types.JID{"joined": ev.Join, "left": ev.Leave, "promoted": ev.Promote, "demoted": ev.Demote} {
		for _, j := range list {
			ph.say(sc, service, ph.s.directory.find(j), ev)
		}
	}
	var by *person
	if ev.Sender != nil {
		by = ph.s.directory.find(*ev.Sender)
	}
	switch {
	case ev.Name != nil:
		ph.say(sc, "renamed", by, ev)
	case ev.Announce != nil, ev.Locked != nil, ev.Ephemeral != nil, ev.Topic != nil:
		ph.say(sc, "settings", by, ev)
	}
}

func (ph *phone) say(sc *screen, service string, who *person, ev *events.GroupInfo) {
	ph.s.lastNotice++
	m := &shown{author: who, Seen: control.Seen{ID: control.MessageID(fmt.Sprintf("notice/%d", ph.s.lastNotice)), Service: service, At: seenAt(ev.Timestamp)}}
	if who != nil {
		m.Author, m.Name = userID(who), who.name
	}
	if ev.Name != nil {
		m.Text = ev.Name.Name
	}
	sc.add(m)
}

func cloned(m *waE2E.Message) *waE2E.Message { return proto.Clone(m).(*waE2E.Message) }

// stanzaOf is the id that the sender chose, and who that is, from a message's id.
func (s *Server) stanzaOf(id control.MessageID) (author *person, stanza string, err error) {
	user, stanza, ok := strings.Cut(string(id), "/")
	author = s.directory.find(types.NewJID(user, types.HiddenUserServer))
	if !ok || author == nil {
		return nil, "", control.Because(control.ErrNotFound, "no message %q", id)
	}
	return author, stanza, nil
}
