// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestASurgeIsANumber lets three thousand people join in three minutes: the other chats are shown a few lines, and count
// everybody.
func TestASurgeIsANumber(t *testing.T) {
	all := func(w *blackout) {
		for i := range w.cfg.Rooms["room0"].Chats {
			w.cfg.Rooms["room0"].Chats[i].Notices = "all"
		}
	}
	inBlackout(t, all, func(w *blackout) {
		const people = 3000
		for n := range people {
			w.nets[telegram].Join(lobby, fmt.Sprintf("user%d", n))
			w.pass(3 * time.Minute / people)
		}
		w.pass(3 * time.Minute)
		lines := w.notices(signal)
		if len(lines) < 2 || len(lines) > 6 {
			t.Errorf("signal shows %d lines: %q", len(lines), lines)
		}
		if n := joined(t, lines); n != people {
			t.Errorf("signal counts %d, want %d: %q", n, people, lines)
		}
		w.nets[telegram].Join(lobby, "late")
		w.pass(5 * time.Second)
		if now := w.notices(signal); len(now) != len(lines)+1 || now[len(lines)] != "Late joined" {
			t.Errorf("who comes alone is told of at once: %q", now)
		}
	})
}

var more = regexp.MustCompile(`and ([0-9,]+) more joined$`)

// joined sums who is named in lines, and who is counted.
func joined(t *testing.T, lines []string) (n int) {
	for _, line := range lines {
		n += strings.Count(line, "User")
		if found := more.FindStringSubmatch(line); found != nil {
			k, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
	}
	return n
}
