// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// answerPatience is for answers that a bridge gave just before it said that it is drained. A busy machine may need it; a post
// whose answer is not there by then is uncertain.
const answerPatience = 3 * time.Second

// life is one session with one process.
type life struct {
	*running
	spec   Spec
	opt    Options
	log    *slog.Logger
	watch  Watcher
	in     *intake
	down   *downlink
	stream pb.Bridge_SessionClient
	ctx    context.Context // of the stream
	stop   context.CancelCauseFunc
	epoch  uint64

	unanswered atomic.Int32 // heartbeats
	beats      atomic.Int64 // heartbeats that were answered
	inFlight   atomic.Int64 // calls, as the bridge said last
	progress   atomic.Bool  // an event was acknowledged or a post settled
	asked      atomic.Bool  // to drain
	drained    bool         // as it was asked to; read by the goroutine that receives
	door       *door
	state      *account
}

// open opens the session: the first frames of both sides. It blocks until ctx ends at the latest.
func (l *life) open(ctx context.Context, opening Opening) *fault {
	stop := context.AfterFunc(ctx, func() { l.stop(context.Cause(ctx)) })
	defer stop()
	var err error
	if l.stream, err = l.bridge.Session(l.ctx); err != nil {
		return crash(CodeBridgeDied, "open session: %w", err)
	}
	if err := l.stream.Send(l.openFrame(opening)); err != nil && err != io.EOF { // io.EOF: Recv tells why
		return crash(CodeBridgeDied, "open session: %w", err)
	}
	frame, err := l.stream.Recv()
	if err != nil {
		return crash(CodeBridgeDied, "open session: %w", err)
	}
	if frame.GetOpened().GetEpoch() != l.epoch {
		return crash(CodeProtocolViolation, "the first frame was not opened with epoch %d", l.epoch)
	}
	return nil
}

func (l *life) openFrame(o Opening) *pb.SessionDown {
	return &pb.SessionDown{Frame: &pb.SessionDown_Open{Open: &pb.Open{
		Account: string(l.spec.Account), Epoch: o.Epoch, Config: l.spec.Config, State: wire.PackStateItems(o.State),
		LastSeq: o.LastSeq, Credit: &pb.Credit{Events: int64(l.opt.Credit), Bytes: l.opt.CreditBytes},
		StateDir: l.spec.StateDir, SpoolDir: l.spec.SpoolDir,
	}}}
}

// run receives until the session ends and says why, nil after a drain. When ctx ends it drains first.
func (l *life) run(ctx context.Context) *fault {
	stored := make(chan struct{})
	go func() {
		defer close(stored)
		l.in.run(l)
	}()
	var helpers sync.WaitGroup
	helpers.Go(func() { l.down.run(l.ctx, l.stream) })
	helpers.Go(l.beat)
	helpers.Go(func() { l.drainAfter(ctx) })
	f := l.receive()
	l.stop(io.EOF)
	l.door.close()
	if l.drained {
		l.door.wait(answerPatience) // their answers may still be on the way
	}
	l.kill()
	helpers.Wait()
	l.in.close(l.opt.DrainGrace)
	<-stored
	if f == nil && !l.drained {
		f = crash(CodeBridgeStopped, "the bridge ended its session")
	}
	return f
}

// receive handles frames until the stream ends.
func (l *life) receive() *fault {
	for {
		frame, err := l.stream.Recv()
		if err == nil {
			if f := l.guarded(frame); f != nil {
				return f
			}
			continue
		}
		var own *fault
		switch cause := context.Cause(l.ctx); {
		case errors.As(cause, &own):
			return own
		case err == io.EOF, l.drained:
			return nil
		default:
			return streamFault(err)
		}
	}
}

// guarded is the edge: a frame that we fail to handle ends the life of the bridge that sent it, and not the router.
func (l *life) guarded(frame *pb.SessionUp) (f *fault) {
	defer func() {
		if v := recover(); v != nil {
			l.log.Error("a frame of the bridge could not be handled: panic", "err", chat.PanicText(v), "stack", string(debug.Stack()))
			f = crash(CodeProtocolViolation, "a frame could not be handled")
		}
	}()
	return l.handle(frame)
}

// handle must not block: acknowledgements, heartbeats and outcomes wait behind it. New frames are skipped.
func (l *life) handle(frame *pb.SessionUp) *fault {
	a := l.spec.Account
	switch f := frame.GetFrame().(type) {
	case *pb.SessionUp_Put:
		if err := l.in.add(f.Put); err != nil {
			return crash(CodeProtocolViolation, "%w", err)
		}
	case *pb.SessionUp_Pong:
		l.unanswered.Store(0)
		l.beats.Add(1)
		l.inFlight.Store(f.Pong.GetInFlight())
	case *pb.SessionUp_State:
		l.state.said(wire.UnpackState(f.State))
	case *pb.SessionUp_Capabilities:
		l.capabilities(f.Capabilities)
	case *pb.SessionUp_Settled:
		l.progress.Store(true)
		l.watch.Settled(a, chat.PostKey(f.Settled.GetKey()), wire.UnpackOutcome(f.Settled.GetOutcome()))
	case *pb.SessionUp_PairStep:
		l.watch.PairStep(a, wire.UnpackPairStep(f.PairStep))
	case *pb.SessionUp_Self:
		l.watch.Self(a, wire.UnpackSelf(f.Self))
	case *pb.SessionUp_Drained:
		if l.drained = l.asked.Load(); !l.drained {
			return crash(CodeProtocolViolation, "it says that it is drained, and was not asked to drain")
		}
	}
	return nil
}

func (l *life) capabilities(c *pb.ChatCapabilities) {
	caps, err := wire.UnpackCapabilities(c.GetCapabilities())
	if err != nil {
		l.log.Warn("capabilities cannot be read; the last ones hold", "err", err)
		return
	}
	l.watch.Capabilities(l.spec.Account, chat.RemoteChat(c.GetChat()), caps)
}

// beat asks for signs of life until the session ends, or ends it.
func (l *life) beat() {
	ticker := time.NewTicker(l.opt.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		if int(l.unanswered.Add(1)) > l.opt.missedBeats {
			l.stop(crash(CodeBridgeSilent, "no answer to %d heartbeats", l.opt.missedBeats))
			return
		}
		l.down.ping()
	}
}

// drainAfter asks the bridge to finish once ctx ends, and ends the session if it does not within the grace.
func (l *life) drainAfter(ctx context.Context) {
	select {
	case <-l.ctx.Done():
		return
	case <-ctx.Done():
	}
	l.asked.Store(true)
	l.down.drain(&pb.Drain{Grace: durationpb.New(l.opt.DrainGrace)})
	timer := time.NewTimer(l.opt.DrainGrace + l.opt.DrainGrace/10)
	defer timer.Stop()
	select {
	case <-l.ctx.Done():
	case <-timer.C:
		l.stop(misfit(CodeBridgeSilent, "the drain took longer than %s", l.opt.DrainGrace))
	}
}

// streamFault tells what the end of the stream means. A bridge that gives up says why in the status.
func streamFault(err error) *fault {
	switch status.Code(err) {
	case codes.Aborted, codes.FailedPrecondition:
		return crash(CodeBridgeStopped, "%w", err)
	case codes.ResourceExhausted:
		return crash(CodeProtocolViolation, "message over the cap: %w", err)
	}
	return crash(CodeBridgeDied, "%w", err)
}
