// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"sync"

	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// maxInputs bounds pairing answers that wait to be sent.
const maxInputs = 16

// downlink holds what is to be sent to a bridge: of each kind only what counts now, so that a bridge that does not
// read makes nothing grow and nobody wait.
type downlink struct {
	wake chan struct{}

	mu     sync.Mutex
	ack    *pb.Ack
	pinged bool
	end    *pb.Drain
	inputs []*pb.PairInput
}

func newDownlink() *downlink { return &downlink{wake: make(chan struct{}, 1)} }

// run sends until ctx ends. Errors show at the receiving side.
func (d *downlink) run(ctx context.Context, stream pb.Bridge_SessionClient) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		}
		for _, frame := range d.take() {
			if stream.Send(frame) != nil {
				return
			}
		}
	}
}

// take empties the downlink.
func (d *downlink) take() []*pb.SessionDown {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*pb.SessionDown
	if d.ack != nil {
		out = append(out, &pb.SessionDown{Frame: &pb.SessionDown_Ack{Ack: d.ack}})
	}
	if d.pinged {
		out = append(out, &pb.SessionDown{Frame: &pb.SessionDown_Ping{Ping: &pb.Ping{}}})
	}
	for _, in := range d.inputs {
		out = append(out, &pb.SessionDown{Frame: &pb.SessionDown_PairInput{PairInput: in}})
	}
	if d.end != nil {
		out = append(out, &pb.SessionDown{Frame: &pb.SessionDown_Drain{Drain: d.end}})
	}
	d.ack, d.pinged, d.inputs, d.end = nil, false, nil, nil
	return out
}

func (d *downlink) put(change func()) {
	d.mu.Lock()
	change()
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *downlink) acked(a *pb.Ack)   { d.put(func() { d.ack = a }) }
func (d *downlink) ping()             { d.put(func() { d.pinged = true }) }
func (d *downlink) drain(f *pb.Drain) { d.put(func() { d.end = f }) }

// input reports false when too many answers wait already.
func (d *downlink) input(in *pb.PairInput) (ok bool) {
	d.put(func() {
		if ok = len(d.inputs) < maxInputs; ok {
			d.inputs = append(d.inputs, in)
		}
	})
	return ok
}
