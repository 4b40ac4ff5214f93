// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// codePanic is the code of a post whose Deliver panicked.
const codePanic = "bridge_panic"

// Describe answers from the bridge, before any session.
func (s *server) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	d := s.bridge.Describe()
	return wire.PackDescription(wire.Description(d)), nil
}

// Deliver refuses with FAILED_PRECONDITION what it has not handed over; after that only an outcome is answered.
func (s *server) Deliver(ctx context.Context, req *pb.DeliverRequest) (*pb.DeliverResponse, error) {
	l, err := s.enter(req.GetEpoch())
	if err != nil {
		return nil, err
	}
	defer l.leave()
	ctx, cancel := answerBefore(ctx)
	defer cancel()
	return &pb.DeliverResponse{Outcome: wire.PackOutcome(s.deliver(ctx, wire.UnpackPost(req.GetPost())))}, nil
}

// deliver makes the bridge's call; a panic after hand-over leaves the post's fate open.
func (s *server) deliver(ctx context.Context, p chat.Post) (out chat.Outcome) {
	defer func() {
		if v := recover(); v != nil {
			s.logPanic("deliver", v)
			out = chat.UncertainFor(chat.Reason{
				Code: codePanic, Sentence: "The bridge failed inside while it sent the message.",
				Action: "Report the panic in the log to the bridge's authors.",
			})
		}
	}()
	return s.bridge.Deliver(ctx, p)
}

// Lookup asks the bridge.
func (s *server) Lookup(ctx context.Context, req *pb.LookupRequest) (*pb.LookupResponse, error) {
	l, err := s.enter(req.GetEpoch())
	if err != nil {
		return nil, err
	}
	defer l.leave()
	ctx, cancel := answerBefore(ctx)
	defer cancel()
	found := s.bridge.Lookup(ctx, chat.PostKey(req.GetKey()))
	return &pb.LookupResponse{Found: wire.PackFound(found)}, nil
}

// enter admits a call to the running session of this epoch.
func (s *server) enter(epoch uint64) (*life, error) {
	s.mu.Lock()
	l := s.life
	s.mu.Unlock()
	if l == nil {
		return nil, status.Error(codes.FailedPrecondition, "no session runs")
	}
	if l.session.Epoch() != epoch {
		return nil, status.Errorf(codes.FailedPrecondition, "epoch %d is stale: this is %d", epoch, l.session.Epoch())
	}
	if !l.enter() {
		return nil, status.Error(codes.FailedPrecondition, "the session is ending")
	}
	return l, nil
}

// answerBefore ends ctx a little before its deadline, so that "I do not know" still reaches the router.
func answerBefore(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := time.Until(deadline)
	return context.WithDeadline(ctx, deadline.Add(-min(left/10, wire.AnswerMargin)))
}

// guardUnary is the edge of every unary call: a panic becomes an error.
func (s *server) guardUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	s.once.Do(s.first)
	defer s.guard(info.FullMethod, &err)
	return next(ctx, req)
}

// guardStream is the edge of every stream.
func (s *server) guardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	s.once.Do(s.first)
	defer s.guard(info.FullMethod, &err)
	return next(srv, stream)
}

func (s *server) guard(where string, err *error) {
	if v := recover(); v != nil {
		s.logPanic(where, v)
		*err = status.Error(codes.Internal, "the bridge failed inside")
	}
}

// logPanic keeps what may be logged of the value, and the stack.
func (s *server) logPanic(where string, v any) {
	s.log.Error("panic in the bridge", "where", where, "value", chat.PanicText(v), "stack", cut(string(debug.Stack()), maxStack))
}
