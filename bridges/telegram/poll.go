// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

const (
	maxBatch = 100 // updates that one getUpdates gives
	patience = 3   // failed polls in a row before an answer that makes no sense is passed over
)

// serverKeeps is how long Telegram keeps an update for us.
const serverKeeps = 24 * time.Hour

// allowedUpdates are the kinds that rooms need. The list is sticky on the server, so it is always sent whole.
var allowedUpdates = []string{
	"message", "edited_message", "channel_post", "edited_channel_post",
	"message_reaction", "message_reaction_count", "my_chat_member", "chat_member", "poll", "poll_answer",
}

// cursor says how far Telegram's queue was read. It is committed with the events, never before them.
type cursor struct {
	next  int64     // the first update that is not durable; 0 before the first
	seen  time.Time // when the queue was read last
	saved time.Time // the seen that is durable
}

func (a *account) readCursor() cursor {
	next, _ := strconv.ParseInt(string(a.session.Saved(itemOffset)), 10, 64)
	seen, _ := strconv.ParseInt(string(a.session.Saved(itemSeen)), 10, 64)
	return cursor{next: next, seen: unixTime(seen), saved: unixTime(seen)}
}

func (c *cursor) items() []chat.StateItem {
	return []chat.StateItem{
		{Key: itemOffset, Value: strconv.AppendInt(nil, c.next, 10)},
		{Key: itemSeen, Value: strconv.AppendInt(nil, c.seen.Unix(), 10)},
	}
}

// poll reads updates until ctx ends. The offset of a call passes an update only when the router has it on disk. An
// error means that the router is gone.
func (a *account) poll(ctx context.Context) error {
	c, fails := a.readCursor(), 0
	// The first call does not wait: when it is answered, Telegram keeps for us what allowedUpdates lists, and we are
	// connected.
	for wait := time.Duration(0); ctx.Err() == nil; wait = time.Duration(a.cfg.PollTimeout) {
		began := time.Now()
		x := a.getUpdates(ctx, c.next, wait, fails)
		batch, ok := readUpdates(x, c.next, fails)
		if !ok {
			a.pollFailed(ctx, x, fails)
			fails++
			continue
		}
		fails = 0
		if err := a.handUp(ctx, &c, batch); err != nil {
			return err
		}
		a.tellFreed()
		if err := a.checkGroups(ctx, a.pauses.checkMore); err != nil {
			return err
		}
		a.tellHealthy()
		if len(batch) == 0 && time.Since(began) < wait/2 {
			a.rest(ctx, a.pauses.idle) // something on the way does not let us wait
		}
	}
	return nil
}

// getUpdates waits for updates from next on. After failures it asks for one at a time: it may be one that breaks.
func (a *account) getUpdates(ctx context.Context, next int64, wait time.Duration, fails int) *exchange {
	args := map[string]any{"limit": maxBatch, "timeout": int(wait.Seconds()), "allowed_updates": allowedUpdates}
	if next != 0 {
		args["offset"] = next
	}
	if fails >= patience {
		args["limit"] = 1
	}
	return a.ask(ctx, "getUpdates", args, wait)
}

// pollFailed tells the state and waits. One failure alone says nothing: a connection that was idle for long may be dead.
func (a *account) pollFailed(ctx context.Context, x *exchange, fails int) {
	if ctx.Err() != nil {
		return
	}
	t := troubleOf(x)
	a.log.Debug("poll failed", "code", t.why.Code, "attempt", fails+1, "err", x.err)
	switch {
	case t.state != chat.Down:
		a.states.Tell(t.state, t.why)
	case fails > 0:
		a.tellCutOff(ctx)
	}
	if t.webhook {
		a.dropWebhook(ctx)
	}
	a.rest(ctx, a.pauseAfter(t, fails))
}

// tellCutOff finds out whether Telegram is out of reach or only gives us no updates.
func (a *account) tellCutOff(ctx context.Context) {
	x := a.ask(ctx, "getMe", nil, 0)
	if ctx.Err() != nil {
		return
	}
	if ans, ok := readAnswer(x.body); ok && ans.ok {
		a.states.Tell(chat.Degraded, whyDeaf)
		return
	}
	t := troubleOf(x)
	a.states.Tell(t.state, t.why)
}

// handUp makes a batch durable and then moves the cursor behind it. It does not end with ctx: what was read is stored.
func (a *account) handUp(ctx context.Context, c *cursor, batch []json.RawMessage) error {
	now := time.Now().Round(0) // without the monotonic clock, which stands still while a machine sleeps
	events := gap(*c, now)
	moved := *c
	moved.seen = now
	for _, raw := range batch {
		v := a.convert.read(raw)
		a.logVerdict(v)
		events = append(events, v.events...)
		moved.pass(v.id)
	}
	if len(batch) > 0 && moved.next == c.next {
		moved.next++ // no update told its id; without this they would come for ever
	}
	items := a.memory.changes()
	if len(events) == 0 && len(batch) == 0 && len(items) == 0 && now.Sub(c.saved) < a.pauses.save {
		*c = moved
		return nil
	}
	moved.saved = now
	if err := a.session.Store(context.WithoutCancel(ctx), events, append(items, moved.items()...)...); err != nil {
		return err
	}
	*c = moved
	return nil
}

// pass moves the cursor behind an update. Ids may start again anywhere, so a lower one is taken as it is.
func (c *cursor) pass(id int64) {
	if id != 0 {
		c.next = id + 1
	}
}

// gap tells of the time for which Telegram kept nothing for us.
func gap(c cursor, now time.Time) []chat.Event {
	if c.seen.IsZero() || now.Sub(c.seen) <= serverKeeps {
		return nil
	}
	return []chat.Event{{
		Key: chat.EventKey("gap." + strconv.FormatInt(c.seen.Unix(), 10)), At: now,
		Body: chat.Gap{From: c.seen, To: now.Add(-serverKeeps), Why: whyAway},
	}}
}

func (a *account) logVerdict(v verdict) {
	switch {
	case v.panicked != "":
		a.log.Error("update could not be read and was handed up as unknown", "update", v.id, "kind", v.kind, "panic", v.panicked)
	case v.ignored != "":
		a.log.Debug("update ignored", "update", v.id, "kind", v.kind, "why", v.ignored)
	case len(v.bad) > 0:
		a.log.Warn("update was not understood whole", "update", v.id, "kind", v.kind, "fields", v.bad)
	}
}

var (
	updatesHead = regexp.MustCompile(`^\s*\{\s*"ok"\s*:\s*true\s*,\s*"result"\s*:\s*`)
	updateID    = regexp.MustCompile(`"update_id"\s*:\s*(\d{1,18})`)
)

// readUpdates splits the answer to getUpdates. ok is false when there is nothing to go on with. An answer that breaks
// off, or breaks in the middle, gives the whole updates before that place. One that breaks at its first update again and
// again gives all of it as one update, which goes up as unknown, so that the queue behind it moves on.
func readUpdates(x *exchange, next int64, fails int) (batch []json.RawMessage, ok bool) {
	if ans, good := readAnswer(x.body); good {
		batch, ok = splitArray(ans.result)
		return batch, ans.ok && ok
	}
	head := updatesHead.FindIndex(x.body)
	if x.status != 200 || head == nil {
		return nil, false
	}
	batch = wholeElements(x.body[head[1]:])
	if len(batch) > 0 || x.err != nil || fails <= patience {
		return batch, len(batch) > 0
	}
	known := next != 0 || updateID.Match(x.body)
	return []json.RawMessage{x.body}, known
}

// wholeElements reads the elements of an array up to the first that cannot be read.
func wholeElements(array []byte) (out []json.RawMessage) {
	d := json.NewDecoder(bytes.NewReader(array))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil
	}
	for d.More() {
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			break
		}
		out = append(out, raw)
	}
	return out
}
