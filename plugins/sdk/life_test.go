// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stub is a bridge of functions.
type stub struct {
	NoLookup
	NoMedia
	run     func(context.Context, *Session) error
	deliver func(context.Context, chat.Post) chat.Outcome
}

func (s stub) Describe() Description { return Description{Network: "stub"} }

func (s stub) Run(ctx context.Context, session *Session) error { return s.run(ctx, session) }

func (s stub) Deliver(ctx context.Context, p chat.Post) chat.Outcome { return s.deliver(ctx, p) }

// dialServer serves b in this process and gives the router's end.
func dialServer(t *testing.T, b Bridge) pb.BridgeClient {
	t.Helper()
	s := newServer(b, slog.New(slog.DiscardHandler))
	var exits atomic.Int32
	s.exit = func(int) { exits.Add(1) }
	g := s.grpcServer(nil)
	pb.RegisterBridgeServer(g, s)
	l := bufconn.Listen(1 << 16)
	go func() { _ = g.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); g.Stop() })
	return pb.NewBridgeClient(conn)
}

func openSession(t *testing.T, c pb.BridgeClient, dir string) pb.Bridge_SessionClient {
	t.Helper()
	stream, err := c.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	open := &pb.Open{Account: "a", Epoch: 3, StateDir: dir, SpoolDir: dir, Credit: &pb.Credit{Events: 10, Bytes: 1 << 20}}
	if err := stream.Send(&pb.SessionDown{Frame: &pb.SessionDown_Open{Open: open}}); err != nil {
		t.Fatal(err)
	}
	return stream
}

func untilDrained(ctx context.Context, _ *Session) error { <-ctx.Done(); return nil }

func TestFirstFrameMustBeOpen(t *testing.T) {
	c := dialServer(t, stub{run: untilDrained})
	stream, err := c.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.Send(&pb.SessionDown{Frame: &pb.SessionDown_Ping{}})
	if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v", err)
	}
}

func TestCallsOutsideASessionAreNotHandedOver(t *testing.T) {
	c := dialServer(t, stub{run: untilDrained, deliver: func(context.Context, chat.Post) chat.Outcome {
		t.Error("handed over")
		return chat.Outcome{}
	}})
	refused := func(when string, epoch uint64) {
		t.Helper()
		if _, err := c.Deliver(t.Context(), &pb.DeliverRequest{Epoch: epoch}); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("%s: %v", when, err)
		}
	}
	refused("before a session", 3)
	stream := openSession(t, c, t.TempDir())
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	refused("with another epoch", 2)
	_ = stream.Send(&pb.SessionDown{Frame: &pb.SessionDown_Drain{Drain: &pb.Drain{Grace: durationpb.New(time.Minute)}}})
	for {
		if _, err := stream.Recv(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	refused("after a drain", 3)
}

func TestEndOfRunEndsTheSession(t *testing.T) {
	for name, run := range map[string]func(context.Context, *Session) error{
		"error": func(context.Context, *Session) error { return errors.New("no route") },
		"nil":   func(context.Context, *Session) error { return nil },
		"panic": func(context.Context, *Session) error { panic("oh") },
	} {
		t.Run(name, func(t *testing.T) {
			stream := openSession(t, dialServer(t, stub{run: run}), t.TempDir())
			for {
				_, err := stream.Recv()
				if err == nil {
					continue
				}
				if status.Code(err) != codes.Aborted {
					t.Errorf("got %v", err)
				}
				return
			}
		})
	}
}

func TestFolderInUseEndsTheSession(t *testing.T) {
	dir := t.TempDir()
	lock, err := wire.Lock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := new(life).own(ctx, dir); !errors.Is(err, wire.ErrLocked) {
		t.Errorf("two processes work in one folder: %v", err)
	}
}

func TestDrainWaitsForCallsInFlight(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	c := dialServer(t, stub{run: untilDrained, deliver: func(context.Context, chat.Post) chat.Outcome {
		close(inside)
		<-leave
		return chat.DeliveredAs("1")
	}})
	stream := openSession(t, c, t.TempDir())
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	answer := make(chan *pb.DeliverResponse, 1)
	go func() {
		resp, _ := c.Deliver(t.Context(), &pb.DeliverRequest{Epoch: 3})
		answer <- resp
	}()
	<-inside
	_ = stream.Send(&pb.SessionDown{Frame: &pb.SessionDown_Drain{Drain: &pb.Drain{Grace: durationpb.New(time.Minute)}}})
	_ = stream.Send(&pb.SessionDown{Frame: &pb.SessionDown_Ping{Ping: &pb.Ping{}}})
	frame, err := stream.Recv()
	if err != nil || frame.GetPong().GetInFlight() != 1 {
		t.Fatalf("got %v, %v; want a pong with one call in flight", frame, err)
	}
	close(leave)
	if frame, err := stream.Recv(); err != nil || frame.GetDrained() == nil {
		t.Errorf("got %v, %v; want drained", frame, err)
	}
	if resp := <-answer; resp.GetOutcome().GetKind() != "delivered" {
		t.Errorf("answer %v", resp)
	}
}

func TestPairingAnswersThatNobodyReadsAreBounded(t *testing.T) {
	l := &life{session: &Session{input: make(chan PairInput, inputs)}}
	for i := range 3 * inputs {
		l.answer(PairInput{Value: string(rune('a' + i))})
	}
	if got := <-l.session.PairInput(); got.Value != string(rune('a'+2*inputs)) {
		t.Errorf("oldest answer kept: %q", got.Value)
	}
}

func TestCallEndsALittleBeforeItsDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	early, stop := answerBefore(ctx)
	defer stop()
	outer, _ := ctx.Deadline()
	inner, _ := early.Deadline()
	if d := outer.Sub(inner); d <= 0 || d > time.Second {
		t.Errorf("ends %s before", d)
	}
}
