// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// bodies lists the texts of the messages among events.
func bodies(events []chat.Event) (out []string) {
	for _, e := range events {
		if m, ok := e.Body.(chat.MessageNew); ok {
			out = append(out, m.Content.Text.Body)
		}
	}
	return out
}

func (l *lab) untilText(t testing.TB, text string) {
	t.Helper()
	l.until(t, "text "+text, func() bool {
		for _, b := range bodies(l.events) {
			if b == text {
				return true
			}
		}
		return false
	})
}

// polls are the offsets that Telegram was told, once it has been told one beyond the last update.
func (l *lab) polls(t testing.TB, beyond int64) []int64 {
	t.Helper()
	var out []int64
	deadline := time.After(time.Minute)
	for {
		l.server.mu.Lock()
		out = append(out[:0], l.offsets...)
		changed := l.server.changed
		l.server.mu.Unlock()
		if len(out) > 0 && out[len(out)-1] >= beyond {
			return out
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("offsets %v never passed %d", out, beyond)
		}
	}
}

func TestUpdatesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var want []string
	for n := range 350 {
		want = append(want, fmt.Sprint("text ", n))
		l.push(textUpdate(1000+n, n+1, want[n]))
	}
	l.untilText(t, want[349])
	if diff := cmp.Diff(want, bodies(l.untilEvents(t, 351))); diff != "" {
		t.Error(diff)
	}
	if got := l.polls(t, 1350); got[0] != 0 {
		t.Errorf("the first poll of a new account has offset %d", got[0])
	}
	if string(l.Saved(itemOffset)) != "1350" {
		t.Errorf("saved offset %s", l.Saved(itemOffset))
	}
}

// TestOffsetPassesOnlyWhatIsDurable lets the router fail: what it did not store comes again in the next life.
func TestOffsetPassesOnlyWhatIsDurable(t *testing.T) {
	t.Parallel()
	broken := errors.New("the router is gone")
	var stored atomic.Int32
	l := newLab(t, func(l *lab) {
		l.fail = func() error {
			if stored.Add(1) > 1 {
				return broken
			}
			return nil
		}
	})
	l.push(textUpdate(10, 1, "a"))
	l.untilText(t, "a")
	l.polls(t, 11)
	l.push(textUpdate(11, 2, "b"), textUpdate(12, 3, "c"))
	deadline := time.After(time.Minute)
	for stored.Load() < 2 {
		select {
		case <-deadline:
			t.Fatal("nothing was stored again")
		case <-time.After(time.Millisecond):
		}
	}
	if err := l.stop(); !errors.Is(err, broken) {
		t.Errorf("Run ended with %v", err)
	}
	if got := l.polls(t, 0); got[len(got)-1] != 11 {
		t.Errorf("offsets %v passed what is not durable", got)
	}
	next := newLab(t, func(n *lab) { n.saved = l.saved })
	next.push(textUpdate(10, 1, "a"), textUpdate(11, 2, "b"), textUpdate(12, 3, "c"))
	next.untilText(t, "c")
	if diff := cmp.Diff([]string{"b", "c"}, bodies(next.untilEvents(t, 3))); diff != "" {
		t.Error(diff)
	}
}

func TestDrainStoresWhatWasRead(t *testing.T) {
	t.Parallel()
	release, asked := make(chan struct{}), make(chan struct{}, 1)
	l := newLab(t, func(l *lab) {
		l.fail = func() error {
			select {
			case asked <- struct{}{}:
			default:
			}
			<-release
			return nil
		}
	})
	l.push(textUpdate(10, 1, "a"))
	<-asked
	ended := make(chan error)
	go func() { ended <- l.stop() }()
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := bodies(l.events); len(got) != 1 || string(l.Saved(itemOffset)) != "11" {
		t.Errorf("stored %v, offset %s", got, l.Saved(itemOffset))
	}
}

func TestUpdateIDsMayStartAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.push(textUpdate(900, 1, "a"))
	l.untilText(t, "a")
	l.server.mu.Lock()
	l.updates = nil
	l.server.mu.Unlock()
	var once atomic.Bool
	l.on("getUpdates", func(w http.ResponseWriter, r *http.Request) { // beyond the tail the head is given
		if once.Swap(true) {
			<-r.Context().Done()
			return
		}
		say(200, `{"ok":true,"result":[`+textUpdate(5, 2, "b")+`]}`)(w, r)
	})
	l.untilText(t, "b")
	l.until(t, "the lower offset", func() bool { return string(l.saved[itemOffset]) == "6" })
}

func TestFirstCallsPrepareThePolling(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.connected(t)
	l.push(textUpdate(10, 1, "a"))
	l.untilText(t, "a")
	l.polls(t, 11)
	l.server.mu.Lock()
	first := []string{l.calls[0].method, l.calls[1].method, l.calls[2].method}
	l.server.mu.Unlock()
	if diff := cmp.Diff([]string{"getMe", "deleteWebhook", "getUpdates"}, first); diff != "" {
		t.Error(diff)
	}
	if drop, ok := l.last(t, "deleteWebhook").args["drop_pending_updates"]; ok && drop != false {
		t.Error("what waits in the queue is thrown away")
	}
	poll := l.last(t, "getUpdates")
	want := []any{"message", "edited_message", "channel_post", "edited_channel_post", "message_reaction", "message_reaction_count", "my_chat_member", "chat_member", "poll", "poll_answer"}
	if diff := cmp.Diff(want, poll.args["allowed_updates"]); diff != "" || poll.text("limit") != "100" || poll.text("timeout") != "1" {
		t.Errorf("%v %s", poll.args, diff)
	}
}

func TestPoisonNeverStopsTheStream(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.push(textUpdate(10, 1, "before"),
		`{"update_id":11,"message_reaction":{"chat":{"id":-1001,"type":"supergroup"},"message_id":1,"date":1,"user":{"id":5},"new_reaction":[{"type":"smell"}]}}`,
		`{"update_id":12,"message":{"message_id":2,"chat":{"id":-1001,"type":"supergroup"},"hologram":{}}}`,
		`{"update_id":13,"message":"not an object"}`,
		`{"update_id":14}`,
		textUpdate(15, 3, "after"))
	l.untilText(t, "after")
	unknown := 0
	for _, e := range l.untilEvents(t, 7) {
		if u, ok := e.Body.(chat.Unknown); ok && len(u.Raw) > 0 {
			unknown++
		}
	}
	if unknown != 4 {
		t.Errorf("%d of 4 went up as unknown", unknown)
	}
	l.polls(t, 16)
}

// TestAnswerThatIsBrokenIsPassed feeds answers that no JSON reader takes.
func TestAnswerThatIsBrokenIsPassed(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]string{
		"in its first update": `{"update_id":10,"message":{"text":"\x"}}`,
		"after a whole one":   textUpdate(9, 1, "whole") + `,{"update_id":10,"message":{"text":"\x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, func(l *lab) {
				l.on("getUpdates", func(w http.ResponseWriter, r *http.Request) {
					c := request{args: readArgs(r)}
					switch c.text("offset") {
					case "11":
						say(200, `{"ok":true,"result":[`+textUpdate(11, 2, "after")+`]}`)(w, r)
					case "12":
						<-r.Context().Done()
					case "10":
						say(200, `{"ok":true,"result":[{"update_id":10,"message":{"text":"\x"}}]}`)(w, r)
					default:
						say(200, `{"ok":true,"result":[`+broken+`]}`)(w, r)
					}
				})
			})
			l.untilText(t, "after")
			var raw string
			for _, e := range l.untilEvents(t, 2) {
				if u, ok := e.Body.(chat.Unknown); ok {
					raw += string(u.Raw)
				}
			}
			if !strings.Contains(raw, `{"update_id":10,"message":{"text":"\x"}}`) {
				t.Errorf("the broken bytes did not go up: %q", raw)
			}
		})
	}
}

// TestAnswerThatBreaksOffLosesNothing cuts answers at random places.
func TestAnswerThatBreaksOffLosesNothing(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var cuts atomic.Int32
	l := newLab(t)
	var want []string
	for n := range 200 {
		want = append(want, fmt.Sprint("text ", n))
		l.push(textUpdate(10+n, n+1, want[n]))
	}
	at := make([]int, 15) // each lets ten texts through at most
	for i := range at {
		at[i] = r.IntN(1000)
	}
	l.on("getUpdates", func(w http.ResponseWriter, q *http.Request) {
		c := request{args: readArgs(q)}
		n := int(cuts.Add(1)) - 1
		if n >= len(at) {
			l.poll(w, q, c)
			return
		}
		whole := &cutWriter{ResponseWriter: w, left: at[n]}
		l.poll(whole, q, c)
	})
	l.untilText(t, want[199])
	if diff := cmp.Diff(want, bodies(l.untilEvents(t, 201))); diff != "" {
		t.Error(diff)
	}
	if int(cuts.Load()) < len(at) {
		t.Errorf("only %d answers were cut", cuts.Load())
	}
}

// cutWriter hangs up after so many bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if len(p) < c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestAbsenceOfMoreThanADayIsAGap(t *testing.T) {
	t.Parallel()
	seen := time.Now().Add(-30 * time.Hour).Truncate(time.Second)
	l := newLab(t, func(l *lab) { l.saved[itemSeen] = fmt.Append(nil, seen.Unix()) })
	l.push(textUpdate(10, 1, "a"))
	l.untilText(t, "a")
	first := l.stored()[0]
	gap, ok := first.Body.(chat.Gap)
	if !ok || !gap.From.Equal(seen) || gap.To.Sub(seen).Round(time.Minute) != 6*time.Hour || first.Key == "" {
		t.Errorf("%+v", first)
	}
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	next := newLab(t, func(n *lab) { n.saved = l.saved })
	next.push(textUpdate(11, 2, "b"))
	next.untilText(t, "b")
	for _, e := range next.stored() {
		if _, ok := e.Body.(chat.Gap); ok {
			t.Error("the gap is told twice")
		}
	}
}

func TestShortAbsenceIsNoGap(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]cursor{"a new account": {}, "an hour": {seen: now.Add(-time.Hour)}, "a clock that went back": {seen: now.Add(time.Hour)}} {
		if got := gap(c, now); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
