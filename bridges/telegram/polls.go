// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// pollAt is where a poll stands. Its updates name the poll alone.
type pollAt struct {
	ID      string `json:"id"`
	Group   int64  `json:"group"`
	Thread  int64  `json:"thread,omitempty"`
	Message int64  `json:"message"`
	// Own says that our account has sent it.
	Own bool `json:"own,omitempty"`
}

func (p pollAt) place() place { return place{group: p.Group, thread: p.Thread} }

// readPolls reads the last life's polls; what cannot be read is forgotten.
func (m *memory) readPolls() {
	if b := m.saved(itemPolls); len(b) > 0 && json.Unmarshal(b, &m.polls) != nil {
		m.polls = nil
	}
}

// notePoll remembers where a poll stands. Without an id it does nothing.
func (m *memory) notePoll(p pollAt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.ID == "" || p.Message == 0 || slices.Contains(m.polls, p) {
		return
	}
	if len(m.polls) >= maxPolls {
		m.polls = slices.Clone(m.polls[len(m.polls)-maxPolls+1:])
	}
	m.polls, m.dirtyPolls = append(m.polls, p), true
}

// placesOf are where a poll stands: a forwarded one has the id of the first.
func (m *memory) placesOf(id string) (out []pollAt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.polls {
		if p.ID == id {
			out = append(out, p)
		}
	}
	return out
}

// poll reads how a poll stands. Telegram tells it of our own polls, and of others when they are closed.
func (c *converter) poll(u update, f fields) verdict {
	places := c.memory.placesOf(f.text("id"))
	if len(places) == 0 {
		return ignore("a poll that is not remembered")
	}
	var says []said
	for _, at := range places {
		if st, ok := pollState(at, f); ok {
			says = append(says, said{where: at.place(), key: pollKey("poll", u, at), body: st})
		}
	}
	if len(says) == 0 {
		return ignore("the votes come one by one")
	}
	return c.events(u, 0, says)
}

// pollState reads the votes. Of our own polls whose voters are named each vote comes by itself, so the state tells only
// that such a poll is closed.
func pollState(at pollAt, f fields) (st chat.PollState, ok bool) {
	st = chat.PollState{ID: remoteMessage(at.Message), Closed: f.flag("is_closed")}
	if at.Own && !f.flag("is_anonymous") {
		return st, st.Closed
	}
	for _, o := range f.objects("options") {
		st.Votes = append(st.Votes, count(o, "voter_count"))
	}
	return st, true
}

// pollAnswer reads what somebody has chosen in a poll of ours whose voters are named.
func (c *converter) pollAnswer(u update, f fields) verdict {
	sender := userSender(f.object("user"), c.me)
	if f.has("voter_chat") {
		sender = chatSender(f.object("voter_chat"), "")
	}
	if sender.User == "" || !f.has("option_ids") {
		return c.unknown(u)
	}
	var says []said
	for _, at := range c.memory.placesOf(f.text("poll_id")) {
		if at.Own {
			vote := chat.Vote{ID: remoteMessage(at.Message), Options: readOptions(f)}
			says = append(says, said{where: at.place(), sender: sender, key: pollKey("vote", u, at), body: vote})
		}
	}
	if len(says) == 0 {
		return ignore("a vote in a poll that is not remembered")
	}
	return c.events(u, 0, says)
}

const maxOptions = 100

func readOptions(f fields) (out []int) {
	for _, i := range read[[]int64](f, "option_ids") {
		if i >= 0 && i < maxOptions && len(out) < maxOptions {
			out = append(out, int(i))
		}
	}
	return out
}

// pollKey is made of the whole update: it tells no time, and ids of updates may start again.
func pollKey(kind string, u update, at pollAt) chat.EventKey {
	sum := sha256.Sum256(u.raw)
	return chat.EventKey(fmt.Sprintf("%s.%d.%d.%d.%s", kind, at.Group, at.Message, u.id, hex.EncodeToString(sum[:8])))
}
