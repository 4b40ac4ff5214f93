// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// tell has rooms told of the incidents that last.
func (k *Keeper) tell(ctx context.Context, now time.Time) (err error) {
	due, working := k.due(now)
	for _, i := range due {
		err = errors.Join(err, k.tellOf(ctx, i, working, now))
	}
	return err
}

// due are the incidents of which rooms are to be told now, and the accounts that can tell them.
func (k *Keeper) due(now time.Time) (due []Incident, working []chat.Account) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range slices.Sorted(maps.Keys(k.machines)) {
		m := k.machines[a]
		if m.isUp() {
			working = append(working, a)
		}
		if m.tells(now) && m.incident.ID != 0 {
			due = append(due, *m.incident)
		}
	}
	return due, working
}

func (k *Keeper) tellOf(ctx context.Context, i Incident, working []chat.Account, now time.Time) error {
	limit, err := k.room(ctx, now)
	if err != nil || limit <= 0 || len(working) == 0 {
		return err
	}
	to, err := k.opt.Store.Untold(ctx, i, working, i.OpenedAt.Add(-k.opt.Times.Talk), limit)
	if err != nil || len(to) == 0 {
		return err
	}
	lanes, rooms, err := k.opt.Store.Tell(ctx, i, said(i, now), to)
	if err != nil {
		return err
	}
	k.opt.Wake(lanes...)
	k.told(i, rooms)
	return nil
}

// room is how many more notices the cap allows now. It counts those on disk, so a router that is restarted again and
// again has no more of them.
func (k *Keeper) room(ctx context.Context, now time.Time) (int, error) {
	n, err := k.opt.Store.ToldSince(ctx, now.Add(-time.Duration(k.opt.Limit.Per)))
	return k.opt.Limit.N - n, err
}

func (k *Keeper) told(i Incident, rooms int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if m := k.machines[i.Account]; m != nil && m.incident != nil && m.incident.ID == i.ID {
		m.incident.Rooms += rooms
	}
	if k.opt.Observe.Told != nil {
		k.opt.Observe.Told(i.Account, rooms)
	}
}

// tellEnds edits the notices of incidents that have ended, room by room as what waited there has arrived.
func (k *Keeper) tellEnds(ctx context.Context, now time.Time) (err error) {
	k.mu.Lock()
	var ended []Incident
	for _, i := range k.ended {
		if i.ID != 0 {
			ended = append(ended, *i)
		}
	}
	k.mu.Unlock()
	for _, i := range ended {
		err = errors.Join(err, k.tellEnd(ctx, i, now))
	}
	return err
}

func (k *Keeper) tellEnd(ctx context.Context, i Incident, now time.Time) error {
	limit, err := k.room(ctx, now)
	if err != nil || limit <= 0 {
		return err
	}
	lanes, done, err := k.opt.Store.TellEnd(ctx, i, said(i, now), now.Sub(i.BackAt) >= k.opt.Times.CatchUp, limit)
	if err != nil {
		return err
	}
	k.opt.Wake(lanes...)
	if !done {
		return nil
	}
	i.Done = true
	if _, err := k.opt.Store.SaveIncident(ctx, i); err != nil {
		return err
	}
	k.forget(i.ID)
	return nil
}

// forget drops an incident that is done.
func (k *Keeper) forget(id int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var left []*Incident
	for _, i := range k.ended {
		if i.ID != id {
			left = append(left, i)
		}
	}
	k.ended = left
	delete(k.caught, id)
}

// said is what a notice says of an incident.
func said(i Incident, now time.Time) chat.Outage {
	return chat.Outage{Network: Title(i.Network), Since: i.OpenedAt, Until: i.BackAt, Told: now, Trouble: i.Trouble}
}

// spelled are networks whose names people do not write as one word with one capital.
var spelled = map[chat.Network]string{"whatsapp": "WhatsApp"}

// Title is a network's name as people write it.
func Title(n chat.Network) string {
	if name, ok := spelled[n]; ok {
		return name
	}
	if n == "" {
		return ""
	}
	return strings.ToUpper(string(n[:1])) + string(n[1:])
}
