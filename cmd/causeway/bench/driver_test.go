// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

func TestMatchFindsEachCopyUnderItsSender(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	posts := []sim.Seen{{Content: sim.Content{Text: "a"}, At: start}, {Content: sim.Content{Text: "b"}, At: start.Add(time.Second)}}
	copies := []sim.Seen{{Content: sim.Content{Text: "Ana\nb"}, At: start.Add(3 * time.Second)}, {Content: sim.Content{Text: "a"}, At: start.Add(4 * time.Second)}}
	trips, err := match(posts, copies)
	if err != nil || len(trips) != 2 {
		t.Fatal(trips, err)
	}
	if trips[0].delay() != 2*time.Second || trips[1].delay() != 4*time.Second {
		t.Errorf("in order of arrival: %v, %v", trips[0].delay(), trips[1].delay())
	}
}

func TestMatchTakesNothingForWhatItIsNot(t *testing.T) {
	post := sim.Seen{Content: sim.Content{Text: "a"}}
	for name, c := range map[string]struct {
		posts, copies []sim.Seen
		want          string
	}{
		"lost":     {[]sim.Seen{post}, []sim.Seen{{Content: sim.Content{Text: "b"}}}, "no copy"},
		"repeated": {[]sim.Seen{post}, []sim.Seen{post, post}, "2 copies of 1 messages"},
		"foreign":  {[]sim.Seen{post}, []sim.Seen{post, {Content: sim.Content{Text: "b"}}}, "2 copies of 1 messages"},
	} {
		if _, err := match(c.posts, c.copies); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNumbersOfMessagesFollowTheBurst(t *testing.T) {
	o := Options{Messages: 2000}
	for name, c := range map[string]struct{ got, want int }{
		"one chat":                     {o.perBurst(0, 1), 2000},
		"sixteen chats share":          {o.perBurst(0, 16), 250},
		"a thousand chats":             {o.perBurst(0, 1000), 50},
		"a slow network":               {o.perBurst(30*time.Millisecond, 1), 133},
		"a slow network, many chats":   {o.perBurst(30*time.Millisecond, 16), 133},
		"a very slow network":          {o.perBurst(10*time.Second, 1), 10},
		"one by one":                   {o.perClosed(0), 400},
		"one by one over a slow one":   {o.perClosed(30 * time.Millisecond), 26},
		"fewer than a slow burst":      {Options{Messages: 100}.perBurst(time.Millisecond, 1), 100},
		"no more in a chat than alone": {Options{Messages: 40}.perBurst(0, 16), 40},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", name, c.got, c.want)
		}
	}
}

func TestModes(t *testing.T) {
	for mode, want := range map[string][]string{All: {Closed, Burst, Rate, Store}, Bars: {Closed, Burst, Store}, Burst: {Burst}, Backlog: {Backlog}} {
		var got []string
		for _, m := range []string{Closed, Burst, Rate, Store, Backlog} {
			if (Options{Mode: mode}).wants(m) {
				got = append(got, m)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s measures %v", mode, got)
		}
	}
}
