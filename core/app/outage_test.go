// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

const (
	telegram = chat.Account("telegram")
	whatsapp = chat.Account("whatsapp")
	signal   = chat.Account("signal")
)

var cut = lab.Outage{Cut: true}

// blackout is a simulation in which nothing goes wrong but what its test cuts.
type blackout struct {
	*simulation
	said []spoken
	free chan struct{} // closed when calls that are kept may end
}

// spoken is one message as its author knows it.
type spoken struct {
	from chat.Account
	text string
	at   time.Time
}

// inBlackout runs a test of one room over three networks in virtual time.
func inBlackout(t *testing.T, change func(*blackout), test func(*blackout)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &blackout{simulation: newSimulation(t, 1, mustMeet())}
		for _, n := range w.nets {
			n.Profile.Loses = 0
			n.SetFaults(lab.Faults{Latency: 40 * time.Millisecond})
		}
		change(w)
		w.start()
		w.pass(time.Minute)
		test(w)
		w.stop()
		for name, n := range w.nets {
			for _, b := range n.Breaches() {
				t.Errorf("%s: %s", name, b)
			}
		}
	})
}

func asItIs(*blackout) {}

var lobby = chat.RemoteChat(roomChat(0))

// say lets somebody on a network write.
func (w *blackout) say(a chat.Account) {
	m := spoken{from: a, text: fmt.Sprintf("#%d. said on %s", len(w.said), a), at: time.Now()}
	w.said = append(w.said, m)
	w.nets[a].Say(lobby, "ana", m.text)
}

// talk lets people on some networks take turns at ten messages a minute.
func (w *blackout) talkFor(d time.Duration, on ...chat.Account) {
	for n := range int(d / (6 * time.Second)) {
		w.say(on[n%len(on)])
		w.pass(6 * time.Second)
	}
}

// notices are the lines in the lobby of a network that tell of outages, as they stand now.
func (w *blackout) notices(a chat.Account) (lines []string) {
	for _, s := range w.nets[a].Sees(lobby) {
		if s.Ours && !strings.Contains(s.Text, "#") {
			lines = append(lines, s.Text)
		}
	}
	return lines
}

func (w *blackout) wantNotices(a chat.Account, want ...string) {
	w.t.Helper()
	if got := w.notices(a); !slices.Equal(got, want) {
		w.t.Errorf("%s shows %q, want %q", a, got, want)
	}
}

// wantAll checks that a network shows everything that was said on the others, once and in order of each author.
func (w *blackout) wantAll(a chat.Account) {
	w.t.Helper()
	at := map[chat.Account]int{}
	shown := w.shown(a)
	for _, m := range w.said {
		if m.from == a {
			continue
		}
		if n := strings.Count(shown, m.text+"\n"); n != 1 {
			w.t.Errorf("%s shows %q %d times", a, m.text, n)
			continue
		}
		where := strings.Index(shown, m.text+"\n")
		if where < at[m.from] {
			w.t.Errorf("%s shows %q out of order", a, m.text)
		}
		at[m.from] = where
	}
}

// shown is all that our account shows in the lobby, one line after the other.
func (w *blackout) shown(a chat.Account) string {
	var b strings.Builder
	for _, s := range w.nets[a].Sees(lobby) {
		if s.Ours {
			b.WriteString(s.Text + "\n")
		}
	}
	return b.String()
}

// slowest is the delay that 95 of 100 messages on a network keep below, of those said in a stretch of time.
func (w *blackout) slowest(a chat.Account, from, to time.Time) time.Duration {
	came := map[string]time.Time{}
	for _, s := range w.nets[a].Sees(lobby) {
		for line := range strings.Lines(s.Text) {
			came[strings.TrimSpace(line)] = s.Accepted
		}
	}
	var delays []time.Duration
	for _, m := range w.said {
		if m.from != a && !m.at.Before(from) && m.at.Before(to) && !came[m.text].IsZero() {
			delays = append(delays, came[m.text].Sub(m.at))
		}
	}
	slices.Sort(delays)
	if len(delays) == 0 {
		w.t.Fatalf("nothing of that time came to %s", a)
	}
	return delays[len(delays)*95/100]
}

// TestOneNetworkIsAwayForSixHours is what Causeway is for: the others talk on as before and hear of it once, and when it is
// back everything is there.
func TestOneNetworkIsAwayForSixHours(t *testing.T) {
	away := time.Duration(rounds(6, 1)) * time.Hour
	inBlackout(t, asItIs, func(w *blackout) {
		w.talkFor(20*time.Minute, telegram, signal)
		begun := time.Now()
		w.nets[whatsapp].SetOutage(cut)
		w.talkFor(away, telegram, signal)
		ended := time.Now()
		for _, a := range []chat.Account{telegram, signal} {
			before, during := w.slowest(a, time.Time{}, begun), w.slowest(a, begun, ended)
			if during > before+time.Millisecond {
				t.Errorf("%s: 95 of 100 messages took %v during the outage and %v before", a, during, before)
			}
			w.wantNotices(a, "WhatsApp cannot be reached since "+begun.UTC().Format("15:04")+" UTC; messages to it are kept")
		}
		w.wantIncident(whatsapp, 1)
		w.nets[whatsapp].SetOutage(lab.Outage{})
		w.pass(20 * time.Minute)
		for _, a := range []chat.Account{telegram, signal} {
			w.wantNotices(a, "WhatsApp is back after "+map[time.Duration]string{6 * time.Hour: "6 h, 3,600", time.Hour: "1 h, 600"}[away]+" messages delivered")
		}
		w.wantNotices(whatsapp)
		for _, a := range w.talk.accounts {
			w.wantAll(a)
		}
	})
}

// wantIncident checks what status shows of an account that is away.
func (w *blackout) wantIncident(a chat.Account, rooms int) {
	w.t.Helper()
	st, err := newDesk(w.engine, w.cfg).Status(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, row := range st.Accounts {
		if row.Name != a && row.Incident != nil {
			w.t.Errorf("%s has an outage: %+v", row.Name, row.Incident)
		}
		if row.Name == a && (row.Incident == nil || row.Incident.RoomsTold != rooms || row.State == chat.Connected) {
			w.t.Errorf("status of %s: %+v, %+v", a, row, row.Incident)
		}
	}
}

func TestFlapsAreNobodysNews(t *testing.T) {
	inBlackout(t, asItIs, func(w *blackout) {
		for range 20 {
			w.nets[whatsapp].SetOutage(cut)
			w.talkFor(12*time.Second, telegram, signal)
			w.nets[whatsapp].SetOutage(lab.Outage{})
			w.talkFor(18*time.Second, telegram, whatsapp, signal)
		}
		w.pass(20 * time.Minute)
		for _, a := range w.talk.accounts {
			w.wantNotices(a)
			w.wantAll(a)
		}
		if old, err := w.engine.store.Incidents(w.t.Context(), time.Time{}); err != nil || len(old) > 0 {
			t.Errorf("flaps left %+v, %v", old, err)
		}
	})
}

func TestNobodyIsToldWhereNobodyIsAffected(t *testing.T) {
	inBlackout(t, asItIs, func(w *blackout) {
		w.nets[whatsapp].SetOutage(cut)
		hours := rounds(8, 2)
		w.pass(time.Duration(hours) * time.Hour)
		w.wantNotices(telegram)
		w.say(telegram)
		w.pass(time.Minute)
		w.wantNotices(telegram, "WhatsApp cannot be reached since 00:01 UTC; messages to it are kept")
		w.nets[whatsapp].SetOutage(lab.Outage{})
		w.pass(20 * time.Minute)
		w.wantNotices(telegram, fmt.Sprintf("WhatsApp is back after %d h 1 min, 1 message delivered", hours))
	})
}

func TestTwoNetworksAreAway(t *testing.T) {
	inBlackout(t, asItIs, func(w *blackout) {
		w.nets[whatsapp].SetOutage(cut)
		w.nets[signal].SetOutage(cut)
		w.talkFor(10*time.Minute, telegram)
		w.wantNotices(telegram, "Signal cannot be reached since 00:01 UTC; messages to it are kept",
			"WhatsApp cannot be reached since 00:01 UTC; messages to it are kept")
		w.nets[signal].SetOutage(lab.Outage{})
		w.pass(time.Second)
		w.talkFor(10*time.Minute, telegram, signal)
		w.wantNotices(signal, "WhatsApp cannot be reached since 00:01 UTC; messages to it are kept")
		w.nets[whatsapp].SetOutage(lab.Outage{})
		w.pass(20 * time.Minute)
		w.wantNotices(telegram, "Signal is back after 10 min, 100 messages delivered", "WhatsApp is back after 20 min, 200 messages delivered")
		w.wantNotices(signal, "WhatsApp is back after 20 min, 200 messages delivered")
		for _, a := range w.talk.accounts {
			w.wantAll(a)
		}
	})
}

func TestAllNetworksAreAway(t *testing.T) {
	inBlackout(t, asItIs, func(w *blackout) {
		w.talkFor(time.Minute, w.talk.accounts...)
		for _, a := range w.talk.accounts {
			w.nets[a].SetOutage(cut)
		}
		w.talkFor(time.Duration(rounds(60, 15))*time.Minute, w.talk.accounts...) // which we hear of later
		for _, a := range w.talk.accounts {
			w.wantNotices(a)
		}
		w.nets[telegram].SetOutage(lab.Outage{}) // what was said there now waits for the others
		w.pass(10 * time.Minute)
		if got := w.notices(telegram); len(got) != 2 {
			t.Errorf("telegram was told %q", got)
		}
		for _, a := range w.talk.accounts {
			w.nets[a].SetOutage(lab.Outage{})
		}
		w.pass(30 * time.Minute)
		for _, a := range w.talk.accounts {
			for _, line := range w.notices(a) {
				if !strings.Contains(line, " is back after ") {
					t.Errorf("%s still shows %q", a, line)
				}
			}
			w.wantAll(a)
		}
	})
}

// TestARouterThatIsKilledTellsNobodyTwice kills it at random moments, most of them about when rooms are told.
func TestARouterThatIsKilledTellsNobodyTwice(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	inBlackout(t, asItIs, func(w *blackout) {
		w.nets[whatsapp].SetOutage(cut)
		since := time.Now().UTC().Format("15:04")
		w.talkFor(150*time.Second, telegram, signal)
		for range 12 {
			w.dieAfter(time.Duration(r.IntN(12000)) * time.Millisecond)
		}
		w.talkFor(5*time.Minute, telegram, signal)
		for _, a := range []chat.Account{telegram, signal} {
			w.wantNotices(a, "WhatsApp cannot be reached since "+since+" UTC; messages to it are kept")
		}
		w.nets[whatsapp].SetOutage(lab.Outage{})
		for range 12 {
			w.dieAfter(time.Duration(r.IntN(30000)) * time.Millisecond)
		}
		w.pass(20 * time.Minute)
		for _, a := range []chat.Account{telegram, signal} {
			lines := w.notices(a)
			if len(lines) != 1 || !strings.HasPrefix(lines[0], "WhatsApp is back after ") {
				t.Errorf("%s shows %q", a, lines)
			}
		}
	})
}

// TestARouterThatIsKilledKeepsThePace kills it again and again while people write more than a chat takes.
func TestARouterThatIsKilledKeepsThePace(t *testing.T) {
	const perMinute = 20
	paced := func(w *blackout) {
		w.nets[telegram].Profile.Caps.Pace.PerChat = []chat.Rate{{N: perMinute, Per: chat.Duration(time.Minute)}}
	}
	inBlackout(t, paced, func(w *blackout) {
		for range 12 {
			for range 15 {
				w.say(signal)
				w.pass(time.Second)
			}
			w.dieMeanwhile(0, func() {})
		}
		w.pass(time.Minute)
		w.wantAll(telegram)
		var at []time.Time
		for _, s := range w.nets[telegram].Sees(lobby) {
			at = append(at, s.Accepted)
		}
		for i := perMinute; i < len(at); i++ {
			if d := at[i].Sub(at[i-perMinute]); d < time.Minute {
				t.Errorf("%d posts came within %v", perMinute+1, d)
			}
		}
		if len(at) <= perMinute {
			t.Errorf("only %d posts were made", len(at))
		}
	})
}

// dieAfter lets somebody write and kills the router soon.
func (w *blackout) dieAfter(d time.Duration) {
	w.say([]chat.Account{telegram, signal}[len(w.said)%2])
	w.dieMeanwhile(d, func() {})
}

// dieMeanwhile kills the router, between its calls so that nothing may show twice, and starts it when something has happened.
func (w *blackout) dieMeanwhile(d time.Duration, happens func()) {
	w.pass(d)
	for w.nets[telegram].InFlight()+w.nets[signal].InFlight()+w.nets[whatsapp].InFlight() > 0 {
		w.pass(time.Millisecond)
	}
	if err := w.engine.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.end()
	<-w.ended
	happens()
	w.start()
}

func TestABridgeThatDoesNotNoticeIsNoticed(t *testing.T) {
	inBlackout(t, asItIs, func(w *blackout) {
		w.nets[whatsapp].SetOutage(lab.Outage{Cut: true, Silent: true})
		w.talkFor(20*time.Minute, telegram, signal)
		if got := w.notices(telegram); len(got) != 1 || !strings.HasPrefix(got[0], "WhatsApp cannot be reached since 00:0") {
			t.Errorf("telegram shows %q", got)
		}
		w.wantIncident(whatsapp, 1)
		w.nets[whatsapp].SetOutage(lab.Outage{})
		w.say(whatsapp) // whatever comes from there shows that somebody is there
		w.pass(20 * time.Minute)
		if got := w.notices(telegram); len(got) != 1 || !strings.HasPrefix(got[0], "WhatsApp is back after 2") {
			t.Errorf("telegram shows %q", got)
		}
		for _, a := range w.talk.accounts {
			w.wantAll(a)
		}
	})
}

// TestADeafNetworkIsToldOf takes one that goes on taking posts while it hands nothing over: nobody waits for what goes there,
// and everybody for what comes from there.
func TestADeafNetworkIsToldOf(t *testing.T) {
	unwanted := func(w *blackout) { w.link(telegram, func(l *config.Link) { l.CatchUp = "none" }) } // which is for what waits
	inBlackout(t, unwanted, func(w *blackout) {
		w.talkFor(time.Minute, telegram, signal)
		w.nets[telegram].SetOutage(lab.Outage{Deaf: true})
		since := time.Now().UTC().Format("15:04")
		w.talkFor(10*time.Minute, telegram, signal)
		for _, a := range w.talk.accounts {
			w.wantNotices(a, "Telegram does not hand over what is written there since "+since+" UTC; messages to it go out as ever")
		}
		w.wantIncident(telegram, 1)
		w.wantAll(telegram)
		w.nets[telegram].SetOutage(lab.Outage{})
		w.pass(20 * time.Minute)
		for _, a := range w.talk.accounts {
			w.wantNotices(a, "Telegram is back after 10 min")
			w.wantAll(a)
		}
	})
}

func TestTroubleSaysWhatToDoInTheRoomsLanguage(t *testing.T) {
	arabic := func(w *blackout) { w.cfg.Rooms["room0"].Language = "ar" }
	inBlackout(t, arabic, func(w *blackout) {
		w.nets[whatsapp].SetOutage(lab.Outage{Cut: true, State: chat.LoggedOut})
		w.talkFor(5*time.Minute, telegram)
		since := time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC)
		for _, a := range []chat.Account{telegram, signal} {
			want := render.Message(render.Input{Language: "ar", Caps: w.nets[a].Profile.Caps, Content: chat.Content{Notice: &chat.Notice{
				Kind: chat.NoticeOutage, Outage: &chat.Outage{Network: "WhatsApp", Since: since, Told: since, Trouble: chat.TroubleLoggedOut}}}})
			w.wantNotices(a, want[0].Text.Body)
		}
	})
}

// TestANoticeIsNeverMirrored lets a network show us our own notice as if somebody had written it.
func TestANoticeIsNeverMirrored(t *testing.T) {
	inBlackout(t, asItIs, func(w *blackout) {
		w.nets[whatsapp].SetOutage(cut)
		w.talkFor(5*time.Minute, telegram)
		for _, s := range w.nets[telegram].Sees(lobby) {
			if s.Ours {
				w.nets[telegram].Echo(lobby, s.ID)
			}
		}
		w.pass(time.Minute)
		if got := w.notices(signal); len(got) != 1 {
			t.Errorf("signal shows %q", got)
		}
		w.nets[whatsapp].SetOutage(lab.Outage{})
		w.pass(10 * time.Minute)
		w.wantNotices(whatsapp)
	})
}

// TestANoticeThatCannotBeEditedGetsASecondLine takes WhatsApp, where edits are allowed for a quarter of an hour, and a
// network without any.
func TestANoticeThatCannotBeEditedGetsASecondLine(t *testing.T) {
	noEdits := func(w *blackout) { w.nets[signal].Profile.Caps.Edit = chat.EditSupport{Level: chat.Dropped} }
	inBlackout(t, noEdits, func(w *blackout) {
		w.nets[telegram].SetOutage(cut)
		w.talkFor(time.Hour, signal, whatsapp)
		w.nets[telegram].SetOutage(lab.Outage{})
		w.pass(20 * time.Minute)
		for _, a := range []chat.Account{signal, whatsapp} {
			w.wantNotices(a, "Telegram cannot be reached since 00:01 UTC; messages to it are kept",
				"Telegram is back after 1 h, 600 messages delivered")
		}
	})
}

// TestTheConfigOffersTheLanguagesThatAreSpoken holds the words of the config against the catalogue.
func TestTheConfigOffersTheLanguagesThatAreSpoken(t *testing.T) {
	field, _ := reflect.TypeFor[config.Room]().FieldByName("Language")
	offered := strings.Split(field.Tag.Get("enum"), ",")
	slices.Sort(offered)
	if !slices.Equal(offered, render.Languages()) {
		t.Errorf("the config offers %q, and spoken are %q", offered, render.Languages())
	}
}
