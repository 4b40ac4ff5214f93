// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Faults says how often the network strikes: one in N calls, 0 for never.
type Faults struct {
	Fail      int           // certainly not accepted
	Limit     int           // certainly not accepted, with RetryAfter
	Retry     time.Duration // the wait of Limit
	LoseReply int           // accepted, but the answer is lost
	LateReply int           // accepted, the answer settles after the call; only with LateAnswers
	Latency   time.Duration
}

// Network is one simulated network with one account on it. Safe for concurrent use.
type Network struct {
	Profile Profile
	mu      sync.Mutex
	rand    *rand.Rand
	faults  Faults
	nextID  int
	chats   map[chat.RemoteChat]*conversation
	// inbox holds events until the router has acknowledged them; sent counts those that this life has handed up.
	inbox    []chat.Event
	news     chan struct{}
	epoch    uint64 // of the life that may call
	struck   map[string]int
	breaches []string
	impolite int
	lost     map[string]bool
	kept     map[chat.RemoteMessage]keptBody // what the bridge keeps for peers that ask again
	outage   Outage
}

type keptBody struct {
	text  string
	until time.Time
}

type conversation struct {
	shown    []*Shown
	byKey    map[chat.PostKey]*Shown
	byID     map[chat.RemoteMessage]*Shown
	resting  time.Time // a call before this breaks a told retry_after
	inFlight bool
}

// Shown is one message as the people in a chat see it.
type Shown struct {
	ID       chat.RemoteMessage
	Text     string
	Ours     bool
	Key      chat.PostKey
	ReplyTo  chat.RemoteMessage
	Edits    int
	Deleted  bool
	Emoji    []string
	Accepted time.Time
}

// NewNetwork makes a network whose faults follow the seed.
func NewNetwork(p Profile, seed uint64) *Network {
	return &Network{
		Profile: p, rand: rand.New(rand.NewPCG(seed, 1)),
		chats: map[chat.RemoteChat]*conversation{}, news: make(chan struct{}, 1),
		struck: map[string]int{}, lost: map[string]bool{}, kept: map[chat.RemoteMessage]keptBody{},
	}
}

// SetFaults replaces the plan of faults.
func (n *Network) SetFaults(f Faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = f
}

// Say posts a text as a user and returns its id. The network may lose it before the router can read it; Lost tells.
func (n *Network) Say(c chat.RemoteChat, user, text string) chat.RemoteMessage {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.show(c, &Shown{Text: text})
	if n.Profile.Loses > 0 && n.rand.IntN(n.Profile.Loses) == 0 {
		n.lost[text] = true
		n.struck["lost_by_network"]++
		return s.ID
	}
	n.push(c, user, string(s.ID), chat.MessageNew{ID: s.ID, Content: chat.Content{Text: chat.Text{Body: text}}})
	return s.ID
}

// SayFor posts a text that disappears after a while.
func (n *Network) SayFor(c chat.RemoteChat, user, text string, after time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.show(c, &Shown{Text: text})
	n.push(c, user, string(s.ID), chat.MessageNew{ID: s.ID, Content: chat.Content{Text: chat.Text{Body: text}, ExpiresAfter: after}})
}

// Reply posts a text that answers a message which the chat shows.
func (n *Network) Reply(c chat.RemoteChat, user, text string, to chat.RemoteMessage) chat.RemoteMessage {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.show(c, &Shown{Text: text, ReplyTo: to})
	n.push(c, user, string(s.ID), chat.MessageNew{ID: s.ID, Content: chat.Content{
		Text: chat.Text{Body: text}, ReplyTo: &chat.ReplyRef{ID: to, Excerpt: n.textOf(c, to)}}})
	return s.ID
}

// Edit changes a user's message.
func (n *Network) Edit(c chat.RemoteChat, user string, id chat.RemoteMessage, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.chat(c).byID[id]
	s.Text, s.Edits = text, s.Edits+1
	body := chat.MessageEdit{ID: id, Content: chat.Content{Text: chat.Text{Body: text}}}
	if n.Profile.Caps.Edit.MintsID {
		body.NewID = n.mint(c, s)
	}
	n.push(c, user, fmt.Sprintf("%s/edit%d", id, s.Edits), body)
}

// Delete removes a user's message.
func (n *Network) Delete(c chat.RemoteChat, user string, id chat.RemoteMessage) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.chat(c).byID[id].Deleted = true
	n.push(c, user, string(id)+"/delete", chat.MessageDelete{ID: id})
}

// React sets the emoji of a user on a message.
func (n *Network) React(c chat.RemoteChat, user string, id chat.RemoteMessage, emoji ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nextID++
	n.push(c, user, fmt.Sprintf("%s/react%d", id, n.nextID), chat.Reaction{ID: id, Emoji: emoji})
}

// Join lets a user join a chat.
func (n *Network) Join(c chat.RemoteChat, user string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nextID++
	who := chat.Sender{User: chat.RemoteUser(user), Kind: chat.SenderUser, Name: strings.ToUpper(user[:1]) + user[1:]}
	n.push(c, user, fmt.Sprintf("%s/join%d", user, n.nextID), chat.Membership{User: who, Kind: chat.Joined})
}

// Forget says that the network has not kept what was written in all chats between two times.
func (n *Network) Forget(from, to time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nextID++
	gap := chat.Gap{From: from, To: to, Why: chat.Reason{Code: "too_old"}}
	n.inbox = append(n.inbox, chat.Event{Key: chat.EventKey(fmt.Sprintf("gap%d", n.nextID)), At: time.Now(), Body: gap})
	n.wake()
}

// Sees returns what the people in a chat see now, oldest first, without what was deleted.
func (n *Network) Sees(c chat.RemoteChat) []Shown {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Shown
	for _, s := range n.chat(c).shown {
		if !s.Deleted {
			out = append(out, *s)
		}
	}
	return out
}

// Find returns what a chat shows under any of a message's ids.
func (n *Network) Find(c chat.RemoteChat, id chat.RemoteMessage) (Shown, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.chat(c).byID[id]
	if s == nil {
		return Shown{}, false
	}
	return *s, true
}

// Lost reports whether the network itself lost a text before the router could read it.
func (n *Network) Lost(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lost[text]
}

// Struck counts how often each fault struck.
func (n *Network) Struck() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := map[string]int{}
	for k, v := range n.struck {
		out[k] = v
	}
	return out
}

// Breaches lists the calls that a real network would call malformed.
func (n *Network) Breaches() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.breaches...)
}

// Impolite counts the calls that came inside a wait which an answer had asked for.
func (n *Network) Impolite() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.impolite
}

// AskAgain plays a receiver that could not read a message of ours and asks for the body. It reports whether the bridge
// still had it.
func (n *Network) AskAgain(id chat.RemoteMessage) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	k, ok := n.kept[id]
	return ok && time.Now().Before(k.until)
}

// InFlight counts the calls that have arrived and are not answered.
func (n *Network) InFlight() (calls int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, conv := range n.chats {
		if conv.inFlight {
			calls++
		}
	}
	return calls
}

// Resting counts the chats that have asked for a wait which is not over.
func (n *Network) Resting() (chats int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, conv := range n.chats {
		if time.Now().Before(conv.resting) {
			chats++
		}
	}
	return chats
}

// Lookup says whether a post was accepted, if the network can be asked.
func (n *Network) Lookup(key chat.PostKey) chat.Found {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.Profile.Caps.Repeat != chat.RepeatLookup || n.outage.Cut {
		return chat.Found{Kind: chat.FoundUnknown, AskAfter: time.Second}
	}
	for _, conv := range n.chats {
		if s := conv.byKey[key]; s != nil {
			n.struck["found by looking it up"]++
			return chat.Found{Kind: chat.FoundSent, IDs: []chat.RemoteMessage{s.ID}}
		}
	}
	n.struck["not found by looking it up"]++
	return chat.Found{Kind: chat.FoundNotSent}
}

// Waiting counts the events that the router has not acknowledged.
func (n *Network) Waiting() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.inbox)
}

func (n *Network) chat(c chat.RemoteChat) *conversation {
	if n.chats[c] == nil {
		n.chats[c] = &conversation{byKey: map[chat.PostKey]*Shown{}, byID: map[chat.RemoteMessage]*Shown{}}
	}
	return n.chats[c]
}

// show appends a message and gives it an id.
func (n *Network) show(c chat.RemoteChat, s *Shown) *Shown {
	s.Accepted = time.Now()
	s.ID = n.mint(c, s)
	conv := n.chat(c)
	conv.shown = append(conv.shown, s)
	return s
}

// mint gives a message one more id. Where senders choose ids, those of our posts come from the key.
func (n *Network) mint(c chat.RemoteChat, s *Shown) chat.RemoteMessage {
	n.nextID++
	id := chat.RemoteMessage(fmt.Sprintf("%d", n.nextID))
	if n.Profile.IDFromKey && s.Ours {
		id = chat.RemoteMessage("3EB0" + strings.ToUpper(string(s.Key)))
	}
	n.chat(c).byID[id] = s
	return id
}

func (n *Network) push(c chat.RemoteChat, user, key string, body chat.Body) {
	n.inbox = append(n.inbox, chat.Event{
		Key: chat.EventKey(string(c) + "/" + key), At: time.Now(), Chat: c, Body: body,
		Sender: chat.Sender{User: chat.RemoteUser(user), Kind: chat.SenderUser, Name: strings.ToUpper(user[:1]) + user[1:]},
	})
	n.wake()
}

// wake lets the bridge look.
func (n *Network) wake() {
	select {
	case n.news <- struct{}{}:
	default:
	}
}

func (n *Network) textOf(c chat.RemoteChat, id chat.RemoteMessage) string {
	if s := n.chat(c).byID[id]; s != nil {
		return s.Text
	}
	return ""
}

func (n *Network) breach(format string, args ...any) {
	if len(n.breaches) < 100 {
		n.breaches = append(n.breaches, fmt.Sprintf(format, args...))
	}
}

// strikes draws whether a fault of one in N strikes now.
func (n *Network) strikes(name string, oneIn int) bool {
	if oneIn == 0 || n.rand.IntN(oneIn) != 0 {
		return false
	}
	n.struck[name]++
	return true
}
