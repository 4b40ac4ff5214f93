// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// tally is what the outside checker finds. Strange are copies of what nobody wrote, or under another name.
type tally struct {
	sim.Tally
	Strange []string
}

// mirrored compares a group with the other group of its room, as the people there see them: everything that people wrote
// in the one must stand in the other, under its writer's name and in the order of the first group, whoever wrote it. A
// copy is out of order when a later message was copied before it, also when it is a repeat, unless a whole post of many
// texts was repeated at once.
func mirrored(from, to sim.View) tally {
	var posted []string
	place, name := map[string]int{}, map[string]string{}
	for _, m := range from.Visible() {
		if m.Account == "" {
			place[m.Text], name[m.Text] = len(posted), m.Name
			posted = append(posted, m.Text)
		}
	}
	out := tally{Tally: sim.Compare(posted, to)}
	to = sim.Apart(withoutRepeats(to))
	out.Disordered = 0
	last := -1
	for _, m := range to.Visible() {
		if m.Account == "" {
			continue
		}
		text := m.Text[strings.LastIndexByte(m.Text, '\n')+1:]
		at, known := place[text]
		if !known || m.Text != name[text]+"\n"+text {
			out.Strange = append(out.Strange, m.Text)
			continue
		}
		if at < last {
			out.Disordered++
		}
		last = max(last, at)
	}
	return out
}

// withoutRepeats leaves out our posts that say just what our post before them said.
func withoutRepeats(v sim.View) sim.View {
	var last string
	v.Messages = slices.DeleteFunc(slices.Clone(v.Visible()), func(m sim.Seen) bool {
		if m.Account == "" {
			return false
		}
		repeated := m.Text == last
		last = m.Text
		return repeated
	})
	return v
}

// lane is one direction of one room.
type lane struct {
	from, to sim.ChatID
	reader   sim.UserID
}

func (r *rig) lanes() (out []lane) {
	for _, p := range r.rooms {
		out = append(out, lane{p.left, p.right, r.people[1][0].id}, lane{p.right, p.left, r.people[0][0].id})
	}
	return out
}

// look compares one lane now.
func (r *rig) look(ctx context.Context, l lane) (tally, error) {
	from, err := r.client.See(ctx, sim.See{Chat: l.from})
	if err != nil {
		return tally{}, err
	}
	to, err := r.client.See(ctx, sim.See{Chat: l.to, User: l.reader})
	return mirrored(from, to), err
}

// settle waits until all that people wrote has arrived and the router has nothing left to do. It plays the operator: lanes
// that are held because processes died with their post again and again are let go on.
func (r *rig) settle() {
	r.t.Helper()
	r.until("arrival of everything", func() bool {
		if !r.idle() {
			r.operate()
			return false
		}
		for _, l := range r.lanes() {
			if t, err := r.look(r.ctx, l); err != nil || t.Lost > 0 {
				return false
			}
		}
		return true
	})
}

// quiet waits until the router has taken everything and has nothing left to do, whatever has arrived.
func (r *rig) quiet() {
	r.t.Helper()
	r.until("quiet router", func() bool {
		book, err := r.client.Ledger(r.ctx)
		r.must(err)
		return r.idle() && !slices.ContainsFunc(book.Posted, func(e sim.Entry) bool { return e.Confirmed == 0 })
	})
}

// idle reports whether the router says that it has nothing to do. It is no judge of what has arrived.
func (r *rig) idle() bool {
	var s status
	return r.causeway(&s, "status") == nil && s.Store.Waiting == 0
}

// operate retries what is held after deaths.
func (r *rig) operate() {
	var open []delivery
	if r.causeway(&open, "queue", "ls") != nil {
		return
	}
	for _, d := range open {
		if d.Code == "poison_post" && d.State == "uncertain" {
			r.t.Logf("a lane was held after three deaths: retried")
			var settled []any
			_ = r.causeway(&settled, "queue", "retry", fmt.Sprint(d.ID)) // tried again when it is still there
		}
	}
}

// check compares everything and returns the repeats of each lane. What is lost, out of order or strange is an error.
func (r *rig) check() (repeats []int) {
	r.t.Helper()
	posted := 0
	for _, l := range r.lanes() {
		t, err := r.look(r.ctx, l)
		r.must(err)
		posted += t.Posted
		if t.Lost > 0 || t.Disordered > 0 || len(t.Strange) > 0 {
			r.t.Errorf("%s to %s: of %d lost %d (%v), out of order %d, strange %d (%.5q)", l.from, l.to, t.Posted, t.Lost, t.Missing,
				t.Disordered, len(t.Strange), t.Strange)
		}
		repeats = append(repeats, t.Repeated)
	}
	if posted == 0 {
		r.t.Error("nobody wrote anything")
	}
	return repeats
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

// wantNoRepeats checks everything when no answer was lost.
func (r *rig) wantNoRepeats() {
	r.t.Helper()
	if repeats := r.check(); sum(repeats) > 0 {
		r.t.Errorf("repeats in the lanes: %v, want none", repeats)
	}
}

func TestTheCheckerObjects(t *testing.T) {
	said := func(text string) sim.Seen { return sim.Seen{Name: "Ana", Content: sim.Content{Text: text}} }
	copied := func(text string) sim.Seen {
		return sim.Seen{Account: "1", Name: "Causeway", Content: sim.Content{Text: "Ana\n" + text}}
	}
	from := sim.View{Messages: []sim.Seen{said("a"), said("b"), said("c")}}
	for _, c := range []struct {
		name string
		to   []sim.Seen
		want tally
	}{
		{"good", []sim.Seen{copied("a"), copied("b"), copied("c")}, tally{Tally: sim.Tally{Posted: 3, Arrived: 3}}},
		{"lost", []sim.Seen{copied("a"), copied("c")}, tally{Tally: sim.Tally{Posted: 3, Arrived: 2, Lost: 1, Missing: []string{"b"}}}},
		{"repeated", []sim.Seen{copied("a"), copied("b"), copied("b"), copied("c")}, tally{Tally: sim.Tally{Posted: 3, Arrived: 3, Repeated: 1}}},
		{"repeated late", []sim.Seen{copied("a"), copied("b"), copied("c"), copied("b")},
			tally{Tally: sim.Tally{Posted: 3, Arrived: 3, Repeated: 1, Disordered: 1}}},
		{"swapped", []sim.Seen{copied("b"), copied("a"), copied("c")}, tally{Tally: sim.Tally{Posted: 3, Arrived: 3, Disordered: 1}}},
		{"invented", []sim.Seen{copied("a"), copied("b"), copied("c"), copied("d")},
			tally{Tally: sim.Tally{Posted: 3, Arrived: 3}, Strange: []string{"Ana\nd"}}},
		{"wrong name", []sim.Seen{copied("a"), copied("b"), {Account: "1", Content: sim.Content{Text: "Ben\nc"}}},
			tally{Tally: sim.Tally{Posted: 3, Arrived: 3}, Strange: []string{"Ben\nc"}}},
		{"own words", []sim.Seen{copied("a"), copied("b"), said("c")},
			tally{Tally: sim.Tally{Posted: 3, Arrived: 2, Lost: 1, Missing: []string{"c"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, mirrored(from, sim.View{Messages: c.to})); diff != "" {
				t.Errorf("tally (-want +got):\n%s", diff)
			}
		})
	}
}
