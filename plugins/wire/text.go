// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// words makes text fit for the wire, which carries UTF-8 alone. Each bad byte becomes one replacement character, so
// that spans still count right.
func words(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// id makes an id fit for the wire. Bad bytes are written out, so that different ids stay different.
func id[T ~string](v T) string {
	if utf8.ValidString(string(v)) {
		return string(v)
	}
	var b strings.Builder
	for s := string(v); s != ""; {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

func ids[T ~string](in []T) []string { return each(in, id[T]) }

func unpackIDs[T ~string](in []string) []T { return each(in, func(s string) T { return T(s) }) }

// each converts a slice; an empty one becomes nil.
func each[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

func packTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// unpackTime reads nil and nonsense as the zero time.
func unpackTime(t *timestamppb.Timestamp) time.Time {
	if t == nil || t.CheckValid() != nil {
		return time.Time{}
	}
	return t.AsTime()
}

func packDuration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func unpackDuration(d *durationpb.Duration) time.Duration {
	if d == nil || d.CheckValid() != nil {
		return 0
	}
	return d.AsDuration()
}

func packText(t chat.Text) *pb.Text {
	if t.Body == "" && len(t.Spans) == 0 {
		return nil
	}
	return &pb.Text{Body: words(t.Body), Spans: each(t.Spans, packSpan)}
}

func packSpan(s chat.Span) *pb.Span {
	return &pb.Span{
		Start: int64(s.Start), End: int64(s.End), Kind: id(s.Kind), Value: words(s.Value), User: id(s.User),
	}
}

// unpackText leaves out spans that do not lie inside the body, so that nobody after it has to check.
func unpackText(t *pb.Text) chat.Text {
	out := chat.Text{Body: t.GetBody()}
	if len(t.GetSpans()) == 0 {
		return out
	}
	length := int64(utf8.RuneCountInString(out.Body))
	for _, s := range t.GetSpans() {
		if s.GetStart() < 0 || s.GetEnd() > length || s.GetStart() >= s.GetEnd() {
			continue
		}
		out.Spans = append(out.Spans, unpackSpan(s))
	}
	return out
}

func unpackSpan(s *pb.Span) chat.Span {
	return chat.Span{
		Start: int(s.GetStart()), End: int(s.GetEnd()), Kind: chat.SpanKind(s.GetKind()),
		Value: s.GetValue(), User: chat.RemoteUser(s.GetUser()),
	}
}
