// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// tape is a stream that keeps what was sent.
type tape struct {
	puts []*pb.Put
	err  error
}

func (t *tape) Send(f *pb.SessionUp) error {
	if p := f.GetPut(); p != nil && t.err == nil {
		t.puts = append(t.puts, proto.CloneOf(p))
	}
	return t.err
}

func newTestUplink(credit *pb.Credit) (*uplink, *tape) {
	t := &tape{}
	return newUplink(t, &pb.Open{LastSeq: 10, Credit: credit, State: []*pb.StateItem{{Key: "cursor", Value: []byte("old")}}}), t
}

func some(n, size int) []chat.Event {
	out := make([]chat.Event, n)
	for i := range out {
		out[i] = chat.Event{Key: chat.EventKey(fmt.Sprint(i)), Body: chat.Unknown{Raw: make([]byte, size)}}
	}
	return out
}

func TestPutNumbersAfterTheLastDurableEvent(t *testing.T) {
	u, tape := newTestUplink(&pb.Credit{Events: 1000, Bytes: 1 << 30})
	for range 2 {
		if _, err := u.put(context.Background(), some(300, 1), []chat.StateItem{{Key: "cursor", Value: []byte("new")}}); err != nil {
			t.Fatal(err)
		}
	}
	seq := uint64(10)
	for i, p := range tape.puts {
		if p.Id != uint64(i+1) || len(p.Events) > wire.MaxBatch {
			t.Errorf("frame %d: put %d with %d events", i, p.Id, len(p.Events))
		}
		for _, e := range p.Events {
			if seq++; e.Seq != seq {
				t.Fatalf("event %d where %d belongs", e.Seq, seq)
			}
		}
		if last := i%2 == 1; last != (len(p.State) == 1) {
			t.Errorf("frame %d of a put holds %d state items", i, len(p.State))
		}
	}
	if len(tape.puts) != 4 || seq != 610 {
		t.Errorf("%d frames, last event %d", len(tape.puts), seq)
	}
}

func TestPutSplitsBySizeAndReplacesWhatNoMessageHolds(t *testing.T) {
	u, tape := newTestUplink(&pb.Credit{Events: 1000, Bytes: 1 << 30})
	if _, err := u.put(context.Background(), append(some(3, wire.MaxPut*2/3), some(1, wire.MaxMessage)...), nil); err != nil {
		t.Fatal(err)
	}
	if len(tape.puts) != 3 {
		t.Errorf("%d frames", len(tape.puts))
	}
	last := tape.puts[len(tape.puts)-1].Events
	if u, ok := wire.UnpackEvent(last[len(last)-1]).Body.(chat.Unknown); !ok || u.Kind != wire.KindTooLarge {
		t.Errorf("the large event became %.100v", last[len(last)-1])
	}
}

func TestLargeStateTravelsAloneOrIsRefused(t *testing.T) {
	u, tape := newTestUplink(&pb.Credit{Events: 1000, Bytes: 1 << 30})
	state := func(n int) chat.StateItem { return chat.StateItem{Key: "k", Value: make([]byte, n)} }
	if _, err := u.put(context.Background(), some(1, 10<<20), []chat.StateItem{state(10 << 20)}); err != nil {
		t.Fatal(err)
	}
	for _, p := range tape.puts {
		if proto.Size(p) > wire.MaxMessage {
			t.Errorf("frame of %d bytes", proto.Size(p))
		}
	}
	if _, err := u.put(context.Background(), nil, []chat.StateItem{state(wire.MaxMessage)}); !errors.Is(err, ErrStateTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestPutWaitsForCredit(t *testing.T) {
	for name, credit := range map[string]*pb.Credit{"events": {Events: 2, Bytes: 1 << 30}, "bytes": {Events: 1000, Bytes: 250}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, tape := newTestUplink(credit)
				go func() {
					for range 6 {
						if _, err := u.put(context.Background(), some(1, 100), nil); err != nil {
							t.Error(err)
						}
					}
				}()
				for want := 2; want <= 6; want++ {
					synctest.Wait()
					if len(tape.puts) != want {
						t.Fatalf("%d frames are up, want %d", len(tape.puts), want)
					}
					u.acked(&pb.Ack{ThroughPut: uint64(want - 1), ThroughSeq: uint64(10 + want - 1)})
				}
			})
		})
	}
}

func TestOnePutMayAlwaysBeUnderWay(t *testing.T) {
	u, tape := newTestUplink(&pb.Credit{})
	if _, err := u.put(context.Background(), some(5, 10), nil); err != nil || len(tape.puts) != 1 {
		t.Errorf("%d frames, %v", len(tape.puts), err)
	}
}

func TestMoreCreditFreesAWaitingPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, tape := newTestUplink(&pb.Credit{Events: 1, Bytes: 1 << 20})
		go func() {
			for range 3 {
				_, _ = u.put(context.Background(), some(1, 1), nil)
			}
		}()
		synctest.Wait()
		u.setCredit(&pb.Credit{Events: 3, Bytes: 1 << 20})
		synctest.Wait()
		if len(tape.puts) != 3 {
			t.Errorf("%d frames", len(tape.puts))
		}
	})
}

func TestPendingEndsWithItsAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, _ := newTestUplink(&pb.Credit{Events: 10, Bytes: 1 << 20})
		first, _ := u.put(context.Background(), some(1, 1), nil)
		second, _ := u.put(context.Background(), some(1, 1), []chat.StateItem{{Key: "cursor", Value: []byte("new")}})
		u.acked(&pb.Ack{ThroughPut: 1, ThroughSeq: 11})
		if err := first.Wait(context.Background()); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := second.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || string(u.savedValue("cursor")) != "old" {
			t.Errorf("got %v with cursor %s", err, u.savedValue("cursor"))
		}
		u.acked(&pb.Ack{ThroughPut: 2, ThroughSeq: 12})
		if err := second.Wait(ctx); err != nil || string(u.savedValue("cursor")) != "new" || u.queued() != 0 {
			t.Errorf("got %v with cursor %s and %d queued", err, u.savedValue("cursor"), u.queued())
		}
	})
}

func TestEndFailsAllThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, tape := newTestUplink(&pb.Credit{Events: 1, Bytes: 1 << 20})
		pending, _ := u.put(context.Background(), some(1, 1), nil)
		results := make(chan error, 3)
		go func() { results <- pending.Wait(context.Background()) }()
		for range 2 { // one waits for credit, one for its turn
			go func() {
				_, err := u.put(context.Background(), some(1, 1), nil)
				results <- err
			}()
		}
		synctest.Wait()
		u.end()
		u.end()
		for range 3 {
			if err := <-results; !errors.Is(err, ErrEnded) {
				t.Errorf("got %v", err)
			}
		}
		tape.err = errors.New("stream is gone")
		empty, err := u.put(context.Background(), nil, nil)
		if err == nil && empty.Wait(context.Background()) != nil {
			t.Error("nothing at all is not durable")
		}
	})
}

func TestPutGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, tape := newTestUplink(&pb.Credit{Events: 1, Bytes: 1 << 20})
		_, _ = u.put(context.Background(), some(1, 1), nil)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := u.put(ctx, some(1, 1), []chat.StateItem{{Key: "k"}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		u.acked(&pb.Ack{ThroughPut: 1})
		if p, err := u.put(context.Background(), some(1, 1), nil); err != nil || p.put != 2 || len(tape.puts) != 2 {
			t.Errorf("the next put: %v, %v", p, err)
		}
	})
}

func TestLogLinesAreBoundedAndOneWriteEach(t *testing.T) {
	w := &writes{}
	log := newLog(w).With("chat", "c").WithGroup("g")
	log.Debug("small", "n", 1)
	log.Warn("large", "text", strings.Repeat("x", 2*maxLine))
	log.Error(strings.Repeat("y", 2*maxLine))
	if len(*w) != 3 {
		t.Fatalf("%d writes", len(*w))
	}
	for _, line := range *w {
		if len(line) > maxLine || !strings.HasSuffix(line, "}\n") || strings.Count(line, "\n") != 1 {
			t.Errorf("line of %d bytes: %.80s", len(line), line)
		}
	}
	if !strings.Contains((*w)[0], `"chat":"c","g":{"n":1}`) || !strings.Contains((*w)[1], `"msg":"large","cut":true`) {
		t.Errorf("got %q", (*w)[:2])
	}
}

type writes []string

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, string(p))
	return len(p), nil
}
