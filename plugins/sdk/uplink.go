// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// sender is the upward half of the session's stream.
type sender interface{ Send(*pb.SessionUp) error }

// uplink numbers what goes up, keeps to the router's credit and knows what is acknowledged.
type uplink struct {
	stream  sender
	sending sync.Mutex // one Send at a time
	turn    chan struct{}
	ended   chan struct{} // closed by end

	mu     sync.Mutex
	credit credit
	seq    uint64 // of the last event that was handed up
	puts   uint64
	// unacked holds what is under way, oldest first; room is closed and replaced when it shrinks or the credit changes.
	unacked []*Pending
	used    credit
	room    chan struct{}
	saved   map[string][]byte
	over    bool
}

// credit counts events and bytes.
type credit struct{ events, bytes int64 }

// Pending tells when what was put is durable.
type Pending struct {
	put   uint64
	cost  credit
	state []chat.StateItem
	done  chan struct{} // closed when acknowledged
	ended <-chan struct{}
}

// Wait returns nil once the router has committed and synced everything that the Put handed up, else ctx's error or
// ErrEnded. After an error the events may be durable or not; the next life's Saved tells.
func (p *Pending) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.ended:
		return ErrEnded
	}
}

func newUplink(stream sender, open *pb.Open) *uplink {
	u := &uplink{
		stream: stream, turn: make(chan struct{}, 1), ended: make(chan struct{}), room: make(chan struct{}),
		seq: open.GetLastSeq(), saved: map[string][]byte{},
		credit: credit{events: open.GetCredit().GetEvents(), bytes: open.GetCredit().GetBytes()},
	}
	u.keep(wire.UnpackStateItems(open.GetState()))
	return u
}

func (u *uplink) keep(items []chat.StateItem) {
	for _, item := range items {
		u.saved[item.Key] = item.Value
	}
}

func (u *uplink) savedValue(key string) []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.saved[key]
}

// put hands up events in frames that each keep to the credit; the state goes with the last frame.
func (u *uplink) put(ctx context.Context, events []chat.Event, state []chat.StateItem) (*Pending, error) {
	select {
	case u.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-u.ended:
		return nil, ErrEnded
	}
	defer func() { <-u.turn }()
	if len(events) == 0 && len(state) == 0 {
		return u.settled(), nil
	}
	last := &pb.Put{State: wire.PackStateItems(state)}
	if proto.Size(last) > maxState {
		return nil, ErrStateTooLarge
	}
	return u.putFrames(ctx, events, last, state)
}

// putFrames hands up full frames and then the last one, which holds the state and what events fit besides.
func (u *uplink) putFrames(ctx context.Context, events []chat.Event, last *pb.Put, state []chat.StateItem) (*Pending, error) {
	for len(events) > 0 {
		frame, rest := u.nextFrame(events)
		if len(rest) == 0 && proto.Size(frame)+proto.Size(last) < wire.MaxMessage-wire.MaxPut {
			last.Events = frame.Events
			break
		}
		if _, err := u.hand(ctx, frame, nil); err != nil {
			return nil, err
		}
		events = rest
	}
	return u.hand(ctx, last, state)
}

// settled is a Pending for nothing at all.
func (u *uplink) settled() *Pending {
	p := &Pending{done: make(chan struct{}), ended: u.ended}
	close(p.done)
	return p
}

// nextFrame takes events for one frame: by number, and by size unless one alone is large.
func (u *uplink) nextFrame(events []chat.Event) (*pb.Put, []chat.Event) {
	frame, size := &pb.Put{}, 0
	for i, e := range events {
		packed := packBounded(e)
		n := proto.Size(packed)
		if i > 0 && (i == wire.MaxBatch || size+n > wire.MaxPut) {
			return frame, events[i:]
		}
		frame.Events, size = append(frame.Events, packed), size+n
	}
	return frame, nil
}

// maxState bounds the state items of one put, maxEvent one event; both leave room for the frame around them.
const (
	maxState = wire.MaxMessage - 2*wire.MaxPut
	maxEvent = wire.MaxMessage - wire.MaxPut
)

// packBounded writes an event. One that no message could hold becomes unknown, so that it never stalls the stream.
func packBounded(e chat.Event) *pb.Event {
	packed := wire.PackEvent(e)
	if proto.Size(packed) <= maxEvent {
		return packed
	}
	return wire.PackEvent(chat.Event{Key: e.Key, At: e.At, Chat: e.Chat, Group: e.Group, Body: chat.Unknown{Kind: wire.KindTooLarge}})
}

// hand waits for credit, numbers the frame and sends it.
func (u *uplink) hand(ctx context.Context, frame *pb.Put, state []chat.StateItem) (*Pending, error) {
	p := &Pending{
		state: state, done: make(chan struct{}), ended: u.ended,
		cost: credit{events: max(int64(len(frame.Events)), 1), bytes: int64(proto.Size(frame))},
	}
	if err := u.reserve(ctx, p); err != nil {
		return nil, err
	}
	u.number(frame, p)
	if err := u.send(&pb.SessionUp{Frame: &pb.SessionUp_Put{Put: frame}}); err != nil {
		return nil, ErrEnded
	}
	return p, nil
}

// reserve takes the credit for p, or waits until there is some. One put may always be under way.
func (u *uplink) reserve(ctx context.Context, p *Pending) error {
	for {
		u.mu.Lock()
		if len(u.unacked) == 0 || u.used.events+p.cost.events <= u.credit.events && u.used.bytes+p.cost.bytes <= u.credit.bytes {
			u.used.events += p.cost.events
			u.used.bytes += p.cost.bytes
			u.unacked = append(u.unacked, p)
			u.mu.Unlock()
			return nil
		}
		room := u.room
		u.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		case <-u.ended:
			return ErrEnded
		}
	}
}

// number is called by one goroutine at a time, in the order in which frames are sent.
func (u *uplink) number(frame *pb.Put, p *Pending) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.puts++
	p.put, frame.Id = u.puts, u.puts
	for _, e := range frame.Events {
		u.seq++
		e.Seq = u.seq
	}
}

// tell sends what needs no answer; when the stream is gone, the process soon is too.
func (u *uplink) tell(frame *pb.SessionUp) { _ = u.send(frame) }

// send is called by any goroutine. The router reads at all times, so it does not block for long.
func (u *uplink) send(frame *pb.SessionUp) error {
	u.sending.Lock()
	defer u.sending.Unlock()
	return u.stream.Send(frame)
}

// acked frees what the router has committed and keeps its state items for Saved.
func (u *uplink) acked(a *pb.Ack) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.unacked) > 0 && u.unacked[0].put != 0 && u.unacked[0].put <= a.GetThroughPut() {
		p := u.unacked[0]
		u.unacked = u.unacked[1:]
		u.used.events -= p.cost.events
		u.used.bytes -= p.cost.bytes
		u.keep(p.state)
		close(p.done)
	}
	u.wake()
}

func (u *uplink) setCredit(c *pb.Credit) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.credit = credit{events: c.GetEvents(), bytes: c.GetBytes()}
	u.wake()
}

// wake needs mu.
func (u *uplink) wake() {
	close(u.room)
	u.room = make(chan struct{})
}

// queued counts the events that are not acknowledged.
func (u *uplink) queued() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.used.events
}

func (u *uplink) lastSeq() uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seq
}

// end fails all that wait.
func (u *uplink) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.over {
		u.over = true
		close(u.ended)
	}
}
