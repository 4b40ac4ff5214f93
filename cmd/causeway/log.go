// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"

	"github.com/causeway-chat/causeway/config"
)

// logger writes to standard error as the config says. Where that stream leads to the systemd journal, lines have no time,
// which the journal adds, and a priority in front, which it reads (sd-daemon(3)).
func (c *cli) logger(cfg config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Level)) // the config has checked it
	opt := &slog.HandlerOptions{Level: level}
	switch {
	case cfg.Format == "json":
		return slog.New(slog.NewJSONHandler(c.err, opt))
	case cfg.Format != "text" && c.toJournal():
		return slog.New(newJournal(c.err, opt))
	}
	return slog.New(slog.NewTextHandler(c.err, opt))
}

// toJournal reports whether standard error is the journal's: JOURNAL_STREAM names its device and inode.
func (c *cli) toJournal() bool {
	f, ok := c.err.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && c.env("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// journal is a text handler that puts the journal's priority before each line.
type journal struct {
	slog.Handler
	out *prefixed
}

func newJournal(w io.Writer, opt *slog.HandlerOptions) slog.Handler {
	out := &prefixed{w: w}
	text := *opt
	text.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && isTimeOrLevel(a) {
			return slog.Attr{}
		}
		return a
	}
	return journal{slog.NewTextHandler(out, &text), out}
}

// isTimeOrLevel tells the record's own time and level from attributes that are called so.
func isTimeOrLevel(a slog.Attr) bool {
	_, level := a.Value.Any().(slog.Level)
	return a.Key == slog.LevelKey && level || a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime
}

// Handle writes one line under its priority.
func (j journal) Handle(ctx context.Context, r slog.Record) error {
	j.out.mu.Lock()
	defer j.out.mu.Unlock()
	j.out.prefix = priority(r.Level)
	return j.Handler.Handle(ctx, r)
}

// WithAttrs keeps the priority.
func (j journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journal{j.Handler.WithAttrs(attrs), j.out}
}

// WithGroup keeps the priority.
func (j journal) WithGroup(name string) slog.Handler {
	return journal{j.Handler.WithGroup(name), j.out}
}

func priority(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "<3>"
	case l >= slog.LevelWarn:
		return "<4>"
	case l >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}

// prefixed puts a prefix before what is written. Its lock is held by whoever sets the prefix.
type prefixed struct {
	mu     sync.Mutex
	w      io.Writer
	prefix string
}

// Write writes prefix and line in one call, so that lines of several processes do not mix.
func (p *prefixed) Write(line []byte) (int, error) {
	var b bytes.Buffer
	b.WriteString(p.prefix)
	b.Write(line)
	if _, err := p.w.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(line), nil
}
