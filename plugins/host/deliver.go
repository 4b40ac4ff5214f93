// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// askAgain is when a look-up is worth another try after the bridge could not be asked.
const askAgain = 5 * time.Second

// Deliver makes one call to the network through the bridge and says what became of the post, before ctx's deadline or
// after CallDeadline without one. What certainly did not reach the bridge is a retry of scope account; what may have
// is uncertain.
func (b *Bridge) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	l := b.enter()
	if l == nil {
		return notConnected()
	}
	defer l.door.leave()
	req := &pb.DeliverRequest{Account: string(b.spec.Account), Epoch: l.epoch, Post: wire.PackPost(p)}
	if proto.Size(req) > b.opt.MaxMessage {
		return chat.RefusedFor(reason(CodePostTooLarge))
	}
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	var to peer.Peer // set once the call has a stream to the bridge
	resp, err := l.bridge.Deliver(ctx, req, grpc.Peer(&to))
	if err != nil {
		return verdict(ctx, err, to.Addr != nil)
	}
	out := wire.UnpackOutcome(resp.GetOutcome())
	if out.Kind == chat.Delivered || out.Kind == chat.Refused {
		l.progress.Store(true)
	}
	return out
}

func (b *Bridge) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, b.opt.CallDeadline)
}

func notConnected() chat.Outcome {
	return chat.RetryAfter(0, chat.ScopeAccount, reason(chat.CodeNotConnected))
}

// verdict tells what a failed call means. A bridge answers FAILED_PRECONDITION, and its server UNIMPLEMENTED, only for
// what was not handed over; the gRPC library itself never gives the former.
func verdict(ctx context.Context, err error, sent bool) chat.Outcome {
	code := status.Code(err)
	switch {
	case !sent, code == codes.FailedPrecondition, code == codes.Unimplemented:
		return notConnected()
	case code == codes.DeadlineExceeded, errors.Is(ctx.Err(), context.DeadlineExceeded):
		return chat.UncertainFor(reason(chat.CodeTimeout))
	case ctx.Err() != nil:
		return chat.UncertainFor(reason(chat.CodeRouterDied))
	case code == codes.ResourceExhausted, code == codes.Internal:
		return chat.UncertainFor(reason(CodeBadAnswer))
	}
	why := reason(chat.CodeBridgeDied)
	why.Sentence = "The bridge ended with the message in its hands; it may have been sent."
	return chat.UncertainFor(why)
}

// Lookup asks whether the post with this key was sent. When the bridge cannot be asked, the answer is unknown.
func (b *Bridge) Lookup(ctx context.Context, key chat.PostKey) chat.Found {
	unknown := chat.Found{Kind: chat.FoundUnknown, AskAfter: askAgain}
	l := b.enter()
	if l == nil {
		return unknown
	}
	defer l.door.leave()
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	resp, err := l.bridge.Lookup(ctx, &pb.LookupRequest{Account: string(b.spec.Account), Epoch: l.epoch, Key: string(key)})
	if err != nil {
		return unknown
	}
	return wire.UnpackFound(resp.GetFound())
}

// PairInput hands the answer to a pairing step to the bridge. It does not wait for the bridge to read it.
func (b *Bridge) PairInput(step, value string) error {
	l := b.enter()
	if l == nil {
		return ErrNotConnected
	}
	defer l.door.leave()
	clean := func(s string) string { return strings.ToValidUTF8(s, "") } // a person typed it; the wire carries UTF-8 alone
	if !l.down.input(&pb.PairInput{Step: clean(step), Value: clean(value)}) {
		return errors.New("too many answers wait for the bridge")
	}
	return nil
}

// FetchMedia lets the bridge copy the bytes behind ref into the file name of the spool folder, at most max bytes, and
// gives their SHA-256 and size. The file is synced. It may take as long as ctx lets it while bytes arrive; a minute
// (CallDeadline) without any ends it. Errors wrap ErrNotConnected, ErrNoMedia, ErrMediaGone or ErrMediaTooLarge; others
// are worth another try. The bridge removes what it did not finish, unless it dies.
func (b *Bridge) FetchMedia(ctx context.Context, ref, name string, max int64) (hash string, size int64, err error) {
	l := b.enter()
	if l == nil {
		return "", 0, ErrNotConnected
	}
	defer l.door.leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(b.opt.CallDeadline, cancel)
	defer silence.Stop()
	stream, err := l.bridge.FetchMedia(ctx, &pb.FetchMediaRequest{
		Account: string(b.spec.Account), Epoch: l.epoch, Ref: ref, Name: name, MaxBytes: max,
	})
	if err != nil {
		return "", 0, mediaError(err)
	}
	for {
		resp, err := stream.Recv()
		if err != nil {
			return "", 0, mediaError(err)
		}
		if done := resp.GetDone(); done != nil {
			return done.GetHash(), done.GetBytes(), nil
		}
		silence.Reset(b.opt.CallDeadline)
	}
}

func mediaError(err error) error {
	kinds := map[codes.Code]error{
		codes.FailedPrecondition: ErrNotConnected, codes.Unimplemented: ErrNoMedia,
		codes.NotFound: ErrMediaGone, codes.OutOfRange: ErrMediaTooLarge,
	}
	if kind, ok := kinds[status.Code(err)]; ok {
		return kind
	}
	return fmt.Errorf("fetch media: %w", err)
}
