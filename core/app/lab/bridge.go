// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
)

// Bridge is one life of the network's account, as the router sees a bridge process.
type Bridge struct {
	net     *Network
	account chat.Account
	in      host.Intake
	watch   host.Watcher
	epoch   uint64
	told    Outage // what the bridge has said last of the way to the network
}

// Connect makes a bridge for an account of this network.
func (n *Network) Connect(a chat.Account, in host.Intake, w host.Watcher) *Bridge {
	return &Bridge{net: n, account: a, in: in, watch: w}
}

// Run hands events up, at least once and in order, until ctx ends.
func (b *Bridge) Run(ctx context.Context) error {
	open, err := b.in.Open(ctx, b.account)
	if err != nil {
		return err
	}
	b.begin(open.Epoch)
	b.watch.Capabilities(b.account, "", b.net.Profile.Caps)
	b.tellState()
	seq := open.LastSeq
	for ctx.Err() == nil {
		if b.news() {
			b.tellState()
		}
		n := b.handUp(ctx, seq)
		seq += uint64(n)
		if n == 0 {
			b.rest(ctx)
		}
	}
	return ctx.Err()
}

// begin fences every older life.
func (b *Bridge) begin(epoch uint64) {
	b.net.mu.Lock()
	defer b.net.mu.Unlock()
	b.epoch, b.net.epoch = epoch, epoch
}

// handUp stores up to 20 waiting events and forgets them once they are acknowledged. It returns how many those were.
func (b *Bridge) handUp(ctx context.Context, seq uint64) int {
	b.net.mu.Lock()
	batch := append([]chat.Event(nil), b.net.inbox[:min(20, len(b.net.inbox))]...)
	cut := b.net.outage.Cut || b.net.outage.Deaf
	b.net.mu.Unlock()
	if len(batch) == 0 || cut {
		return 0
	}
	for i := range batch {
		batch[i].Seq = seq + uint64(i) + 1
	}
	if err := b.in.Store(ctx, b.account, b.epoch, batch, nil); err != nil {
		return 0
	}
	return b.acknowledge(len(batch))
}

// acknowledge forgets events, unless the acknowledgement is lost: then they come again, which the router must notice.
func (b *Bridge) acknowledge(n int) int {
	b.net.mu.Lock()
	defer b.net.mu.Unlock()
	if b.net.strikes("ack_lost", 20) {
		return n // the router has them under these numbers; the same events come again under new ones
	}
	b.net.inbox = b.net.inbox[n:]
	return n
}

// rest waits for news, or a little while when something was refused.
func (b *Bridge) rest(ctx context.Context) {
	var again <-chan time.Time
	if b.net.Waiting() > 0 && !b.net.Out() {
		again = time.After(100 * time.Millisecond)
	}
	select {
	case <-b.net.news:
	case <-again:
	case <-ctx.Done():
	}
}

// Deliver makes one call: it waits for the network's latency, strikes or accepts, and says what a bridge can know.
func (b *Bridge) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	if o, ok := b.arrive(p); !ok {
		return o
	}
	defer b.leave(p.Chat)
	if !b.travel(ctx) {
		return chat.UncertainFor(chat.Reason{Code: chat.CodeTimeout})
	}
	return b.net.take(b, p)
}

// Lookup is not offered by any of the profiles.
func (b *Bridge) Lookup(context.Context, chat.PostKey) chat.Found {
	return chat.Found{Kind: chat.FoundUnknown}
}

// PairInput has nobody to answer: nothing is paired here.
func (b *Bridge) PairInput(string, string) error { return nil }

// FetchMedia has nothing to fetch: nobody here posts media.
func (b *Bridge) FetchMedia(context.Context, string, string, int64) (hash string, size int64, err error) {
	return "", 0, host.ErrNoMedia
}

// arrive checks what must hold for every call, and refuses those of a life that is over.
func (b *Bridge) arrive(p chat.Post) (chat.Outcome, bool) {
	n := b.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if b.epoch != n.epoch {
		n.struck["stale_epoch"]++
		return chat.RetryAfter(0, chat.ScopeAccount, chat.Reason{Code: chat.CodeNotConnected}), false
	}
	conv := n.chat(p.Chat)
	if conv.inFlight {
		n.breach("two calls in flight in chat %s", p.Chat)
	}
	if time.Now().Before(conv.resting) {
		n.impolite++
	}
	conv.inFlight = true
	return chat.Outcome{}, true
}

func (b *Bridge) leave(c chat.RemoteChat) {
	b.net.mu.Lock()
	defer b.net.mu.Unlock()
	b.net.chat(c).inFlight = false
}

func (b *Bridge) travel(ctx context.Context) bool {
	b.net.mu.Lock()
	latency := b.net.faults.Latency
	b.net.mu.Unlock()
	if latency == 0 {
		return true
	}
	select {
	case <-time.After(latency):
		return true
	case <-ctx.Done():
		return false
	}
}
