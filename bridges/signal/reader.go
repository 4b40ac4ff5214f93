// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// keep is called with everything that is heard, on whatever connection, before anything else is done with it. It returns
// nil when it is on disk. While there is no room it waits: what is not read stays with the daemon, or at Signal.
func (a *account) keep(batch []Envelope) error {
	for {
		err := a.journal.append(batch)
		if err == nil {
			a.states.over(whyJournal.Code)
			return nil
		}
		if !errors.Is(err, errJournalFull) {
			a.log.Error("what Signal brings cannot be written to disk", "code", whyJournal.Code, "err", err)
		}
		a.states.trouble(whyJournal)
		select {
		case <-time.After(a.pauses.full):
		case <-a.life.Done():
			return err
		}
	}
}

// maxRecent is how many notifications are recognised when they come again.
const maxRecent = 4096

// recent recognises notifications that come twice in one life: in some modes the daemon writes each to every connection.
// The router recognises the rest.
type recent struct {
	known map[[16]byte]bool
	order [][16]byte
	next  int
}

func newRecent() *recent {
	return &recent{known: map[[16]byte]bool{}, order: make([][16]byte, maxRecent)}
}

// seen reports whether a notification came before, and notes it.
func (r *recent) seen(e Envelope) bool {
	sum := sha256.Sum256(essence(e))
	key := [16]byte(sum[:16])
	if r.known[key] {
		return true
	}
	delete(r.known, r.order[r.next])
	r.order[r.next], r.known[key] = key, true
	r.next = (r.next + 1) % maxRecent
	return false
}

// essence is the part of a notification that is the same on every connection.
func essence(e Envelope) []byte {
	params, ok := readParams(e.Raw, nil)
	if e.Cut || !ok || !params.has("envelope") {
		return e.Raw
	}
	return append(bytes.Clone(params.m["envelope"]), params.m["exception"]...)
}

// handUp converts what is in the journal and hands it up, in order, until ctx ends. What the router has committed is erased.
func (a *account) handUp(ctx context.Context) error {
	select {
	case <-a.known:
	case <-ctx.Done():
		return nil
	}
	c := &converter{me: a.self(), names: a.people.name, aliases: a.people.aliases, met: a.introduced, admin: a.administers}
	for done := a.journal.committed(); ; {
		records, err := a.journal.read(done, maxBatch)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			if !a.awaitRecords(ctx) {
				return nil
			}
			continue
		}
		done = records[len(records)-1].seq
		if err := a.handUpBatch(ctx, c, records, done); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// eraseAfter is how long what was committed may stay when nothing comes.
const eraseAfter = 300 * time.Millisecond

// awaitRecords waits for something new in the journal, and erases what is not needed meanwhile. false: ctx has ended.
func (a *account) awaitRecords(ctx context.Context) bool {
	quiet := time.NewTimer(eraseAfter)
	defer quiet.Stop()
	for {
		select {
		case <-a.journal.grown:
			return true
		case <-quiet.C:
			if err := a.journal.erase(); err != nil {
				a.log.Warn("what was committed cannot be erased from the journal yet", "code", "journal_stays", "err", err)
			}
		case <-ctx.Done():
			return false
		}
	}
}

func (a *account) handUpBatch(ctx context.Context, c *converter, records []record, through uint64) error {
	c.me = a.self()
	records = slices.DeleteFunc(records, func(r record) bool { return a.recent.seen(r.env) })
	var who []ServiceID
	for _, r := range records {
		who = append(who, peopleIn(r.env)...)
	}
	a.meet(ctx, who)
	var events []chat.Event
	var verdicts []verdict
	for _, r := range records {
		v := c.read(r.env)
		a.logVerdict(r.seq, v)
		events, verdicts = append(events, v.events...), append(verdicts, v)
	}
	if err := a.session.Store(ctx, events, chat.StateItem{Key: itemCommitted, Value: strconv.AppendUint(nil, through, 10)}); err != nil {
		return err
	}
	for _, v := range verdicts {
		a.follow(v)
	}
	a.journal.commit(through)
	if a.journal.heavy() { // under a steady flow nobody waits
		return a.journal.erase()
	}
	return nil
}

// follow does what a notification asks for beside its events.
func (a *account) follow(v verdict) {
	for _, id := range v.groups {
		a.lookAt(id)
	}
	for _, e := range v.events {
		if to, ok := parseChat(e.Chat); ok && to.Group != "" && !a.groups.knows(to.Group) {
			a.lookAt(to.Group)
		}
	}
	for _, r := range v.receipts {
		a.settle(a.sends.receipt(r))
	}
	if v.untrusted != "" {
		a.distrust(v.untrusted)
	}
	a.stored.note(v.files)
}

// settle tells of sends that turned out to have happened.
func (a *account) settle(list []settled) {
	for _, s := range list {
		a.log.Info("a receipt proves that a doubtful message was sent", "code", "proved_by_receipt")
		out := chat.DeliveredAs(MessageRef{Author: a.self(), SentAt: s.at}.remote())
		out.At = unixMilli(s.at)
		a.session.Settle(s.key, out)
	}
}

// introduced reports whether the router has heard of a direct chat in this life.
func (a *account) introduced(c chat.RemoteChat) bool {
	if a.met[c] {
		return true
	}
	if len(a.met) >= maxPeople {
		clear(a.met)
	}
	a.met[c] = true
	return false
}

func (a *account) logVerdict(seq uint64, v verdict) {
	switch {
	case v.panicked != "":
		a.log.Error("a notification made the bridge fail; it goes up as unknown", "code", "panic", "record", seq, "type", v.panicked)
	case v.kind == "unknown":
		a.log.Warn("a notification cannot be read; it goes up as unknown", "code", "unknown_notification", "record", seq, "fields", v.bad)
	case len(v.bad) > 0:
		a.log.Warn("some fields of a notification cannot be read", "code", "bad_fields", "record", seq, "fields", v.bad)
	case v.ignored != "":
		a.log.Debug("a notification is passed over", "record", seq, "why", v.ignored)
	}
}
