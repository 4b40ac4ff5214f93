// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// holds makes the router refuse what is said in a chat, until it is lifted.
func (l *lab) holds(c control.ChatID) (asked <-chan struct{}) {
	told := make(chan struct{}, 1)
	l.router.setHold(func(events []chat.Event) error {
		if !slices.ContainsFunc(events, func(ev chat.Event) bool { return string(ev.Chat) == string(c) }) {
			return nil
		}
		select {
		case told <- struct{}{}:
		default:
		}
		return errors.New("the store is shut")
	})
	return told
}

func (l *lab) confirmed(texts []string) (n int) {
	l.Helper()
	ledger, err := l.people.Ledger(l.Context())
	l.must(err)
	for _, e := range ledger.Posted {
		if slices.Contains(texts, e.Text) && e.Confirmed > 0 {
			n++
		}
	}
	return n
}

func TestNothingIsConfirmedBeforeItIsStored(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "stored")
	l.hearsText("stored")
	asked := l.holds(c)
	var want []string
	for i := range 10 {
		want = append(want, fmt.Sprintf("not stored at first %d", i))
		l.tell(c, want[i])
	}
	<-asked
	if n := l.confirmed(want); n > 0 {
		t.Errorf("%d messages are confirmed and not stored", n)
	}
	l.router.setHold(nil)
	l.hearsText(want[9])
	if diff := cmp.Diff(append([]string{"stored"}, want...), l.texts(c)); diff != "" {
		t.Error(diff)
	}
}

func TestAForcedDisconnectLosesNothing(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	var want []string
	for i := range 30 {
		if i%10 == 5 {
			l.state(chat.Connected, "")
			l.struck(l.fault(control.Fault{Kind: control.OutageReset, Count: 1}))
		}
		want = append(want, fmt.Sprintf("message %d", i))
		l.tell(c, want[i])
	}
	l.hearsText(want[29])
	if diff := cmp.Diff(want, l.texts(c)); diff != "" {
		t.Error(diff)
	}
}

// backlog is how many messages wait in TestWhatWaitedComesInOrder. From 2,049 on the library would let them overtake each other.
var backlog = flag.Int("backlog", 300, "messages that wait")

func TestWhatWaitedComesInOrder(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "live")
	l.hearsText("live")
	l.stop()
	want := []string{"live"}
	for i := range *backlog {
		want = append(want, fmt.Sprintf("waiting %d", i))
		l.tell(c, want[i+1])
	}
	l.router.setHold(func([]chat.Event) error { // a router that takes its time
		<-time.After(time.Millisecond)
		return nil
	})
	l.start()
	l.awaitFor(patience+time.Duration(*backlog)*50*time.Millisecond, "all that waited", func(r *router) bool { return r.heard() >= len(want) })
	if diff := cmp.Diff(want, l.texts(c)); diff != "" {
		t.Error(diff)
	}
	l.state(chat.Connected, "")
}
