// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	maxLogLine     = 16 << 10 // bytes of one line; the rest of a longer one is read away
	maxLogText     = 4 << 10  // bytes of one attribute
	maxRawLine     = 200      // bytes of a line that is not structured
	maxLogAttrs    = 32
	linesPerSecond = 100
)

// lineLog turns a bridge's standard error into records. It never blocks the bridge for longer than the log's handler
// takes, holds one line in memory, and passes on a bounded number of lines per second.
type lineLog struct {
	log *slog.Logger
	now func() time.Time

	second  time.Time // the window that passed counts in
	passed  int
	dropped int
	trace   bool // the lines of a crash follow
}

func newLineLog(log *slog.Logger, now func() time.Time) *lineLog { return &lineLog{log: log, now: now} }

func (l *lineLog) warn(msg string, args ...any) { l.log.Warn(msg, args...) }

// pump reads lines until the pipe ends. It is the only goroutine that uses the counters.
func (l *lineLog) pump(r io.Reader) {
	br := bufio.NewReaderSize(r, maxLogLine)
	for {
		line, err := br.ReadSlice('\n')
		if len(line) > 0 && l.admit() {
			l.write(line)
		}
		for err == bufio.ErrBufferFull { // the start of the line was taken
			_, err = br.ReadSlice('\n')
		}
		if err != nil {
			l.tellDropped()
			return
		}
	}
}

// admit counts, and tells at the begin of a second what the last one lost.
func (l *lineLog) admit() bool {
	if now := l.now().Truncate(time.Second); !now.Equal(l.second) {
		l.tellDropped()
		l.second, l.passed = now, 0
	}
	if l.passed++; l.passed > linesPerSecond {
		l.dropped++
		return false
	}
	return true
}

func (l *lineLog) tellDropped() {
	if l.dropped > 0 {
		l.log.Warn("bridge logs too much; lines were dropped", "lines", l.dropped)
		l.dropped = 0
	}
}

func (l *lineLog) write(line []byte) {
	text := strings.TrimSpace(string(line))
	if text == "" {
		return
	}
	fields := object(text)
	if msg, ok := word(fields, "msg", "@message"); ok {
		level, _ := word(fields, "level", "@level")
		l.record(level, msg, fields)
		return
	}
	l.raw(text)
}

// object reads a line that is one JSON object, nil for any other. Whole numbers stay whole: as a fraction a count would be
// written with an exponent, and an id would lose its last digits.
func object(text string) (fields map[string]any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if text[0] != '{' || d.Decode(&fields) != nil || d.InputOffset() < int64(len(text)) {
		return nil
	}
	return fields
}

// beginsTrace knows the first line of what Go's runtime writes when a program crashes, or is killed so that it tells where it is.
var beginsTrace = regexp.MustCompile(`^(panic|fatal error|SIG(ABRT|BUS|FPE|ILL|QUIT|SEGV|SYS|TRAP)): `)

// raw passes on a line that has no structure. Such lines come from libraries and may hold anything, so they are for
// debugging; those of a crash are what its report needs.
func (l *lineLog) raw(text string) {
	l.trace = l.trace || beginsTrace.MatchString(text)
	level := slog.LevelDebug
	if l.trace {
		level = slog.LevelError
	}
	l.log.Log(context.Background(), level, "bridge wrote a line", "line", cut(text, maxRawLine))
}

// word takes the first of the keys that holds a string.
func word(fields map[string]any, keys ...string) (string, bool) {
	for _, key := range keys {
		if s, ok := fields[key].(string); ok {
			return s, true
		}
	}
	return "", false
}

func (l *lineLog) record(level, msg string, fields map[string]any) {
	var at slog.Level
	if at.UnmarshalText([]byte(level)) != nil {
		at = slog.LevelInfo
	}
	var attrs []slog.Attr
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if bookkeeping(key) || len(attrs) == maxLogAttrs {
			continue
		}
		attrs = append(attrs, slog.Any(cut(key, 64), bounded(fields[key])))
	}
	l.log.LogAttrs(context.Background(), at, cut(msg, maxLogText), attrs...)
}

// bookkeeping keys are the router's own to set.
func bookkeeping(key string) bool {
	switch key {
	case "time", "level", "msg", "@timestamp", "@level", "@message", "account", "plugin", "source":
		return true
	}
	return false
}

// bounded keeps plain values; what is nested becomes its JSON.
func bounded(v any) any {
	switch v := v.(type) {
	case string:
		return cut(v, maxLogText)
	case bool, nil:
		return v
	case json.Number:
		return number(v)
	}
	b, _ := json.Marshal(v)
	return cut(string(b), maxLogText)
}

// number is a fraction where it was written as one, and as it was written where it does not fit.
func number(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if f, err := n.Float64(); err == nil && strings.ContainsAny(n.String(), ".eE") {
		return f
	}
	return cut(n.String(), maxLogText)
}

func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
