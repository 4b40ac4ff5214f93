// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Bounds of what is known of people.
const (
	maxPeople   = 20_000
	askAgain    = 10 * time.Minute // names change
	askPatience = 3 * time.Second
	maxAsk      = 100
)

// people are those whom the account has met, by the names that they gave themselves. It is safe for concurrent use.
type people struct {
	mu    sync.Mutex
	known map[ServiceID]acquaintance
}

type acquaintance struct {
	Person
	asked time.Time
}

func newPeople() *people { return &people{known: map[ServiceID]acquaintance{}} }

// name is what a person calls themselves; empty when that is not known.
func (p *people) name(id ServiceID) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[id].Profile
}

// aliases are a person's further ids.
func (p *people) aliases(id ServiceID) (out []chat.Alias) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := p.known[id]
	if who.Number != "" {
		out = append(out, chat.Alias{Kind: "phone", Value: who.Number})
	}
	if who.Username != "" {
		out = append(out, chat.Alias{Kind: "username", Value: who.Username})
	}
	return out
}

// due lists those of whom we have not asked for a while, and notes that we do now.
func (p *people) due(ids []ServiceID, now time.Time) (out []ServiceID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) > maxPeople {
		clear(p.known) // each is asked for once more
	}
	for _, id := range ids {
		who := p.known[id]
		if id == "" || now.Sub(who.asked) < askAgain || len(out) == maxAsk {
			continue
		}
		who.asked = now
		p.known[id] = who
		out = append(out, id)
	}
	return out
}

func (p *people) learn(list []Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range list {
		who := p.known[one.ACI]
		who.Person = one
		p.known[one.ACI] = who
	}
}

// meet asks who people are before their words go up. What the daemon does not tell in time stays unknown.
func (a *account) meet(ctx context.Context, ids []ServiceID) {
	due := a.people.due(ids, time.Now())
	if len(due) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	list, err := a.directory.People(ctx, due...)
	if err != nil {
		a.log.Debug("people could not be asked for", "err", err)
		return
	}
	a.people.learn(list)
}

// peopleIn lists everybody whom a notification names: who wrote it, and who is mentioned.
func peopleIn(e Envelope) (out []ServiceID) {
	if e.Cut {
		return nil
	}
	params, _ := readParams(e.Raw, nil)
	env := params.object("envelope")
	out = append(out, author(env, "source"))
	sent := env.object("syncMessage").object("sentMessage")
	for _, data := range []fields{env.object("dataMessage"), env.object("editMessage").object("dataMessage"), sent, sent.object("editMessage").object("dataMessage")} {
		for _, m := range data.objects("mentions") {
			out = append(out, ServiceID(m.text("uuid")))
		}
	}
	return out
}
