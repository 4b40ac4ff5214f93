// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

const (
	lockPatience = 3 * time.Second
	exitPatience = 5 * time.Second // for the router to reap the process after its session
	inputs       = 16              // pairing answers that wait
	maxError     = 1000            // bytes of an error that the router is told
)

var (
	errDrain    = errors.New("drain")
	errPanicked = errors.New("the bridge panicked")
)

// life is the one session of this process.
type life struct {
	session *Session
	up      *uplink
	ctx     context.Context // Run's
	stop    context.CancelCauseFunc
	lock    *os.File // kept open as long as the process lives

	mu      sync.Mutex
	running bool
	calls   int
	idle    chan struct{} // closed when no call is in flight after running has become false
	grace   time.Duration
}

// Session runs the bridge until it is drained or fails. Its end is the end of the process.
func (s *server) Session(stream pb.Bridge_SessionServer) error {
	open, err := firstFrame(stream)
	if err != nil {
		return err
	}
	l, err := s.begin(stream, open)
	if err != nil {
		return err
	}
	defer func() { time.AfterFunc(exitPatience, func() { s.exit(exitSession) }) }()
	defer l.up.end()
	if err := l.own(stream.Context(), open.GetStateDir()); err != nil {
		return status.Error(codes.Aborted, err.Error())
	}
	if err := l.up.send(&pb.SessionUp{Frame: &pb.SessionUp_Opened{Opened: &pb.Opened{Epoch: open.GetEpoch()}}}); err != nil {
		return err
	}
	go l.listen(stream)
	return s.finish(l, s.run(l))
}

// own locks the account's folder for this process.
func (l *life) own(ctx context.Context, dir string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	l.lock, err = wire.Lock(ctx, dir)
	return err
}

func firstFrame(stream pb.Bridge_SessionServer) (*pb.Open, error) {
	frame, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	if frame.GetOpen() == nil {
		return nil, status.Error(codes.InvalidArgument, "the first frame must be open")
	}
	return frame.GetOpen(), nil
}

// begin fences: a process has one session in its life.
func (s *server) begin(stream pb.Bridge_SessionServer, open *pb.Open) (*life, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "this process has had its session, of epoch %d", s.life.session.Epoch())
	}
	l := &life{up: newUplink(stream, open), idle: make(chan struct{}), running: true}
	l.ctx, l.stop = context.WithCancelCause(stream.Context())
	l.session = &Session{open: open, log: s.log, up: l.up, input: make(chan PairInput, inputs)}
	s.life = l
	return l, nil
}

// run calls the bridge's Run; a panic is an error.
func (s *server) run(l *life) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.logPanic("run", v)
			err = fmt.Errorf("%w: %s", errPanicked, chat.PanicText(v))
		}
	}()
	return s.bridge.Run(l.ctx, l.session)
}

// finish closes the door, waits for calls in flight if this is a drain, and tells the router how it ended.
func (s *server) finish(l *life, err error) error {
	drained := context.Cause(l.ctx) == errDrain
	l.close()
	if !drained {
		l.stop(ErrEnded)
		if err == nil {
			err = errors.New("the bridge stopped by itself")
		}
		return status.Error(codes.Aborted, cut(err.Error(), maxError))
	}
	if err != nil {
		s.log.Warn("bridge ended its drain with an error", "err", cut(err.Error(), maxError))
	}
	l.awaitIdle()
	return l.up.send(&pb.SessionUp{Frame: &pb.SessionUp_Drained{Drained: &pb.Drained{LastSeq: l.up.lastSeq()}}})
}

// listen handles the router's frames until the stream ends. Frames that are new to it are skipped.
func (l *life) listen(stream pb.Bridge_SessionServer) {
	defer l.up.end()
	for {
		frame, err := stream.Recv()
		if err != nil {
			l.stop(ErrEnded)
			return
		}
		switch f := frame.GetFrame().(type) {
		case *pb.SessionDown_Ack:
			l.up.acked(f.Ack)
		case *pb.SessionDown_Credit:
			l.up.setCredit(f.Credit)
		case *pb.SessionDown_Ping:
			_ = l.up.send(l.pong())
		case *pb.SessionDown_Drain:
			l.drain(f.Drain.GetGrace().AsDuration())
		case *pb.SessionDown_PairInput:
			l.answer(PairInput{Step: f.PairInput.GetStep(), Value: f.PairInput.GetValue()})
		}
	}
}

func (l *life) pong() *pb.SessionUp {
	l.mu.Lock()
	calls := l.calls
	l.mu.Unlock()
	return &pb.SessionUp{Frame: &pb.SessionUp_Pong{Pong: &pb.Pong{Queued: l.up.queued(), InFlight: int64(calls)}}}
}

// answer forgets the oldest answer when nobody reads them.
func (l *life) answer(in PairInput) {
	for {
		select {
		case l.session.input <- in:
			return
		default:
		}
		select {
		case <-l.session.input:
		default:
		}
	}
}

// drain closes the door for new calls and ends Run's ctx.
func (l *life) drain(grace time.Duration) {
	l.mu.Lock()
	l.grace = grace
	l.mu.Unlock()
	l.close()
	l.stop(errDrain)
}

// enter admits a call, unless the session is ending.
func (l *life) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.running {
		return false
	}
	l.calls++
	return true
}

func (l *life) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls--
	if !l.running && l.calls == 0 {
		close(l.idle)
	}
}

// close admits no more calls.
func (l *life) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running && l.calls == 0 {
		close(l.idle)
	}
	l.running = false
}

// awaitIdle waits for the calls in flight, at most as long as the router does.
func (l *life) awaitIdle() {
	l.mu.Lock()
	grace := l.grace
	l.mu.Unlock()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-l.idle:
	case <-timer.C:
	case <-l.up.ended:
	}
}
