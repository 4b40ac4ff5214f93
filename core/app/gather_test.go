// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// TestASurgeIsANumber lets a crowd join within three minutes: the other chats are shown a few lines, which count everybody
// in the room's language.
func TestASurgeIsANumber(t *testing.T) {
	for language, people := range map[string]int{"en": 1500, "ar": 300} {
		t.Run(language, func(t *testing.T) { surge(t, language, people) })
	}
}

func surge(t *testing.T, language string, people int) {
	all := func(w *blackout) {
		rm := w.cfg.Rooms["room0"]
		rm.Language = language
		for i := range rm.Chats {
			rm.Chats[i].Notices = "all"
		}
	}
	inBlackout(t, all, func(w *blackout) {
		for n := range people {
			w.nets[telegram].Join(lobby, fmt.Sprintf("user%d", n))
			w.pass(3 * time.Minute / time.Duration(people))
		}
		w.pass(3 * time.Minute)
		lines := w.notices(signal)
		if len(lines) < 3 || len(lines) > 6 {
			t.Errorf("signal shows %d lines: %q", len(lines), lines)
		}
		if n := joined(t, lines); n != people {
			t.Errorf("signal counts %d, want %d: %q", n, people, lines)
		}
		for _, line := range lines[1:3] {
			if strings.Contains(line, "User") || !crowds[language].MatchString(line) {
				t.Errorf("a crowd is told of as %q", line)
			}
		}
		w.nets[telegram].Join(lobby, "late")
		w.pass(5 * time.Second)
		if now := w.notices(signal); len(now) != len(lines)+1 || !strings.Contains(now[len(lines)], "Late") {
			t.Errorf("who comes alone is told of at once: %q", now)
		}
	})
}

// TestRoomsHearOfWhatANetworkHasNotKept tells every room of the account, once.
func TestRoomsHearOfWhatANetworkHasNotKept(t *testing.T) {
	inBlackout(t, func(*blackout) {}, func(w *blackout) {
		from := time.Date(2026, 11, 23, 22, 5, 0, 0, time.UTC)
		w.nets[telegram].Forget(from, from.Add(8*time.Hour+25*time.Minute))
		w.pass(time.Minute)
		line := "Whatever was written on Telegram from 2026-11-23 22:05 UTC to 2026-11-24 06:30 UTC was not passed on: the network had not kept it"
		for _, a := range []chat.Account{telegram, whatsapp, signal} {
			w.wantNotices(a, line)
		}
	})
}

var (
	crowds  = map[string]*regexp.Regexp{"en": regexp.MustCompile(`^[0-9,]+ people joined$`), "ar": regexp.MustCompile(`^انضمّ [0-9]+ (شخص|أشخاص|شخصًا)$`)}
	counted = regexp.MustCompile(`(?:^| )([0-9,]+) `)
)

// joined sums who is named in lines, and who is counted.
func joined(t *testing.T, lines []string) (n int) {
	for _, line := range lines {
		n += strings.Count(line, "User")
		if found := counted.FindStringSubmatch(line); found != nil {
			k, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
	}
	return n
}
