// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
)

const (
	maxLine  = 16 << 10 // bytes of one log line; the router cuts longer ones
	maxWords = 1 << 10  // bytes of the message of a line that was too long
	maxStack = 4 << 10
)

// newLog writes one JSON line per record, each in one write and none longer than maxLine. The router sorts out levels.
func newLog(w io.Writer) *slog.Logger {
	out := &lines{to: w}
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	return slog.New(&boundedHandler{Handler: slog.NewJSONHandler(&out.buf, options), out: out})
}

// lines is the place where records of all derived handlers meet.
type lines struct {
	mu  sync.Mutex
	to  io.Writer
	buf bytes.Buffer
}

// boundedHandler formats into the shared buffer, then writes the line or, if it is too long, its message alone.
type boundedHandler struct {
	slog.Handler
	out *lines
}

func (h *boundedHandler) Handle(ctx context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.buf.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	if h.out.buf.Len() > maxLine {
		h.out.buf.Reset()
		short := slog.NewRecord(r.Time, r.Level, cut(r.Message, maxWords), 0)
		short.AddAttrs(slog.Bool("cut", true))
		if err := slog.NewJSONHandler(&h.out.buf, nil).Handle(ctx, short); err != nil {
			return err
		}
	}
	_, err := h.out.to.Write(h.out.buf.Bytes())
	return err
}

func (h *boundedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &boundedHandler{Handler: h.Handler.WithAttrs(attrs), out: h.out}
}

func (h *boundedHandler) WithGroup(name string) slog.Handler {
	return &boundedHandler{Handler: h.Handler.WithGroup(name), out: h.out}
}

// cut shortens s to at most n bytes of valid UTF-8.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
