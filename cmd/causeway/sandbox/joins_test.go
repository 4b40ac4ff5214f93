// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestASurgeIsALineForEachInterval lets many people join while others talk: the other group hears of all of them, in no more
// lines than there were intervals, and of all that is said.
func TestASurgeIsALineForEachInterval(t *testing.T) {
	t.Parallel()
	const people, interval = 150, 2 * time.Second
	r := newRig(t, setting{count: interval.String(), link: ", notices: all"})
	r.connected()
	p, began := r.rooms[0], time.Now()
	k := r.talkIn(p.left, 20, 50*time.Millisecond)
	for n := range people {
		u, err := r.client.CreateUser(r.ctx, sim.NewUser{Name: fmt.Sprintf("Guest %s %d", nameMark, n)})
		r.must(err)
		r.must(r.client.ChangeMember(r.ctx, sim.MemberChange{Chat: p.left, User: u.User, Action: sim.Join}))
	}
	var lines []string
	r.sees(p.right, func(v sim.View) bool {
		lines = joinLines(v)
		return joined(lines) >= people
	})
	if most := 2 + int(time.Since(began)/interval); len(lines) > most {
		t.Errorf("%d lines within %s: %q", len(lines), time.Since(began), lines)
	}
	if n := joined(lines); n != people {
		t.Errorf("%d are told of, want %d: %q", n, people, lines)
	}
	k.wait()
	r.settle()
	t.Logf("%d people in %d lines", people, len(lines))
	r.finish()
}

// joinLines are the lines that tell who joined.
func joinLines(v sim.View) (lines []string) {
	for _, m := range v.Visible() {
		for line := range strings.Lines(m.Text) {
			if line = strings.TrimSpace(line); m.Account != "" && strings.HasSuffix(line, " joined") {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

var counted = regexp.MustCompile(`(?:^|and )([0-9,]+) (?:more|people) joined$`)

// joined sums who is named in lines, and who is counted.
func joined(lines []string) (n int) {
	for _, line := range lines {
		n += strings.Count(line, "Guest ")
		if found := counted.FindStringSubmatch(line); found != nil {
			more, _ := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
			n += more
		}
	}
	return n
}
