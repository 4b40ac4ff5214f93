// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestPeopleReadOfAnOutageOnce cuts one of two bots off, and kills the router once people have been told. (Killed while it
// tells them, it would tell them again, as it does with any post that is in flight to Telegram.)
func TestPeopleReadOfAnOutageOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{bots: 2, notice: "2s"})
	r.connected()
	r.talk(5, 10*time.Millisecond).wait()
	cut := r.fault(sim.Fault{Kind: sim.OutageReset, Account: r.bots[1].Account})
	k := r.talkIn(r.rooms[0].left, 40, 50*time.Millisecond)
	r.notice("cannot be reached since")
	r.until("quiet lane of the left group", func() bool { return r.waitingFor("tg1") == 0 })
	r.killRouter()
	k.wait()
	r.pass(3 * time.Second)
	r.notice("cannot be reached since")
	r.must(r.client.ClearFault(r.ctx, cut))
	r.notice("is back after")
	r.settle()
	r.finish()
}

// notice waits until the left group shows one line about an outage, which says this. The bots are of one network, so it
// names the group.
func (r *rig) notice(says string) {
	r.t.Helper()
	r.sees(r.rooms[0].left, func(v sim.View) bool {
		var lines []string
		for _, m := range v.Visible() {
			if m.Account != "" && strings.HasPrefix(m.Text, "Telegram (Group 0 1) ") {
				lines = append(lines, m.Text)
			}
		}
		if len(lines) > 1 {
			r.t.Fatalf("people read %q", lines)
		}
		return len(lines) == 1 && strings.Contains(lines[0], says)
	})
}

// waitingFor is how many deliveries wait for an account.
func (r *rig) waitingFor(name string) (n int) {
	var st status
	r.must(r.causeway(&st, "status"))
	for _, a := range st.Accounts {
		if a.Name == name {
			n = a.Waiting
		}
	}
	return n
}

// TestPeopleReadOfADeafBot lets another program take the events of one of two bots, which goes on to take posts.
func TestPeopleReadOfADeafBot(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{bots: 2, notice: "6s"})
	r.connected()
	k := r.talkIn(r.rooms[0].right, 40, 50*time.Millisecond) // nobody is told where nobody has spoken lately
	r.copied(r.rooms[0].left, r.heardOf(r.rooms[0].right))
	conflict := r.fault(sim.Fault{Kind: sim.Conflict, Account: r.bots[1].Account})
	r.notice("does not hand over what is written there since")
	text := saying()
	_, err := r.client.Post(r.ctx, sim.Post{Chat: r.rooms[0].left, User: r.people[0][0].id, Content: sim.Content{Text: text}})
	r.must(err)
	r.copied(r.rooms[0].right, text)
	k.wait()
	r.struck(conflict)
	r.notice("is back after")
	r.settle()
	r.finish()
}

// heardOf waits for somebody to write in a group, and returns what.
func (r *rig) heardOf(in sim.ChatID) (text string) {
	r.t.Helper()
	r.sees(in, func(v sim.View) bool {
		for _, m := range v.Visible() {
			if m.Account == "" {
				text = m.Text
			}
		}
		return text != ""
	})
	return text
}
