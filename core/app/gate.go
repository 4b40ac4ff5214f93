// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// The bounds of what is fetched at once, per account.
const (
	maxFetching = 4
	maxStalled  = 60
)

// A fetch that brings nothing for stalledAfter gives its place to another, and goes on beside it. It is looked at that often.
const (
	stalledAfter = 2 * time.Second
	stalledLook  = stalledAfter / 4
)

// errTurnedOut ends a fetch that brings nothing, for the sake of one that waits. It is tried again.
var errTurnedOut = errors.New("nothing came, and others wait")

// gate lets a few fetches of an account work at once. Those that bring nothing stand aside, where there is more room; when
// that is full too, who has stood there longest is turned out as soon as others wait. Chats take turns, so files of one
// chat that all hang keep nobody else's waiting for long.
type gate struct {
	mu     sync.Mutex
	active int
	aside  []*place // the first has stood there longest
	lines  []*line  // the first has the next turn; none is empty
}

// line is who waits for files of one chat.
type line struct {
	chat  chat.ChatID
	turns []chan struct{} // closed when it is one's turn
}

func (p *porter) gate(a chat.Account) *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[a]
	if g == nil {
		g = &gate{}
		p.gates[a] = g
	}
	return g
}

// enter waits for a place for a file of a chat.
func (g *gate) enter(ctx context.Context, from chat.ChatID) (*place, error) {
	turn := g.queue(from)
	select {
	case <-turn:
		p := &place{gate: g}
		p.ctx, p.end = context.WithCancelCause(ctx)
		return p, nil
	case <-ctx.Done():
		g.forgo(from, turn)
		return nil, ctx.Err()
	}
}

func (g *gate) queue(from chat.ChatID) (turn chan struct{}) {
	turn = make(chan struct{})
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := g.lineOf(from); i >= 0 {
		g.lines[i].turns = append(g.lines[i].turns, turn)
	} else {
		g.lines = append(g.lines, &line{chat: from, turns: []chan struct{}{turn}})
	}
	g.admit()
	return turn
}

func (g *gate) lineOf(from chat.ChatID) int {
	return slices.IndexFunc(g.lines, func(l *line) bool { return l.chat == from })
}

// forgo leaves the line, or gives the place back if it was one's turn after all.
func (g *gate) forgo(from chat.ChatID, turn chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.lineOf(from)
	if i < 0 || !slices.Contains(g.lines[i].turns, turn) {
		g.active--
		g.admit()
		return
	}
	l := g.lines[i]
	l.turns = slices.DeleteFunc(l.turns, func(t chan struct{}) bool { return t == turn })
	if len(l.turns) == 0 {
		g.lines = slices.Delete(g.lines, i, i+1)
	}
}

// admit gives places to those who wait: to the first of each chat in turn.
func (g *gate) admit() {
	for g.active < maxFetching && len(g.lines) > 0 {
		g.active++
		l := g.lines[0]
		g.lines = g.lines[1:]
		close(l.turns[0])
		if l.turns = l.turns[1:]; len(l.turns) > 0 {
			g.lines = append(g.lines, l)
		}
	}
}

// turnOut ends the fetch that has stood aside longest, if there is one.
func (g *gate) turnOut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnOutFirst()
}

func (g *gate) turnOutFirst() {
	if len(g.aside) > 0 {
		g.aside[0].end(errTurnedOut)
	}
}

// place is one fetch at work, within ctx. One goroutine leaves; another may yield before.
type place struct {
	gate *gate
	ctx  context.Context
	end  context.CancelCauseFunc
}

// yield stands aside, and reports whether it does. Without room there, room is made if others wait.
func (p *place) yield() bool {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case len(g.aside) < maxStalled:
		g.active--
		g.aside = append(g.aside, p)
		g.admit()
		return true
	case len(g.lines) > 0:
		g.turnOutFirst()
	}
	return false
}

// leave gives the place back.
func (p *place) leave() {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	p.end(nil)
	if i := slices.Index(g.aside, p); i >= 0 {
		g.aside = slices.Delete(g.aside, i, i+1)
	} else {
		g.active--
	}
	g.admit()
}
