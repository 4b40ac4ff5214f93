// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

// The conditions that no luck brings about, each met by a scenario of its own.
const (
	metLetGo    = "a doubtful post is let go"
	metExpired  = "a message disappears before it arrives"
	metUnwanted = "a backlog is let go"
	metDropped  = "an operator drops a delivery"
	metDigest   = "a digest stands for a backlog"
	metRefused  = "a lane passes a refused message"
	metBreaker  = "the breaker opens"
	metClosed   = "an event closes the breaker"
	metStuck    = "a call does not end"
	metPressure = "the store's queue is filled over 75 %"
	metCrowd    = "more than 50 writes in one commit"
	metOrphan   = "a file that nothing names is swept"
)

// forced are the scenarios. What each says it has met is compared with the register afterwards.
var forced = map[string]struct {
	change func(*blackout)
	run    func(*blackout)
}{
	metLetGo:    {func(w *blackout) { w.link(telegram, func(l *config.Link) { l.OnUncertain = "drop" }) }, (*blackout).loseAnAnswer},
	metExpired:  {asItIs, (*blackout).letOneExpire},
	metUnwanted: {func(w *blackout) { w.link(whatsapp, func(l *config.Link) { l.CatchUp = "none" }) }, (*blackout).wantNoBacklog},
	metDropped:  {asItIs, (*blackout).dropOne},
	metDigest:   {wantsDigests, (*blackout).sumUp},
	metRefused:  {func(w *blackout) { w.spoil = refusesOne }, (*blackout).passOne},
	metBreaker:  {asItIs, (*blackout).openBreaker},
	metStuck:    {func(w *blackout) { w.stick() }, (*blackout).watchStuck},
	metCrowd:    {func(w *blackout) { w.queue = 128 }, (*blackout).crowdTheStore},
	metOrphan:   {asItIs, (*blackout).leaveAnOrphan},
}

// TestRareConditionsAreMetByForce plays what the random simulation meets by luck alone, or never.
func TestRareConditionsAreMetByForce(t *testing.T) {
	met := lab.NewSometimes(metLetGo, metExpired, metUnwanted, metDropped, metDigest, metRefused, metBreaker, metClosed, metStuck,
		metPressure, metCrowd, metOrphan)
	for name, c := range forced {
		t.Run(name, func(t *testing.T) {
			inBlackout(t, func(w *blackout) { w.sometimes = met; c.change(w) }, c.run)
		})
	}
	if missing := met.Missing(); len(missing) > 0 {
		t.Errorf("never met: %q", missing)
	}
	t.Log("how often each was met:", met)
}

// meets counts a condition if it is there.
func (w *blackout) meets(what string, there bool) {
	if there {
		w.sometimes.Met(what)
	}
}

// link changes how an account's chat stands in the lobby.
func (w *blackout) link(a chat.Account, change func(*config.Link)) {
	links := w.cfg.Rooms["room0"].Chats
	for i := range links {
		if links[i].Chat.Account == string(a) {
			change(&links[i])
		}
	}
}

// endings counts the deliveries to an account that ended in a state other than delivered.
func (w *blackout) endings(a chat.Account, state chat.DeliveryState) (n int) {
	page, err := w.engine.store.Queue(w.t.Context(), store.QueueFilter{Ended: true, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, it := range page.Items {
		if it.Chat.Account == a && it.State == state {
			n++
		}
	}
	return n
}

// saysAndShows has somebody write and wants it on the other networks.
func (w *blackout) saysAndShows(from chat.Account, on ...chat.Account) {
	w.t.Helper()
	w.say(from)
	w.pass(time.Minute)
	for _, a := range on {
		if text := w.said[len(w.said)-1].text; strings.Count(w.shown(a), text+"\n") != 1 {
			w.t.Errorf("%s does not show %q once", a, text)
		}
	}
}

func (w *blackout) loseAnAnswer() {
	w.nets[telegram].SetFaults(lab.Faults{LoseReply: 1})
	w.say(signal)
	w.pass(time.Minute)
	w.meets(metLetGo, w.endings(telegram, chat.DeliveryDiscarded) == 1)
	w.nets[telegram].SetFaults(lab.Faults{})
	w.saysAndShows(signal, telegram, whatsapp)
}

func (w *blackout) letOneExpire() {
	w.nets[whatsapp].SetOutage(cut)
	w.nets[telegram].SayFor(lobby, "ana", "gone in a minute", time.Minute)
	w.pass(10 * time.Minute)
	w.nets[whatsapp].SetOutage(lab.Outage{})
	w.pass(10 * time.Minute)
	w.meets(metExpired, w.endings(whatsapp, chat.DeliveryExpired) == 1 && !strings.Contains(w.shown(whatsapp), "gone"))
	w.saysAndShows(telegram, whatsapp, signal)
}

func (w *blackout) wantNoBacklog() {
	w.nets[whatsapp].SetOutage(cut)
	w.talkFor(10*time.Minute, telegram)
	w.nets[whatsapp].SetOutage(lab.Outage{})
	w.pass(10 * time.Minute)
	w.meets(metUnwanted, w.endings(whatsapp, chat.DeliveryExpired) > 50)
	w.saysAndShows(telegram, whatsapp, signal)
}

func (w *blackout) dropOne() {
	w.nets[whatsapp].SetOutage(cut)
	w.talkFor(30*time.Second, telegram)
	waiting, err := w.engine.store.Queue(w.t.Context(), store.QueueFilter{})
	if err != nil || len(waiting.Items) < 3 {
		w.t.Fatalf("%d wait, %v", len(waiting.Items), err)
	}
	if err := newDesk(w.engine, w.cfg).Drop(w.t.Context(), waiting.Items[1].ID, "ana"); err != nil {
		w.t.Fatal(err)
	}
	w.nets[whatsapp].SetOutage(lab.Outage{})
	w.pass(10 * time.Minute)
	w.meets(metDropped, w.endings(whatsapp, chat.DeliveryDiscarded) == 1)
	if dropped := w.said[1].text; strings.Contains(w.shown(whatsapp), dropped+"\n") {
		w.t.Errorf("%q was dropped, and shown", dropped)
	}
}

// wantsDigests lets WhatsApp take files, and its chat want digests.
func wantsDigests(w *blackout) {
	caps := &w.nets[whatsapp].Profile.Caps
	caps.Media = map[chat.MediaKind]chat.MediaLimit{chat.File: {Level: chat.Full}}
	caps.Text.Max = 300
	w.link(whatsapp, func(l *config.Link) { l.CatchUp = "digest" })
}

func (w *blackout) sumUp() {
	w.nets[whatsapp].SetOutage(cut)
	w.talkFor(time.Hour, telegram, signal)
	w.nets[whatsapp].SetOutage(lab.Outage{})
	w.pass(30 * time.Minute)
	w.meets(metDigest, w.nets[whatsapp].Struck()["file"] > 0)
	w.saysAndShows(telegram, whatsapp, signal)
}

// refusesOne is a network that does not take one message.
func refusesOne(s *spoiler, ctx context.Context, p chat.Post) chat.Outcome {
	if s.account == whatsapp && strings.Contains(p.Text.Body, "#1.") {
		return chat.RefusedFor(chat.Reason{Code: "bad_text"})
	}
	return s.mortal.Deliver(ctx, p)
}

func (w *blackout) passOne() {
	w.talkFor(time.Minute, telegram)
	w.meets(metRefused, w.endings(whatsapp, chat.DeliveryRefused) == 1 && strings.Contains(w.shown(whatsapp), "#2."))
	w.saysAndShows(telegram, whatsapp, signal)
}

func (w *blackout) condition(a chat.Account) chat.State {
	st, _ := w.engine.outage.Condition(a)
	return st
}

func (w *blackout) openBreaker() {
	w.nets[whatsapp].SetOutage(lab.Outage{Cut: true, Silent: true})
	w.talkFor(10*time.Minute, telegram)
	open := w.condition(whatsapp).Why.Code == outage.CodeNoAnswer
	w.meets(metBreaker, open)
	w.nets[whatsapp].SetOutage(lab.Outage{})
	w.say(whatsapp)
	w.pass(100 * time.Millisecond) // no lane has tried again
	w.meets(metClosed, open && w.condition(whatsapp).State == chat.Connected)
	w.pass(20 * time.Minute)
	w.wantAll(whatsapp)
}

// stick lets WhatsApp's bridge keep a call until it is let go, whatever its deadline.
func (w *blackout) stick() {
	w.free = make(chan struct{})
	w.spoil = func(s *spoiler, ctx context.Context, p chat.Post) chat.Outcome {
		if s.account == whatsapp {
			<-w.free
		}
		return s.mortal.Deliver(ctx, p)
	}
}

func (w *blackout) watchStuck() {
	w.say(telegram)
	w.pass(3 * time.Minute)
	st := w.condition(whatsapp)
	w.meets(metStuck, st.State == chat.Down && st.Why.Code == outage.CodeStuck)
	close(w.free)
	w.pass(10 * time.Minute)
	if st := w.condition(whatsapp); st.State != chat.Connected {
		w.t.Errorf("a call has ended after all, and whatsapp is %+v", st)
	}
	w.saysAndShows(telegram, whatsapp, signal)
}

// crowdTheStore lets more than a hundred write while the store is busy.
func (w *blackout) crowdTheStore() {
	const writers = 110
	busy, done := make(chan struct{}), make(chan struct{})
	var writes sync.WaitGroup
	writes.Go(func() {
		_ = w.engine.store.Write(context.Background(), func(*store.Tx) error { close(busy); <-done; return errBusy })
	})
	<-busy
	for range writers {
		writes.Go(func() {
			if err := w.engine.store.Write(context.Background(), func(tx *store.Tx) error { return tx.HoldAccount("nobody", outbox.Hold{}) }); err != nil {
				w.t.Error(err)
			}
		})
	}
	w.pass(time.Second)
	st, err := newDesk(w.engine, w.cfg).Status(w.t.Context())
	w.meets(metPressure, err == nil && strings.Contains(st.Store.Sentence, "stand in line"))
	before, err := w.engine.store.Stats(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	close(done)
	writes.Wait()
	after, err := w.engine.store.Stats(w.t.Context())
	w.meets(metCrowd, err == nil && after.Commits-before.Commits <= 2) // so one of the two has more than half of them
	w.saysAndShows(telegram, whatsapp, signal)
}

var errBusy = errors.New("busy")

// leaveAnOrphan writes the file of a digest whose post never comes to be.
func (w *blackout) leaveAnOrphan() {
	hash, err := w.engine.keep(w.t.Context(), []byte("what was said"))
	if err != nil || !w.engine.spool.Look(hash) {
		w.t.Fatalf("the file is not there, %v", err)
	}
	w.pass(3 * time.Hour)
	w.meets(metOrphan, !w.engine.spool.Look(hash) && w.engine.spool.Used() == 0)
}
