// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"errors"
	"fmt"
	"slices"
	"testing"

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
