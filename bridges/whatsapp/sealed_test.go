// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// otherKind is what a group becomes when it changes its address space.
var otherKind = map[types.AddressingMode]control.GroupKind{types.AddressingModeLID: sim.GroupPN, types.AddressingModePN: sim.GroupLID}

var teaOrCoffee = control.Poll{Question: "Tea?", Options: []control.PollOption{{Text: "Tea"}, {Text: "Coffee"}, {Text: "Water"}}}

// moved is a group of an address space with a poll of Ana's and one of ours, and which then changes to the other space.
func moved(t *testing.T, mode types.AddressingMode) (l *lab, c control.ChatID, theirs, ours chat.RemoteMessage) {
	l, c = talking(t, sim.Options{Mode: mode})
	ask := teaOrCoffee
	id, err := l.people.Post(t.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Kind: "poll", Poll: &ask}})
	l.must(err)
	ev := l.hears("their poll", func(ev chat.Event) bool {
		m, ok := ev.Body.(chat.MessageNew)
		return ok && m.Content.Poll != nil && string(m.ID) == string(id)
	})
	out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Poll: ev.Body.(chat.MessageNew).Content.Poll}, patience)
	if out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	l.sees(c, "our poll", func(s control.Seen) bool { return string(s.ID) == string(out.IDs[0]) && s.Poll != nil })
	_, err = l.people.ChangeGroup(t.Context(), control.GroupChange{Chat: c, Action: control.GroupAction(otherKind[mode])})
	l.must(err)
	return l, c, chat.RemoteMessage(id), out.IDs[0]
}

func (l *lab) hearsVote(what string, id chat.RemoteMessage, options ...int) {
	l.Helper()
	ev := l.hears(what, func(ev chat.Event) bool {
		v, ok := ev.Body.(chat.Vote)
		return ok && v.ID == id && cmp.Equal(v.Options, options)
	})
	if string(ev.Sender.User) != string(l.ana) {
		l.Errorf("%s is by %s", what, ev.Sender.User)
	}
}

func TestVotesCountAfterAGroupHasChangedItsAddresses(t *testing.T) {
	for mode := range otherKind {
		t.Run("from "+string(mode), func(t *testing.T) {
			l, c, theirs, ours := moved(t, mode)
			for _, id := range []chat.RemoteMessage{theirs, ours} {
				l.must(l.people.Vote(t.Context(), control.Vote{Chat: c, Message: control.MessageID(id), User: l.ana, Options: []int{1}}))
				l.hearsVote("the vote in "+string(id), id, 1)
			}
		})
	}
}

// TestVotesCountWhicheverAddressesTheyMean lets an app encrypt its votes for each pair of addresses.
func TestVotesCountWhicheverAddressesTheyMean(t *testing.T) {
	for mode := range otherKind {
		t.Run("from "+string(mode), func(t *testing.T) {
			l, c, _, ours := moved(t, mode)
			live := l.bridge.running.Load().ready()
			voter := content.ParseUser(chat.RemoteUser(l.ana))
			n := 0
			for _, author := range live.both(keyOfID(t, ours).Sender) {
				for _, sender := range live.both(voter) {
					option := n % len(teaOrCoffee.Options)
					l.inject(c, sealedVote(t, live, c, ours, author, sender, teaOrCoffee.Options[option].Text))
					l.hearsVote(fmt.Sprintf("the vote for %s's poll by %s", author, sender), ours, option)
					n++
				}
			}
			if n != 4 {
				t.Errorf("tried %d pairs of addresses, want 4", n)
			}
		})
	}
}

// sealedVote is a vote in a poll of ours, encrypted for two addresses.
func sealedVote(t *testing.T, live *line, c control.ChatID, poll chat.RemoteMessage, author, sender types.JID, option string) *waE2E.Message {
	t.Helper()
	id := keyOfID(t, poll).ID
	group, err := types.ParseJID(string(c))
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := live.client.Store.MsgSecrets.GetMessageSecret(t.Context(), group, author, id)
	if err != nil || secret == nil {
		t.Fatalf("no secret of %s: %v", poll, err)
	}
	plain, err := proto.Marshal(&waE2E.PollVoteMessage{SelectedOptions: whatsmeow.HashPollOptions([]string{option})})
	if err != nil {
		t.Fatal(err)
	}
	key := hkdfutil.SHA256(secret, nil, []byte(id+author.String()+sender.String()+"Poll Vote"), 32)
	iv := make([]byte, 12)
	sealed, err := gcmutil.Encrypt(key, iv, plain, fmt.Appendf(nil, "%s\x00%s", id, sender))
	if err != nil {
		t.Fatal(err)
	}
	return &waE2E.Message{PollUpdateMessage: &waE2E.PollUpdateMessage{
		PollCreationMessageKey: &waCommon.MessageKey{RemoteJID: proto.String(string(c)), Participant: proto.String(author.String()), ID: &id, FromMe: proto.Bool(false)},
		Vote:                   &waE2E.PollEncValue{EncIV: iv, EncPayload: sealed},
	}}
}

func TestAPollIsFoundWhenItsAuthorsLIDWasLearnedLater(t *testing.T) {
	l, c := talking(t, sim.Options{})
	live := l.bridge.running.Load().ready()
	pn, lid := types.NewJID("447700900999", types.DefaultUserServer), types.NewJID("99887766", types.HiddenUserServer)
	noted := content.Key{Sender: pn, ID: "POLL"}.Remote()
	live.notePoll(chat.RemoteChat(c), noted, chat.Poll{Question: "Tea?", Options: []chat.PollOption{{Text: "Tea"}}})
	l.must(live.lids.PutLIDMapping(t.Context(), lid, pn))
	if id, options := live.pollOf(place{chat: chat.RemoteChat(c)}, content.Key{Sender: lid, ID: "POLL"}.Remote()); id != noted || len(options) != 1 {
		t.Errorf("found %q with %v", id, options)
	}
}
