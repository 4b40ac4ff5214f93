// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// said is a network's message.
type said struct {
	Line
	text string
}

// diary is a history with what a See of it needs.
type diary struct {
	*testing.T
	*History[*said]
	mu     sync.Mutex
	closed chan struct{}
	gone   []string // what was forgotten
}

func newDiary(t *testing.T, keep int) *diary {
	return &diary{T: t, History: NewHistory[*said](keep), closed: make(chan struct{})}
}

func (d *diary) say(texts ...string) (last *said) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, text := range texts {
		last = &said{text: text}
		for _, old := range d.Add(last) {
			d.gone = append(d.gone, old.text)
		}
	}
	return last
}

func (d *diary) look(in See) (View, *Waiter, error) {
	out := View{Cursor: d.Cursor()}
	for _, m := range d.Changed(in.Since) {
		out.Messages = append(out.Messages, Seen{Content: Content{Text: m.text}})
	}
	return out, d.Await(in, len(out.Messages)), nil
}

func (d *diary) see(ctx context.Context, in See) []string {
	v, err := Watch(ctx, &d.mu, d.closed, in, d.look)
	if err != nil {
		d.Error(err)
	}
	return v.Texts()
}

func (d *diary) want(what string, got []string, want ...string) {
	d.Helper()
	if !slices.Equal(got, want) {
		d.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestWhatChangedIsSeenOnceAndInOrder(t *testing.T) {
	d := newDiary(t, 100)
	a := d.say("a")
	d.say("b")
	b := d.Cursor()
	d.say("c")
	d.Touch(a)
	d.Touch(a)
	d.want("all", d.see(t.Context(), See{}), "a", "b", "c")
	d.want("what changed", d.see(t.Context(), See{Since: b}), "a", "c")
	d.want("nothing", d.see(t.Context(), See{Since: d.Cursor()}))
	if a.Place() != 1 || d.Placed() != 3 || new(said).Place() != 0 {
		t.Errorf("the first stands at %d, the last at %d", a.Place(), d.Placed())
	}
}

func TestAHistoryIsBounded(t *testing.T) {
	d := newDiary(t, 8)
	first := d.say("a")
	d.say("b", "c", "d", "e", "f", "g", "h", "i")
	d.want("a batch more", d.gone)
	since := d.Cursor()
	d.say("j")
	d.want("what was forgotten", d.gone, "a", "b")
	d.want("what is left", d.see(t.Context(), See{}), "c", "d", "e", "f", "g", "h", "i", "j")
	d.Touch(first)
	d.want("one that is forgotten changes", d.see(t.Context(), See{Since: since}), "j")
	for range 100 {
		d.Touch(d.All()[0])
	}
	if len(d.changes) > 2*(d.keep+d.keep/8) {
		t.Errorf("%d changes are kept", len(d.changes))
	}
	d.want("too long ago", d.see(t.Context(), See{Since: since}), "c", "d", "e", "f", "g", "h", "i", "j")
}

func TestASeeWaitsForAsMuchAsWasAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary(t, 100)
		got := make(chan []string, 1)
		go func() { got <- d.see(t.Context(), See{AtLeast: 2, Wait: time.Minute}) }()
		synctest.Wait()
		m := d.say("a")
		synctest.Wait()
		d.mu.Lock()
		d.Touch(m) // a change that brings no message
		d.mu.Unlock()
		synctest.Wait()
		if len(got) > 0 {
			t.Error("it was answered with one message")
		}
		d.say("b")
		d.want("woken", <-got, "a", "b")
		if len(d.waiters) > 0 {
			t.Errorf("%d wait on", len(d.waiters))
		}
	})
}

func TestASeeInVainEnds(t *testing.T) {
	for name, end := range map[string]func(d *diary, cancel func()) (after time.Duration){
		"when its time is over":        func(*diary, func()) time.Duration { return time.Minute },
		"when its client goes":         func(_ *diary, cancel func()) time.Duration { cancel(); return 0 },
		"when the simulator is closed": func(d *diary, _ func()) time.Duration { close(d.closed); return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDiary(t, 100)
				d.say("a")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				start, after := time.Now(), end(d, cancel)
				d.want("what there is", d.see(ctx, See{AtLeast: 2, Wait: time.Minute}), "a")
				if time.Since(start) != after || len(d.waiters) > 0 {
					t.Errorf("after %v, %d wait on", time.Since(start), len(d.waiters))
				}
			})
		})
	}
}

func TestALookThatFailsIsNoWait(t *testing.T) {
	d := newDiary(t, 100)
	_, err := Watch(t.Context(), &d.mu, d.closed, See{AtLeast: 1, Wait: time.Minute}, func(See) (View, *Waiter, error) {
		return View{}, nil, Because(ErrNotFound, "no chat")
	})
	if !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
