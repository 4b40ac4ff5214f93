// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

var (
	storm       = flag.Int("storm", 0, "how many messages people of each network post in a storm, in place of a test's own number")
	stormOutage = flag.Duration("storm.outage", 2*time.Second, "how long WhatsApp is cut off in the storm of two networks")
	stormDouble = flag.Bool("storm.double", false, "let WhatsApp show a repeat as a message of its own in that storm")
	stormAway   = flag.Int("storm.away", 40, "how many messages wait at WhatsApp after that storm, while router and bridges are away")
)

// TestNothingIsLostInAStorm lets people of both networks write, every tenth time with a photo, while WhatsApp is cut off, ends
// connections and loses answers, and while bridges and router are killed. Then people of WhatsApp write while nobody is there to
// hear them. Everything must arrive, in order and with its bytes. WhatsApp drops a repeat, so nothing may be there twice; Telegram
// has no keys, so each kill may leave one, as each blow may on a WhatsApp that shows repeats.
func TestNothingIsLostInAStorm(t *testing.T) {
	r := newRig(t, telegram, whatsapp)
	tg, wa := r.sides[0], r.sides[1]
	n := cmp.Or(*storm, 60)
	var faults []sim.FaultID
	repeats := 0
	if *stormDouble {
		faults = append(faults, wa.fault(t, sim.Fault{Kind: "double_repeats"}))
		repeats = 7 // two kills, two lost answers, two cuts, an ended stream
	}
	strike := func(f sim.Fault) func(int) {
		return func(i int) { // once what was said has arrived, for a fault strikes nothing that is down
			wa.sees(t, "what was said", func(m sim.Seen) bool { return m.Account != "" && strings.Contains(m.Text, stormWords(tg, i-1)) })
			faults = append(faults, wa.fault(t, f))
		}
	}
	blows := map[int]func(int){
		n / 6:     strike(sim.Fault{Kind: sim.OutageReset, DurationMS: stormOutage.Milliseconds()}),
		n / 4:     strike(sim.Fault{Kind: sim.OutageReset, Count: 1}),
		n / 3:     func(int) { r.killBridge(wa) },
		n / 2:     strike(sim.Fault{Kind: "stream_error", Count: 1}),
		n * 3 / 5: func(int) { r.killBridge(tg) },
		n * 2 / 3: strike(sim.Fault{Kind: sim.HangAfter, Method: "message", Count: 2}),
		n * 4 / 5: func(int) { r.router.Kill(); r.start() },
	}
	for i := range n {
		if blow := blows[i]; blow != nil {
			blow(i)
		}
		for _, s := range r.sides {
			s.post(t, stormPost(t, s, i))
		}
	}
	checkStorm(t, tg, wa, n, n, repeats)
	checkStorm(t, wa, tg, n, n, 3)
	r.router.Stop(time.Minute)
	for i := range *stormAway {
		wa.post(t, sim.Post{Content: sim.Content{Text: stormWords(wa, n+i)}})
	}
	r.start()
	checkStorm(t, wa, tg, n+*stormAway, n, 3)
	c, err := wa.client.Counters(t.Context())
	must(t, err)
	for _, f := range faults {
		if c.Struck[f] == 0 {
			t.Errorf("the fault %s never struck", f)
		}
	}
}

// stormPost is the i-th message of a side.
func stormPost(t *testing.T, s *side, i int) sim.Post {
	t.Helper()
	p := sim.Post{Content: sim.Content{Text: stormWords(s, i)}}
	if i%10 == 5 {
		p.Media = []sim.Media{{Kind: "photo", Name: "a.jpg", MIME: "image/jpeg", Data: fileOf(t, "image/jpeg", p.Text)}}
	}
	return p
}

func stormWords(s *side, i int) string { return fmt.Sprintf("storm %s %d.", s.account, i) }

func (s *side) fault(t *testing.T, f sim.Fault) sim.FaultID {
	t.Helper()
	id, err := s.client.SetFault(t.Context(), f)
	must(t, err)
	return id
}

// killBridge ends a bridge with SIGKILL; the router starts another.
func (r *rig) killBridge(s *side) {
	r.t.Helper()
	pid, err := child.Of(r.router.Pid(), "causeway-bridge-"+s.name)
	if err != nil {
		return // it has just ended and is being started
	}
	must(r.t, syscall.Kill(pid, syscall.SIGKILL))
}

// checkStorm waits until everything of one side is seen on the other, and looks at order, repeats and the bytes of
// the photos among the first messages.
func checkStorm(t *testing.T, from, to *side, n, photos, repeats int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience+time.Duration(n)*time.Second/2)
	defer cancel()
	words := regexp.MustCompile("storm " + from.account + ` (\d+)\.`)
	start := time.Now()
	var seen []int
	view, err := to.client.WaitUntil(ctx, sim.See{Chat: to.group, User: to.who}, func(v sim.View) bool {
		seen = stormSeen(words, v)
		return len(slices.Compact(slices.Sorted(slices.Values(seen)))) == n
	})
	if err != nil {
		t.Fatalf("%s to %s: only %v arrived: %v", from.name, to.name, seen, err)
	}
	first, again := map[int]bool{}, 0
	for _, i := range seen {
		switch {
		case first[i]:
			again++
		case i != len(first):
			t.Errorf("%s to %s: out of order: %v", from.name, to.name, seen)
			return
		}
		first[i] = true
	}
	if again > repeats {
		t.Errorf("%s to %s: %d more than once, %d are explained: %v", from.name, to.name, again, repeats, seen)
	}
	t.Logf("%s to %s: %d posted, all of them seen in order, %d twice; waited %v", from.name, to.name, n, again, time.Since(start))
	for i := range photos {
		if p := stormPost(t, from, i); len(p.Media) > 0 && !slices.ContainsFunc(view.Messages, carries(p.Media[0])) {
			t.Errorf("%s to %s: the photo of message %d is not there", from.name, to.name, i)
		}
	}
}

// stormSeen lists what copies of a side's messages say, in order. Those of a backlog may stand in one post.
func stormSeen(words *regexp.Regexp, v sim.View) (seen []int) {
	for _, m := range v.Messages {
		if m.Account == "" {
			continue
		}
		for _, found := range words.FindAllStringSubmatch(m.Text, -1) {
			i, _ := strconv.Atoi(found[1])
			seen = append(seen, i)
		}
	}
	return seen
}
