// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

var epoch = time.Date(2026, 11, 25, 15, 39, 0, 0, time.UTC)

// outcomes are words of a script that tell what became of a post.
var outcomes = map[string]chat.Outcome{
	"delivered":  chat.DeliveredAs("1"),
	"unanswered": chat.UncertainFor(chat.Reason{Code: chat.CodeTimeout}),
	"limited":    chat.RetryAfter(time.Second, chat.ScopeChat, chat.Reason{Code: "rate_limited"}),
	"busy":       chat.RetryAfter(5*time.Minute, chat.ScopeChat, chat.Reason{Code: "safety_number_changed"}),
	"unsent":     chat.RetryAfter(0, chat.ScopeChat, chat.Reason{Code: "not_sent"}),
	"failing":    chat.RetryAfter(time.Second, chat.ScopeChat, chat.Reason{Code: "server_error"}),
}

// script plays what happens to an account at given times, "15s up; 3m down; …", with a look at the clock each second, and
// writes down what the machine decides.
func script(t *testing.T, m *machine, what string) (log []string) {
	t.Helper()
	told, at := int64(0), epoch
	note := func(format string, args ...any) {
		log = append(log, at.Sub(epoch).String()+" "+fmt.Sprintf(format, args...))
	}
	for _, line := range strings.Split(what, "; ") {
		var after string
		var word string
		if _, err := fmt.Sscan(line, &after, &word); err != nil {
			t.Fatal(line, err)
		}
		d, err := time.ParseDuration(after)
		if err != nil {
			t.Fatal(err)
		}
		for until := epoch.Add(d); at.Before(until); at = at.Add(time.Second) {
			open := m.incident
			if ended := m.step(at); ended != nil {
				note("ended, away for %v", ended.BackAt.Sub(ended.OpenedAt))
			}
			if open == nil && m.incident != nil {
				m.incident.ID = told + 1
				note("opened since %v %s%s", m.incident.OpenedAt.Sub(epoch), m.incident.Why.Code, m.incident.Trouble)
			}
			if m.tells(at) && told < m.incident.ID {
				told = m.incident.ID
				note("told")
			}
		}
		happen(m, word, at)
	}
	return log
}

// happen is one word of a script.
func happen(m *machine, word string, at time.Time) {
	if out, ok := outcomes[word]; ok {
		m.called(out, at)
		return
	}
	st := chat.State{Since: at}
	switch word {
	case "up":
		st.State = chat.Connected
	case "down":
		st.State, st.Why.Code = chat.Down, "unreachable"
	case "deaf":
		st.State, st.Why.Code = chat.Degraded, chat.CodeCannotReceive
	case "banned":
		st.State, st.Why.Code = chat.LoggedOut, "banned"
	case "heard":
		m.heard(at)
		return
	case "stuck", "moving":
		m.watched(word == "stuck", at)
		return
	case "end":
		return
	default:
		st.State = chat.AccountState(word)
	}
	m.said(st, at)
}

func TestTheMachineTellsOutagesFromFlaps(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"an outage":                     {"1s up; 2m down; 12m up; 20m end", []string{"2m30s opened since 2m0s unreachable", "5m0s told", "13m0s ended, away for 10m0s"}},
		"a short one is told to nobody": {"1s up; 2m down; 4m up; 9m end", []string{"2m30s opened since 2m0s unreachable", "5m0s ended, away for 2m0s"}},
		"a flap":                        {"1s up; 2m down; 2m29s up; 9m end", nil},
		"short breaks do not end it": {"1s up; 2m down; 5m up; 5m10s down; 8m up; 20m end",
			[]string{"2m30s opened since 2m0s unreachable", "5m40s told", "9m0s ended, away for 6m0s"}},
		"a short flap after the return does not make it longer": {"1s up; 2m down; 6m up; 6m30s down; 6m40s up; 20m end",
			[]string{"2m30s opened since 2m0s unreachable", "5m0s told", "7m40s ended, away for 4m0s"}},
		"who never could be reached is away, too": {"10m starting; 11m up; 13m end",
			[]string{"30s opened since 0s ", "3m0s told", "12m0s ended, away for 11m0s"}},
		"who was never paired is not": {"1s pairing; 20m end", []string{}},
		"who has to be paired again is": {"1s up; 2m pairing; 6m end",
			[]string{"2m30s opened since 2m0s logged_out", "5m0s told"}},
		"a ban": {"1s up; 2m banned; 6m end", []string{"2m30s opened since 2m0s bannedbanned", "5m0s told"}},
		"who is deaf": {"1s up; 2m deaf; 9m up; 12m end",
			[]string{"2m30s opened since 2m0s cannot_receivedeaf", "5m0s told", "10m0s ended, away for 7m0s"}},
		"deaf for a moment": {"1s up; 2m deaf; 2m29s up; 9m end", nil},
		"five failures in a row": {"1s up; 61s unanswered; 62s unanswered; 63s unanswered; 64s unanswered; 65s unanswered; 6m heard; 20m end",
			[]string{"1m31s opened since 1m1s no_answer", "4m1s told", "7m0s ended, away for 4m59s"}},
		"four are none": {"1s up; 61s unanswered; 62s unanswered; 63s unanswered; 64s unanswered; 65s delivered; 66s unanswered; 9m end", nil},
		"to be too fast is no failure": {"1s up; 61s limited; 62s limited; 63s limited; 64s limited; 65s limited; 66s limited; 9m end",
			nil},
		"a chat that is to be tried later is no failure of the network": {"1s up; 5m busy; 10m busy; 15m busy; 20m busy; 25m busy; 30m busy; 40m end",
			nil},
		"servers that fail are": {"1s up; 61s failing; 62s failing; 63s failing; 64s failing; 65s failing; 6m heard; 20m end",
			[]string{"1m31s opened since 1m1s no_answer", "4m1s told", "7m0s ended, away for 4m59s"}},
		"posts that do not go out, who knows why": {"1s up; 61s unsent; 62s unsent; 63s unsent; 64s unsent; 65s unsent; 6m heard; 20m end",
			[]string{"1m31s opened since 1m1s no_answer", "4m1s told", "7m0s ended, away for 4m59s"}},
		"a call that does not end": {"1s up; 2m stuck; 9m moving; 12m end",
			[]string{"2m30s opened since 2m0s stuck", "5m0s told", "10m0s ended, away for 7m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine("wa", "whatsapp", TimesFor(0), epoch)
			got := script(t, m, c.script)
			if diff := cmp.Diff(strings.Join(c.want, "\n"), strings.Join(got, "\n")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestWhatGetsWorseIsToldAsItIs lets an account be deaf, away, and deaf again, in one incident.
func TestWhatGetsWorseIsToldAsItIs(t *testing.T) {
	for what, want := range map[string]chat.Trouble{
		"2m deaf": chat.TroubleDeaf, "2m deaf; 4m down": "", "2m deaf; 4m starting": chat.TroubleDeaf, "2m deaf; 4m banned": chat.TroubleBanned,
		"2m down; 4m deaf": chat.TroubleDeaf, "2m banned; 4m deaf": chat.TroubleDeaf,
	} {
		m := newMachine("wa", "whatsapp", TimesFor(0), epoch)
		script(t, m, "1s up; "+what+"; 6m end")
		if m.incident == nil || m.incident.Trouble != want {
			t.Errorf("after %s: %+v, want the trouble %q", what, m.incident, want)
		}
	}
}

// TestWhoComesAndGoesForHoursIsToldAFewTimes lets an account be away for four minutes of six, for six hours.
func TestWhoComesAndGoesForHoursIsToldAFewTimes(t *testing.T) {
	m := newMachine("wa", "whatsapp", TimesFor(0), epoch)
	words := []string{"1s up"}
	for n := 2; n < 360; n += 6 {
		words = append(words, fmt.Sprintf("%dm down; %dm up", n, n+4))
	}
	told := 0
	for _, line := range script(t, m, strings.Join(words, "; ")) {
		if strings.HasSuffix(line, " told") {
			told++
		}
	}
	if told < 1 || told > 3 {
		t.Errorf("rooms were told %d times", told)
	}
}

func TestTheBreakerOpensWhenHalfOfTwentyFail(t *testing.T) {
	var b breaker
	at := epoch
	for n := range breakCalls {
		b.called(n%2 == 1, at)
		at = at.Add(2 * time.Second)
	}
	if !b.open {
		t.Error("half of twenty calls failed and it is closed")
	}
	b.close()
	for n := range 2 * breakCalls {
		b.called(n%2 == 1, at)
		at = at.Add(4 * time.Second)
	}
	if b.open {
		t.Error("it has opened for failures that are not of one minute")
	}
}

func TestAnIncidentOutlivesARouter(t *testing.T) {
	m := newMachine("wa", "whatsapp", TimesFor(0), epoch)
	before := epoch.Add(-time.Hour)
	m.resume([]Incident{{ID: 1, Account: "wa", OpenedAt: before, EndedAt: before.Add(-time.Minute)}, {ID: 7, Account: "wa", OpenedAt: before}})
	got := script(t, m, "1s up; 5m end")
	want := []string{"2m1s ended, away for 1h0m1s"} // it settles twice as long, for the one before
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
