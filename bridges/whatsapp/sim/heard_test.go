// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// heard keeps what a client was told, in order.
type heard struct {
	mu     sync.Mutex
	list   []any
	more   chan struct{}
	refuse func(any) bool // what is not stored
}

func newHeard() *heard { return &heard{more: make(chan struct{})} }

func (h *heard) handle(ev any) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse != nil && h.refuse(ev) {
		return false
	}
	h.list = append(h.list, ev)
	close(h.more)
	h.more = make(chan struct{})
	return true
}

// setRefuse says what is not stored from now on.
func (h *heard) setRefuse(refuse func(any) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refuse = refuse
}

// take takes the first event that ok wants, and says when more came.
func (h *heard) take(ok func(any) bool) (any, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, ev := range h.list {
		if ok(ev) {
			h.list = append(h.list[:i:i], h.list[i+1:]...)
			return ev, nil
		}
	}
	return nil, h.more
}

// all lists the events of one kind that nobody took.
func all[E any](g *gadget) []E {
	g.heard.mu.Lock()
	defer g.heard.mu.Unlock()
	var out []E
	for _, ev := range g.heard.list {
		if e, ok := ev.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

func await[E any](g *gadget, what string) E {
	g.Helper()
	return awaitThat(g, what, func(E) bool { return true })
}

func awaitThat[E any](g *gadget, what string, ok func(E) bool) E {
	g.Helper()
	deadline := time.After(patience)
	for {
		ev, more := g.heard.take(func(ev any) bool {
			e, is := ev.(E)
			return is && ok(e)
		})
		if ev != nil {
			return ev.(E)
		}
		select {
		case <-more:
		case <-deadline:
			g.Fatalf("the client never heard %s; it heard %s", what, g.heard.kinds())
		}
	}
}

func (h *heard) kinds() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, ev := range h.list {
		out = append(out, fmt.Sprintf("%T", ev))
	}
	return strings.Join(out, ", ")
}
