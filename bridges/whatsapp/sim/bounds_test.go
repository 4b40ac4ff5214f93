// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"errors"
	"strconv"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
)

func TestWhatWaitsForADeviceIsBounded(t *testing.T) {
	s, err := New(Options{Keep: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	owner := &person{account: true}
	d := &device{owner: owner, id: 1}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range 5 {
		id := strconv.Itoa(i)
		m := &message{sender: &device{owner: owner}, key: messageKey{owner: owner, id: id}}
		s.push(d, node{Tag: "message", Attrs: attrs{"id": id}}, m)
	}
	if w := d.queue.waiting(); len(w) != 3 || w[0].msg.key.id != "2" || len(s.rec.lost) != 2 || len(d.queue.done) != 0 {
		t.Errorf("%d wait, %d are lost, %d are settled", len(w), len(s.rec.lost), len(d.queue.done))
	}
}

func TestWhatIsSettledBehindOneThatWaitsIsForgotten(t *testing.T) {
	var q queue
	put := func(id string) parcelKey {
		p := &parcel{node: node{Tag: "message", Attrs: attrs{"id": id}}}
		q.put(p)
		return p.key
	}
	put("waits")
	for i := range 5 * keptSettled {
		q.settle(put(strconv.Itoa(i)))
	}
	if len(q.list) > 2*(q.open+keptSettled) || q.open != 1 || len(q.done) > 2*keptSettled {
		t.Errorf("%d in the list, %d open, %d done", len(q.list), q.open, len(q.done))
	}
	if p := q.oldest(); p.key.id != "waits" || len(q.list) != 0 {
		t.Errorf("%s was the oldest; %d are left", p.key.id, len(q.list))
	}
}

func TestAPhoneForgetsTheOldestSecrets(t *testing.T) {
	m := newMemory(newDirectory())
	chat := types.NewJID("1", types.GroupServer)
	for i := range 2 * keptSecrets {
		if err := m.PutMessageSecret(t.Context(), chat, chat, strconv.Itoa(i), []byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(i int) bool {
		secret, _, _ := m.GetMessageSecret(t.Context(), chat, chat, strconv.Itoa(i)) // it never fails
		return secret != nil
	}
	if len(m.secrets) != len(m.secretLog) || len(m.secrets) > keptSecrets+keptSecrets/8 || has(0) || !has(2*keptSecrets-1) {
		t.Errorf("%d secrets, %d in the log; the first: %t, the last: %t", len(m.secrets), len(m.secretLog), has(0), has(2*keptSecrets-1))
	}
}

func TestALineAboutTheGroupIsNoMessage(t *testing.T) {
	l := newLab(t, Options{})
	ana, ben := l.user("Ana"), l.user("Ben")
	group := l.group(control.NewGroup{Members: []control.UserID{ana}})
	l.must(l.people.ChangeMember(t.Context(), control.MemberChange{Chat: group, User: ben, Action: control.Join}))
	v := l.sees(group, ana, "that Ben joined", func(v control.View) bool { return len(v.Messages) > 0 && v.Messages[0].Service == "joined" })
	line := v.Messages[0].ID
	for name, err := range map[string]error{
		"react":  l.people.React(t.Context(), control.React{Chat: group, Message: line, User: ana, Emoji: []string{"👍"}}),
		"delete": l.people.Delete(t.Context(), control.Delete{Chat: group, Message: line, User: ana}),
		"pin":    l.people.Pin(t.Context(), control.Pin{Chat: group, Message: line, User: ana}),
	} {
		if !errors.Is(err, control.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
