// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"regexp"
	"slices"
	"time"
)

const (
	// The real server forgets updates after a day and takes no more than this many or this much.
	maxQueueAge   = 24 * time.Hour
	maxQueueLen   = 100_000
	maxQueueBytes = 128 << 20
	keptConfirmed = 100 // updates that can be delivered again
)

// bot is one of our accounts.
type bot struct {
	token   string
	user    *user
	first   bool // of its server
	readAll bool // privacy mode is off

	queue    updateQueue
	allowed  map[string]bool
	asked    []string // allowed_updates as it was set
	webhook  string
	commands []apiCommand
	poll     *poll
	polls    pollState
	unsent   map[int64]int // posts under way, by chat
	told     map[toldKey]time.Time
	dead     map[int64]bool // chats that answered 403
}

var commandShape = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

type toldKey struct {
	chat  int64
	class string
}

// update is one entry of a queue. Raw is `"message":{…}`, without its id.
type update struct {
	id     int64
	raw    []byte
	at     time.Time
	msg    *message
	handed int
}

// updateQueue is what the server keeps for one bot until it is confirmed.
type updateQueue struct {
	list      []*update // head first
	bytes     int
	nextID    int64
	confirmed []*update // the last few, for redelivery
}

// updateTypes are all known types; those that a bot must ask for by name are false.
var updateTypes = map[string]bool{
	"message": true, "edited_message": true, "channel_post": true, "edited_channel_post": true,
	"business_connection": true, "business_message": true, "edited_business_message": true,
	"deleted_business_messages": true, "inline_query": true, "chosen_inline_result": true, "callback_query": true,
	"shipping_query": true, "pre_checkout_query": true, "purchased_paid_media": true, "poll": true,
	"poll_answer": true, "my_chat_member": true, "chat_join_request": true, "chat_boost": true,
	"removed_chat_boost": true, "chat_member": false, "message_reaction": false, "message_reaction_count": false,
}

func defaultAllowed() map[string]bool {
	out := map[string]bool{}
	for name, byDefault := range updateTypes {
		if byDefault {
			out[name] = true
		}
	}
	return out
}

// setAllowed keeps the list until another comes. Nothing known in it means the default; what is no list at
// all changes nothing.
func (b *bot) setAllowed(raw string) {
	var names []string
	if raw == "" || json.Unmarshal([]byte(raw), &names) != nil || names == nil {
		return
	}
	allowed := map[string]bool{}
	for _, name := range names {
		if _, known := updateTypes[name]; known {
			allowed[name] = true
		}
	}
	b.asked = names
	if len(allowed) == 0 {
		allowed, b.asked = defaultAllowed(), nil
	}
	b.allowed = allowed
}

// push queues an update; false means that the server is full and drops it.
func (q *updateQueue) push(u *update) bool {
	if len(q.list) >= maxQueueLen || q.bytes+len(u.raw) > maxQueueBytes {
		return false
	}
	u.id = q.nextID
	q.nextID++
	q.list = append(q.list, u)
	q.bytes += len(u.raw)
	return true
}

// head is the id of the oldest update, or of the next one to come.
func (q *updateQueue) head() int64 {
	if len(q.list) == 0 {
		return q.nextID
	}
	return q.list[0].id
}

// drop removes the first n updates and returns them.
func (q *updateQueue) drop(n int) []*update {
	gone := slices.Clone(q.list[:n])
	clear(q.list[:n]) // the array lives on, its entries must not
	q.list = q.list[n:]
	for _, u := range gone {
		q.bytes -= len(u.raw)
	}
	if len(q.list) == 0 {
		q.list = nil
	}
	return gone
}

// expired removes what is older than a day.
func (q *updateQueue) expired(now time.Time) []*update {
	n := 0
	for n < len(q.list) && now.Sub(q.list[n].at) > maxQueueAge {
		n++
	}
	return q.drop(n)
}

// confirm removes all below offset.
func (q *updateQueue) confirm(offset int64) []*update {
	n := 0
	for n < len(q.list) && q.list[n].id < offset {
		n++
	}
	gone := q.drop(n)
	q.confirmed = append(q.confirmed, gone...)
	if extra := len(q.confirmed) - keptConfirmed; extra > 0 {
		q.confirmed = append([]*update(nil), q.confirmed[extra:]...)
	}
	return gone
}

// renumber starts the ids anew, far from where they were.
func (q *updateQueue) renumber(next int64) {
	for _, u := range q.list {
		u.id = next
		next++
	}
	q.nextID = next
	q.confirmed = nil
}
