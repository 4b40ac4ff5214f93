// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
)

func TestTextGoesBothWaysInAGroup(t *testing.T) {
	for _, mode := range []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN} {
		t.Run(string(mode), func(t *testing.T) {
			l := newLab(t, Options{Mode: mode})
			ana := l.user("Ana")
			g := l.paired()
			group := l.group(control.NewGroup{Members: []control.UserID{ana}})
			id := l.post(control.Post{Chat: group, User: ana, Content: control.Content{Text: "hello"}})
			ev := g.hears("hello")
			if ev.Info.PushName != "Ana" || ev.Info.Chat.String() != string(group) || string(id) != l.lidOf(ev.Info).User+"/"+ev.Info.ID {
				t.Errorf("heard %+v as %s", ev.Info, id)
			}
			sent := g.says(group, "hi")
			s := l.seen(group, ana, "hi")
			if string(s.ID) != g.client.Store.LID.User+"/"+sent.ID || s.Account == "" {
				t.Errorf("Ana sees %+v", s)
			}
			if c := l.counters(); len(c.Breaches) != 0 {
				t.Errorf("breaches %+v", c.BreachList)
			}
		})
	}
}

// lidOf is a sender's LID, whatever space the message came in.
func (l *lab) lidOf(i any) types.JID {
	l.Helper()
	info := i.(types.MessageInfo)
	if info.Sender.Server == types.HiddenUserServer {
		return info.Sender
	}
	return info.SenderAlt
}
