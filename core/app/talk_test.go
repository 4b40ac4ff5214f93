// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
)

// said is a message as its author knows it: the outside truth that copies are compared with.
type said struct {
	mark    string // part of every revision's text, and of no other message
	room    int
	at      chat.Account
	id      chat.RemoteMessage
	text    string
	edits   int
	deleted bool
	emoji   string
	replyTo *said
	lost    bool                  // by its own network
	before  string                // the text before the last edit
	excused map[chat.Account]bool // networks in whose chats an operator has dropped it
}

// talk is what people say in the rooms of a simulation.
type talk struct {
	w        *simulation
	accounts []chat.Account
	all      []*said
	asked    map[chat.Account]int
}

func newTalk(w *simulation) *talk {
	return &talk{w: w, accounts: slices.Sorted(maps.Keys(w.nets)), asked: map[chat.Account]int{}}
}

// act lets somebody do something: mostly write, sometimes answer, edit, delete, react, or ask for a body again.
func (k *talk) act() {
	old := k.recent()
	n := k.w.rand.IntN(100)
	switch {
	case old == nil || n < 60:
		k.say(nil)
	case n < 75:
		k.say(old)
	case n < 84 && old.edits < 5:
		k.edit(old)
	case n < 85:
		k.correct(old)
	case n < 88:
		k.delete(old)
	case n < 96:
		k.react(old)
	default:
		k.askAgain()
	}
}

// recent picks one of the last messages that still stands.
func (k *talk) recent() *said {
	if len(k.all) == 0 {
		return nil
	}
	m := k.all[len(k.all)-1-k.w.rand.IntN(min(len(k.all), 12))]
	if m.lost || m.deleted {
		return nil
	}
	return m
}

func (k *talk) say(answers *said) {
	m := &said{mark: fmt.Sprintf("#%d.", len(k.all)), room: k.w.rand.IntN(simRooms), at: k.accounts[k.w.rand.IntN(len(k.accounts))]}
	m.text = m.mark + " said on " + string(m.at)
	n := k.w.nets[m.at]
	if answers != nil { // where it was said: there everybody knows its id
		m.room, m.at, m.replyTo = answers.room, answers.at, answers
		m.text = m.mark + " answers " + strings.Trim(answers.mark, "#.")
		m.id = k.w.nets[m.at].Reply(m.chat(), "ben", m.text, answers.id)
	} else {
		m.id = n.Say(m.chat(), "ana", m.text)
		m.lost = n.Lost(m.text)
	}
	k.all = append(k.all, m)
}

func (m *said) chat() chat.RemoteChat { return chat.RemoteChat(roomChat(m.room)) }

func (m *said) author() string {
	if m.replyTo != nil {
		return "ben"
	}
	return "ana"
}

func (k *talk) edit(m *said) {
	m.edits++
	next := fmt.Sprintf("%s edited %d times", m.mark, m.edits)
	if m.edits > 1 && k.w.rand.IntN(3) == 0 { // back to what it was
		next = m.before
	}
	m.before, m.text = m.text, next
	k.w.nets[m.at].Edit(m.chat(), m.author(), m.id, m.text)
}

// correct edits a message again and again, more often than some networks let us.
func (k *talk) correct(m *said) {
	for range 4 + k.w.rand.IntN(8) {
		k.edit(m)
		k.w.pass(k.w.somePause())
	}
}

func (k *talk) delete(m *said) {
	m.deleted = true
	k.w.nets[m.at].Delete(m.chat(), m.author(), m.id)
}

func (k *talk) react(m *said) {
	m.emoji = []string{"👍", "❤", ""}[k.w.rand.IntN(3)]
	var set []string
	if m.emoji != "" {
		set = []string{m.emoji}
	}
	k.w.nets[m.at].React(m.chat(), "cleo", m.id, set...)
}

// askAgain plays a receiver who could not read one of our messages.
func (k *talk) askAgain() {
	for _, a := range k.accounts {
		n := k.w.nets[a]
		if !n.Profile.AsksAgain {
			continue
		}
		for _, s := range n.Sees(chat.RemoteChat(roomChat(0))) {
			if !s.Ours {
				continue
			}
			k.asked[a]++
			if !n.AskAgain(s.ID) {
				k.w.t.Errorf("the body of %s cannot be given again", s.ID)
			}
			return
		}
	}
}

// check compares what was said with what people see, in every other chat of its room. It asks the networks, never the
// router.
func (w *simulation) check() (wrong []string) {
	w.wrong = nil
	for _, name := range w.talk.accounts {
		for _, b := range w.nets[name].Breaches() {
			w.objectf("%s: %s", name, b)
		}
		if n, swallowed := w.nets[name].Impolite(), w.swallowed(); n > swallowed {
			w.objectf("%s was called %d times inside a wait that it had asked for; deaths explain %d", name, n, swallowed)
		}
		repeats := 0
		for r := range simRooms {
			repeats += w.checkChat(name, r)
		}
		allowed := w.doubts(name)
		if w.nets[name].Profile.IDFromKey {
			allowed = 0
		}
		if repeats > allowed {
			w.objectf("%s shows %d repeats, allowed are %d", name, repeats, allowed)
		}
	}
	return w.wrong
}

func (w *simulation) objectf(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// doubts is how many answers of a network may have been lost: by the network, in a death of the bridge, or in a death of
// the router, in which each room's chat has one post in flight at most.
func (w *simulation) doubts(a chat.Account) int {
	struck := w.nets[a].Struck()
	return struck["lose_reply"] + struck["late_reply"] + w.swallowed()
}

// swallowed is how many answers of one network deaths may have swallowed.
func (w *simulation) swallowed() int {
	return w.kills["answer lost in a death"] + simRooms*w.kills["router killed"]
}

// checkChat checks one chat and counts the posts that repeat something.
func (w *simulation) checkChat(a chat.Account, r int) (repeats int) {
	place, repeated := map[chat.Account]int{}, map[chat.RemoteMessage]bool{}
	seen := w.nets[a].Sees(chat.RemoteChat(roomChat(r)))
	w.countMerged(seen)
	for _, m := range w.talk.all {
		if m.room != r || m.at == a || m.lost || m.excused[a] {
			continue
		}
		copies := copiesOf(seen, m)
		for _, c := range copies[min(1, len(copies)):] {
			repeated[c.ID] = repeated[c.ID] || !c.correction()
		}
		w.checkCopies(a, m, copies)
		if len(copies) == 0 || copies[0].correction() { // of which a delete has left nothing but the repeat of a correction
			continue
		}
		if copies[0].place < place[m.at] {
			w.objectf("%s shows %q out of order", a, m.text)
		}
		place[m.at] = max(place[m.at], copies[0].place)
	}
	maps.DeleteFunc(repeated, func(_ chat.RemoteMessage, is bool) bool { return !is })
	return len(repeated)
}

// countMerged counts what became of posts that show several messages.
func (w *simulation) countMerged(seen []lab.Shown) {
	for _, s := range seen {
		said := 0
		for line := range strings.Lines(s.Text) {
			if strings.HasPrefix(line, "#") {
				said++
			}
		}
		if said < 2 || !s.Ours {
			continue
		}
		w.count("merged post")
		if s.Edits > 0 {
			w.count("merged post edited")
		}
		if s.ReplyTo != "" {
			w.count("merged post that is a reply")
		}
	}
}

// sighting is a message as a chat shows it: a line of a post, which others may share.
type sighting struct {
	lab.Shown
	line  string
	above string // the line before it
	place int
}

// copiesOf finds the copies of a message, in their order.
func copiesOf(seen []lab.Shown, m *said) (copies []sighting) {
	for i, s := range seen {
		if !s.Ours {
			continue
		}
		above := ""
		for j, line := range strings.Split(s.Text, "\n") {
			if strings.HasPrefix(line, m.mark) {
				copies = append(copies, sighting{Shown: s, line: line, above: above, place: i*1000 + j})
			}
			above = line
		}
	}
	return copies
}

// correction reports whether it is told as edited, beside a copy that could not be edited any more.
func (s sighting) correction() bool { return strings.HasSuffix(s.above, "(edited)") }

func (w *simulation) checkCopies(a chat.Account, m *said, copies []sighting) {
	switch {
	case m.deleted:
		if len(copies) > 0 && w.doubts(a) == 0 {
			w.objectf("%s still shows %q, which was deleted", a, m.text)
		}
	case len(copies) == 0:
		w.objectf("%s lost %q", a, m.text)
	case !slices.ContainsFunc(copies, func(s sighting) bool { return s.line == m.text }):
		w.objectf("%s shows %q, not %q", a, copies[0].Text, m.text)
	case copies[len(copies)-1].correction() && copies[len(copies)-1].line != m.text:
		w.objectf("%s tells last that %q was edited, not %q", a, copies[len(copies)-1].line, m.text)
	case !slices.ContainsFunc(copies, func(s sighting) bool { return w.reactedRight(a, s, m) }):
		w.objectf("%s shows %v on %q, not %q", a, copies[0].Emoji, m.text, m.emoji)
	case m.replyTo != nil && !w.answersRight(a, m, copies):
		w.objectf("%s shows %q as an answer to something else", a, m.text)
	}
}

// reactedRight reports whether a post shows the reactions of a message, or of one that shares it: one account has one
// emoji on a post.
func (w *simulation) reactedRight(a chat.Account, s sighting, m *said) bool {
	want := map[string]bool{}
	for _, o := range w.talk.all {
		if o.room == m.room && !o.deleted && slices.ContainsFunc(strings.Split(s.Text, "\n"), func(line string) bool { return strings.HasPrefix(line, o.mark) }) {
			if want[o.emoji] = true; o.excused[a] {
				return true
			}
		}
	}
	if len(want) > 1 {
		delete(want, "")
	}
	return want[strings.Join(s.Emoji, "")]
}

// answersRight reports whether a copy of a reply answers a copy of what the reply answered. What was deleted has none.
func (w *simulation) answersRight(a chat.Account, m *said, copies []sighting) bool {
	if m.replyTo.deleted || m.replyTo.excused[a] {
		return true
	}
	return slices.ContainsFunc(copies, func(s sighting) bool {
		if strings.Contains(s.above, ": "+m.replyTo.mark) { // in a post of several a line tells it
			return true
		}
		target, ok := w.nets[a].Find(m.chat(), s.ReplyTo)
		if ok && strings.Count(target.Text, "\n#") > 1 {
			w.sometimes.Met("reply to a message of a merged post")
		}
		return ok && strings.Contains(target.Text, m.replyTo.mark)
	})
}
