// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strconv"
	"strings"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// Ids that Telegram itself uses for senders that are no users.
const (
	serviceUser   = 777000     // forwards a channel's posts into its discussion group
	anonymousUser = 1087968824 // "GroupAnonymousBot"
	channelUser   = 136817688  // "Channel_Bot"
)

// The chat types of the Bot API.
const (
	kindPrivate    = "private"
	kindGroup      = "group"
	kindSupergroup = "supergroup"
	kindChannel    = "channel"
)

type user struct {
	id       int64
	name     string
	username string
	isBot    bool
	gone     bool // the account was deleted
}

func (u *user) api() apiUser {
	return apiUser{ID: u.id, IsBot: u.isBot, FirstName: u.name, Username: u.username}
}

// The member states of the Bot API.
const (
	stateCreator    = "creator"
	stateAdmin      = "administrator"
	stateMember     = "member"
	stateRestricted = "restricted"
	stateLeft       = "left"
	stateKicked     = "kicked"
)

func inside(state string) bool {
	switch state {
	case stateCreator, stateAdmin, stateMember, stateRestricted:
		return true
	}
	return false
}

func isAdmin(state string) bool { return state == stateCreator || state == stateAdmin }

type topic struct {
	id      int64
	name    string
	closed  bool
	deleted bool
	// silently: bots still believe that a deleted topic is there, and the words of the refusal are others.
	silently bool
}

// chat is a conversation. A private chat belongs to one bot and one user.
type chat struct {
	id       int64
	kind     string
	title    string
	username string
	forum    bool
	members  map[int64]string // by user id, bots too
	owner    *user

	private *user // the human of a private chat
	bot     *bot  // the bot of a private chat
	started bool  // the human wrote first
	blocked bool

	log       chatLog
	pins      []*message // oldest first
	callSince time.Time  // of the video chat; zero when there is none
	topics    map[int64]*topic
	migrated  *chat // where a group went
	deleted   bool
	linked    *chat           // channel ↔ discussion group
	said      map[*bot]uint64 // a hash of what each bot said last
	slow      time.Duration   // between two messages of a member; 0: no slow mode
	available []string        // reactions that the chat allows; nil means all
}

func (c *chat) api() apiChat {
	a := apiChat{ID: c.id, Type: c.kind, Title: c.title, Username: c.username, IsForum: c.forum}
	if c.private != nil {
		a.Title, a.FirstName, a.Username = "", c.private.name, c.private.username
	}
	return a
}

func (c *chat) controlID(thread int64) control.ChatID {
	id := strconv.FormatInt(c.id, 10)
	if c.private != nil && !c.bot.first {
		return control.ChatID(id + "@" + strconv.FormatInt(c.bot.user.id, 10))
	}
	if thread != 0 && c.forum {
		id += "/" + strconv.FormatInt(thread, 10)
	}
	return control.ChatID(id)
}

// message is one message; bots get copies of it, as it is at that moment.
type message struct {
	control.Line
	id         int64
	chat       *chat
	thread     int64
	inTopic    bool
	from       *user
	author     *user // who really wrote what a chat seems to have written
	bot        *bot  // set when one of our bots wrote it
	senderChat *chat
	origin     *apiOrigin
	auto       bool
	at         time.Time
	editedAt   time.Time
	edits      int
	text       string
	ents       []entity
	replyTo    *message
	quote      *apiQuote
	media      *media
	other      *apiOther // neither text nor file; replaced and never changed
	votes      map[*user][]int
	pinned     bool
	album      string
	service    string
	told       *apiService
	reactions  []reaction
	deleted    bool

	handed    int
	confirmed int
}

type reaction struct {
	user    *user
	account *bot // set when the user is one of our bots
	emoji   []string
}

// api makes the Message object; with its reply, but without the reply's own.
func (m *message) api(withReply bool) *apiMessage {
	a := &apiMessage{
		MessageID: m.id, Date: m.at.Unix(), Chat: m.chat.api(), ForwardOrigin: m.origin, IsAutoForward: m.auto,
		Quote: m.quote, MediaGroupID: m.album, apiService: m.told, MessageThreadID: m.thread, IsTopicMessage: m.inTopic,
	}
	if m.from != nil {
		from := m.from.api()
		a.From = &from
	}
	if m.senderChat != nil {
		sender := m.senderChat.api()
		a.SenderChat = &sender
	}
	if !m.editedAt.IsZero() {
		a.EditDate = m.editedAt.Unix()
	}
	switch {
	case m.media != nil:
		a.apiMedia = m.media.api()
		a.Caption, a.CaptionEntities = m.text, m.ents
	case m.other != nil:
		a.apiOther = m.other
	default:
		a.Text, a.Entities = m.text, m.ents
	}
	if target := m.shownReply(); withReply && target != nil {
		a.ReplyTo = target.api(false)
	}
	return a
}

// shownReply is what reply_to_message shows: in a topic, a message that answers nothing answers the topic's
// first service message.
func (m *message) shownReply() *message {
	target := m.replyTo
	if target == nil && m.inTopic && m.thread != m.id {
		target = m.chat.log.find(m.thread)
	}
	if target == nil || target.deleted {
		return nil
	}
	return target
}

// chatLog is what was said in a chat.
type chatLog struct {
	*control.History[*message]
	byID   map[int64]*message
	lastID int64
}

func newLog(keep int) chatLog {
	return chatLog{History: control.NewHistory[*message](keep), byID: map[int64]*message{}}
}

// find returns the message, also a deleted one, or nil.
func (l *chatLog) find(id int64) *message { return l.byID[id] }

// live returns the message if it exists and is not deleted.
func (l *chatLog) live(id int64) *message {
	if m := l.byID[id]; m != nil && !m.deleted {
		return m
	}
	return nil
}

// add gives m the next id and keeps it; the oldest messages are forgotten.
func (l *chatLog) add(m *message) {
	l.lastID++
	m.id = l.lastID
	l.byID[m.id] = m
	for _, old := range l.Add(m) {
		old.unpin()
		delete(l.byID, old.id)
		old.replyTo = nil // else a chain of replies keeps everything
	}
}

// splitChat reads "-1001234/42" as chat and topic, and "555@42" as user and bot.
func splitChat(id control.ChatID) (chatID, thread, botID int64, err error) {
	s := string(id)
	s, botText, hasBot := strings.Cut(s, "@")
	s, threadText, hasThread := strings.Cut(s, "/")
	chatID, err = strconv.ParseInt(s, 10, 64)
	if err == nil && hasThread {
		thread, err = strconv.ParseInt(threadText, 10, 64)
	}
	if err == nil && hasBot {
		botID, err = strconv.ParseInt(botText, 10, 64)
	}
	if err != nil {
		err = control.Because(control.ErrNotFound, "chat %q: %v", id, err)
	}
	return chatID, thread, botID, err
}
