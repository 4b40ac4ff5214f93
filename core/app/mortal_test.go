// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
)

// mortal is a bridge over a simulated network that can be killed: what was in flight then has an unknown fate, and
// after a moment a new life begins, as a supervisor would start one.
type mortal struct {
	net     *lab.Network
	account chat.Account
	in      host.Intake
	watch   host.Watcher

	mu    sync.Mutex
	now   *lab.Bridge // nil between two lives
	death context.CancelFunc
	lives int
	doubt func() // hears of an answer that a death has swallowed
	// passes lets the router come to a moment, and reports whether it has died there.
	passes func(moment string) (died bool)
}

// Run begins life after life until ctx ends.
func (m *mortal) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		life, death := context.WithCancel(ctx)
		b := m.net.Connect(m.account, m.in, m.watch)
		m.set(b, death)
		err := b.Run(life)
		m.set(nil, func() {})
		death()
		if ctx.Err() != nil {
			return nil
		}
		m.watch.State(m.account, chat.State{State: chat.Down, Why: chat.Reason{Code: chat.CodeBridgeDied}, Since: time.Now()})
		_ = err // a death of our own making, or a store that is gone: in both cases the next life finds out
		pause(ctx, 200*time.Millisecond)
	}
	return nil
}

func (m *mortal) set(b *lab.Bridge, death context.CancelFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now, m.death = b, death
	m.lives++
}

// kill ends the life at once.
func (m *mortal) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil {
		return // between two lives
	}
	m.now = nil
	m.lives++
	m.death()
}

// Deliver calls the network. An answer that comes after a death is not heard.
func (m *mortal) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	m.mu.Lock()
	b, life := m.now, m.lives
	m.mu.Unlock()
	if b == nil {
		return chat.RetryAfter(0, chat.ScopeAccount, chat.Reason{Code: chat.CodeNotConnected})
	}
	if m.passes(dieBeforeSend) {
		return chat.UncertainFor(chat.Reason{Code: chat.CodeBridgeDied})
	}
	out := b.Deliver(ctx, p)
	if m.passes(dieAfterSend) {
		return chat.UncertainFor(chat.Reason{Code: chat.CodeBridgeDied})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if life == m.lives {
		return out
	}
	m.doubt()
	return chat.UncertainFor(chat.Reason{Code: chat.CodeBridgeDied})
}

// Lookup asks the network, if it can be asked, and the bridge lives.
func (m *mortal) Lookup(_ context.Context, key chat.PostKey) chat.Found {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil {
		return chat.Found{Kind: chat.FoundUnknown, AskAfter: time.Second}
	}
	return m.net.Lookup(key)
}

// PairInput has nobody to answer: nothing is paired here.
func (m *mortal) PairInput(string, string) error { return nil }

// FetchMedia finds nobody: what is said here has no attachments.
func (m *mortal) FetchMedia(context.Context, string, string, int64) (hash string, size int64, err error) {
	return "", 0, host.ErrNoMedia
}
