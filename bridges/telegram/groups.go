// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"fmt"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

const maxNews = 64 // events of deliveries that wait for the router; more are comfort that is left out

// tellAccess keeps what a refused post says of a chat. The outcome itself holds the lane; the router hears besides of
// what is gone for good.
func (a *account) tellAccess(p chat.Post, where place, access chat.Access) {
	if where.thread == 0 {
		a.memory.setDenied(where.group, access.Why.Code)
	}
	if !access.Gone {
		return
	}
	select {
	case a.news <- chat.Event{
		Key: chat.EventKey(fmt.Sprintf("gone.%s.%s", p.Chat, p.Key)), At: time.Now(), Chat: p.Chat, Group: a.convert.group(where),
		Body: chat.ChatInfo{Access: &access},
	}:
	default:
	}
}

// handUpNews stores what deliveries found out, until ctx ends.
func (a *account) handUpNews(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-a.news:
			if err := a.session.Store(ctx, []chat.Event{e}); err != nil {
				return // the session is ending, and the next post to the chat finds the same out again
			}
		}
	}
}

// checkGroups looks at our standing in groups that were not looked at in this life, for about as long as it may take.
// Nothing else tells what happened while we were away for more than a day. It comes before a poll, so that what waits in
// the queue overrides it and not the other way round.
func (a *account) checkGroups(ctx context.Context, budget time.Duration) error {
	for until := time.Now().Add(budget); len(a.unchecked) > 0 && ctx.Err() == nil && a.mayCheck(until); {
		id := a.unchecked[0]
		args := map[string]any{"chat_id": id, "user_id": a.convert.me}
		x := a.ask(ctx, "getChatMember", args, 0)
		events, ok := a.standing(id, x)
		if !ok {
			a.checkAfter = time.Now().Add(troubleOf(x).after)
			return nil // later: out of reach, or too fast
		}
		a.unchecked = a.unchecked[1:]
		if err := a.session.Store(context.WithoutCancel(ctx), events, a.memory.changes()...); err != nil {
			return err
		}
		a.tellFreed()
	}
	return nil
}

// mayCheck reports whether there is time to look at a group, and Telegram does not want us to wait.
func (a *account) mayCheck(until time.Time) bool {
	now := time.Now()
	return now.Before(until) && !now.Before(a.checkAfter)
}

// standing reads an answer to getChatMember; ok is false when it says nothing of the group.
func (a *account) standing(id int64, x *exchange) (events []chat.Event, ok bool) {
	ans, ok := readAnswer(x.body)
	if !ok {
		return nil, false
	}
	where := place{group: id, kind: a.memory.kind(id)}
	if !ans.ok {
		return a.lostStanding(where, x)
	}
	m, _ := readFields(ans.result, nil)
	s, known := readStanding(m, where)
	if !known {
		return nil, true
	}
	a.memory.setRole(where, s.role, s.manages)
	return a.convert.accessChanged(where, s.access), true
}

// lostStanding reads a refusal: the group is closed to us, moved, or nothing is known.
func (a *account) lostStanding(where place, x *exchange) (events []chat.Event, ok bool) {
	r := rule(chat.ActSend, x)
	if to, _, moved := parseChat(r.outcome.MovedTo); moved {
		a.memory.move(where.group, to)
		info := chat.ChatInfo{MovedTo: r.outcome.MovedTo}
		return a.convert.found(said{name: "moved", where: where, body: info}), true
	}
	if r.access != nil {
		return a.convert.accessChanged(where, *r.access), true
	}
	return nil, r.outcome.Kind == chat.Refused
}

// accessChanged tells whether we may write in a group and its topics, if that is news.
func (c *converter) accessChanged(p place, access chat.Access) []chat.Event {
	if !c.memory.setDenied(p.group, access.Why.Code) {
		return nil
	}
	return c.found(c.access(p, chat.Sender{}, "", access)...)
}

// access says what our account may do in a group and its topics now.
func (c *converter) access(p place, by chat.Sender, title string, access chat.Access) []said {
	says := []said{{name: "access", where: p, sender: by, body: chat.ChatInfo{Title: title, Access: &access}}}
	for _, thread := range c.memory.topics(p.group) {
		t := place{group: p.group, thread: thread, kind: p.kind}
		info := chat.ChatInfo{Parent: p.chat(), Access: &access}
		says = append(says, said{name: "access." + string(t.chat()), where: t, sender: by, body: info})
	}
	return says
}

// found makes events of what no update told.
func (c *converter) found(says ...said) []chat.Event {
	now := time.Now()
	for i, s := range says {
		says[i].key = chat.EventKey(fmt.Sprintf("found.%s.%s.%d", s.name, s.where.chat(), now.UnixNano()))
	}
	return c.events(update{}, now.Unix(), says).events
}
