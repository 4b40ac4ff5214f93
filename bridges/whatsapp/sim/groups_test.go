// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

func TestAGroupIsDescribedInBothAddressModes(t *testing.T) {
	for _, mode := range []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN} {
		d := newDuet(t, Options{Mode: mode})
		info, err := d.client.GetGroupInfo(t.Context(), d.chat())
		d.must(err)
		if info.Name != "Group" || info.AddressingMode != mode || info.ParticipantCount != 2 || len(info.Participants) != 2 {
			t.Fatalf("%s: %+v", mode, info)
		}
		ana, us := info.Participants[0], info.Participants[1]
		if !ana.IsSuperAdmin || !us.IsAdmin || us.IsSuperAdmin || ana.LID.String() != string(d.ana) || ana.PhoneNumber.User != "447700900002" {
			t.Errorf("%s: %+v and %+v", mode, ana, us)
		}
		list, err := d.client.GetJoinedGroups(t.Context())
		d.must(err)
		if len(list) != 1 || list[0].JID != d.chat() {
			t.Errorf("%s: joined %+v", mode, list)
		}
	}
}

func TestTheClientMakesAndChangesGroups(t *testing.T) {
	d := newDuet(t, Options{})
	ben := d.user("Ben")
	anaLID, benLID := jidOf(d.lab, d.ana), jidOf(d.lab, ben)
	info, err := d.client.CreateGroup(t.Context(), whatsmeow.ReqCreateGroup{Name: "Ours", Participants: []types.JID{anaLID}})
	d.must(err)
	chat := control.ChatID(info.JID.String())
	_, err = d.client.UpdateGroupParticipants(t.Context(), info.JID, []types.JID{benLID}, whatsmeow.ParticipantChangeAdd)
	d.must(err)
	d.says(chat, "welcome")
	d.seen(chat, ben, "welcome")
	d.must(d.client.SetGroupName(t.Context(), info.JID, "Still ours"))
	d.must(d.client.SetGroupAnnounce(t.Context(), info.JID, true))
	if _, err := d.people.Post(t.Context(), control.Post{Chat: chat, User: ben, Content: control.Content{Text: "may I?"}}); !errors.Is(err, control.ErrRefused) {
		t.Errorf("a member in an announcement group: %v", err)
	}
	_, err = d.client.UpdateGroupParticipants(t.Context(), info.JID, []types.JID{benLID}, whatsmeow.ParticipantChangePromote)
	d.must(err)
	d.post(control.Post{Chat: chat, User: ben, Content: control.Content{Text: "I may"}})
	d.hears("I may")
	for _, change := range []whatsmeow.ParticipantChange{whatsmeow.ParticipantChangeDemote, whatsmeow.ParticipantChangeRemove} {
		_, err = d.client.UpdateGroupParticipants(t.Context(), info.JID, []types.JID{benLID}, change)
		d.must(err)
	}
	d.must(d.client.LeaveGroup(t.Context(), info.JID))
	if _, err := d.client.GetGroupInfo(t.Context(), info.JID); !errors.Is(err, whatsmeow.ErrNotInGroup) {
		t.Errorf("after leaving: %v", err)
	}
	var services []string
	for _, m := range d.sees(chat, d.ana, "everything", func(v control.View) bool { return len(v.Messages) >= 9 }).Messages {
		services = append(services, m.Service)
	}
	want := []string{"joined", "", "renamed", "settings", "promoted", "", "demoted", "left", "left"}
	if diff := cmp.Diff(want, services); diff != "" {
		t.Errorf("Ana sees (-want +got):\n%s", diff)
	}
}

func jidOf(l *lab, id control.UserID) types.JID {
	l.Helper()
	j, err := types.ParseJID(string(id))
	l.must(err)
	return j
}

func TestChangesByPeopleAreTold(t *testing.T) {
	d := newDuet(t, Options{Mode: types.AddressingModePN})
	ben := d.user("Ben")
	change := func(user control.UserID, action control.MemberAction, ok func(*events.GroupInfo) bool) {
		t.Helper()
		d.must(d.people.ChangeMember(t.Context(), control.MemberChange{Chat: d.group, User: user, Action: action}))
		awaitThat(d.gadget, string(action), ok)
	}
	pn := "447700900003@s.whatsapp.net"
	change(ben, control.Join, func(ev *events.GroupInfo) bool { return len(ev.Join) == 1 && ev.Join[0].String() == pn })
	change(ben, control.Promote, func(ev *events.GroupInfo) bool { return len(ev.Promote) == 1 && ev.Promote[0].String() == pn })
	change(ben, control.Kick, func(ev *events.GroupInfo) bool { return len(ev.Leave) == 1 && ev.Sender.String() != pn })
	change(ben, control.Join, func(ev *events.GroupInfo) bool { return len(ev.Join) == 1 })
	change(ben, control.Leave, func(ev *events.GroupInfo) bool { return len(ev.Leave) == 1 && ev.Sender.String() == pn })
	_, err := d.people.ChangeGroup(t.Context(), control.GroupChange{Chat: d.group, Action: control.Rename, Title: "Renamed"})
	d.must(err)
	awaitThat(d.gadget, "the title", func(ev *events.GroupInfo) bool { return ev.Name != nil && ev.Name.Name == "Renamed" })
	for action, want := range map[control.GroupAction]bool{control.AdminsOnly: true, control.Everybody: false} {
		_, err = d.people.ChangeGroup(t.Context(), control.GroupChange{Chat: d.group, Action: action})
		d.must(err)
		awaitThat(d.gadget, string(action), func(ev *events.GroupInfo) bool { return ev.Announce != nil && ev.Announce.IsAnnounce == want })
	}
	_, err = d.people.ChangeGroup(t.Context(), control.GroupChange{Chat: d.group, Action: control.DeleteGroup})
	d.must(err)
	awaitThat(d.gadget, "the end of the group", func(ev *events.GroupInfo) bool { return ev.Delete != nil })
	if err := d.try("anybody?", "", patience); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("into a deleted group: %v", err)
	}
}

func TestWhoIsNotInTheGroupMayNotWrite(t *testing.T) {
	d := newDuet(t, Options{})
	d.says(d.group, "inside")
	d.must(d.people.ChangeMember(t.Context(), control.MemberChange{Chat: d.group, Action: control.Kick, Silent: true}))
	if err := d.try("outside", "", patience); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("kicked in silence: %v", err)
	}
	d.tell("he is gone")
	d.must(d.people.ChangeMember(t.Context(), control.MemberChange{Chat: d.group, Action: control.Join}))
	await[*events.JoinedGroup](d.gadget, "the group again")
	d.tell("he is back")
	d.hears("he is back")
	if got := d.texts(); len(got) != 0 {
		t.Errorf("it hears %q of what was said without it", got)
	}
	ben := d.user("Ben")
	if _, err := d.people.Post(t.Context(), control.Post{Chat: d.group, User: ben, Content: control.Content{Text: "hi"}}); !errors.Is(err, control.ErrRefused) {
		t.Errorf("a stranger: %v", err)
	}
}

func TestFourDevicesAtMost(t *testing.T) {
	l := newLab(t, Options{})
	first := l.paired()
	l.server.mu.Lock()
	p := l.server.accounts[0]
	for len(p.devices) < maxDevices {
		p.lastID++
		p.devices = append(p.devices, &device{owner: p, id: p.lastID})
	}
	l.server.mu.Unlock()
	g := l.gadget()
	g.must(g.client.Connect())
	qr := await[*events.QR](g, "a QR code")
	if err := l.people.Pair(t.Context(), control.Pair{QR: qr.Codes[0]}); !errors.Is(err, control.ErrRefused) {
		t.Errorf("a fifth device: %v", err)
	}
	l.must(first.client.Logout(t.Context()))
	l.must(l.people.Pair(t.Context(), control.Pair{QR: qr.Codes[0]}))
	g.connected()
}

func TestOnePersonIsKnownByTwoAddresses(t *testing.T) {
	d := newDuet(t, Options{})
	byNumber := d.duetIn(GroupPN)
	byLID := d.duetIn(GroupLID)
	var senders []types.JID
	for _, chat := range []control.ChatID{byNumber, byLID, control.ChatID(d.ana)} {
		d.post(control.Post{Chat: chat, User: d.ana, Content: control.Content{Text: "in " + string(chat)}})
		info := d.hears("in " + string(chat)).Info
		senders = append(senders, info.Sender, info.SenderAlt)
	}
	pn, lid := types.NewJID("447700900002", types.DefaultUserServer), jidOf(d.lab, d.ana)
	if diff := cmp.Diff([]types.JID{pn, lid, lid, pn, lid, pn}, senders); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err := d.people.ChangeGroup(t.Context(), control.GroupChange{Chat: byNumber, Action: control.GroupAction(GroupLID)})
	d.must(err)
	d.post(control.Post{Chat: byNumber, User: d.ana, Content: control.Content{Text: "moved"}})
	if info := d.hears("moved").Info; info.Sender != lid || info.AddressingMode != types.AddressingModeLID {
		t.Errorf("after the move: %+v", info.MessageSource)
	}
	d.says(byNumber, "so did we")
	d.seen(byNumber, d.ana, "so did we")
}

// duetIn makes a group of one kind.
func (d *duet) duetIn(kind control.GroupKind) control.ChatID {
	d.Helper()
	return d.lab.group(control.NewGroup{Title: string(kind), Kind: kind, Members: []control.UserID{d.ana}})
}

func TestNumbersAreLookedUp(t *testing.T) {
	d := newDuet(t, Options{})
	got, err := d.client.IsOnWhatsApp(t.Context(), []string{"+447700900002", "+447700999999"})
	d.must(err)
	if len(got) != 2 || !got[0].IsIn || got[0].JID != jidOf(d.lab, d.ana) || got[1].IsIn {
		t.Errorf("looked up: %+v", got)
	}
	info, err := d.client.GetUserInfo(t.Context(), []types.JID{types.NewJID("447700900002", types.DefaultUserServer)})
	d.must(err)
	for j, u := range info {
		if u.LID != jidOf(d.lab, d.ana) || len(u.Devices) != 1 || u.Devices[0] != j {
			t.Errorf("%s: %+v", j, u)
		}
	}
}
