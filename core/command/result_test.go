// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/room"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// samples are results as the router gives them, with titles as strangers choose them.
var samples = map[string]func(*desk) (name string, args []string){
	"status": func(d *desk) (string, []string) {
		d.status.Accounts = []command.AccountRow{
			{Name: "tg", Network: "telegram", State: chat.Connected, Since: since},
			{Name: "tg-two", Network: "telegram", State: chat.BadCredentials, Code: "unauthorized", Sentence: "Telegram does not know this token.",
				Action: "Take a new one from @BotFather and restart the router.", Since: now.Add(-90 * time.Second), Waiting: 12, OldestSeconds: 3700,
				Incident: &command.IncidentRow{OpenedAt: since, Code: "unauthorized", Sentence: "Telegram does not know this token.",
					Trouble: "bad_credentials", RoomsTold: 3}},
			{Name: "wa", Network: "whatsapp", State: chat.Starting, Since: now},
		}
		d.status.Store = command.StoreRow{State: "ok", SizeBytes: 123_456_789, SpoolBytes: 999, FreeBytes: 1_500_000_000_000, Rooms: 1, Waiting: 12}
		return "status", nil
	},
	"status-failing": func(d *desk) (string, []string) {
		d.status.Accounts = nil
		d.status.Store = command.StoreRow{State: "failing", Sentence: "The disk is full: nothing new is accepted.", Action: "Free some disk space.", Rooms: 2, Waiting: 1}
		return "status", nil
	},
	"chats": func(d *desk) (string, []string) {
		d.chats = []command.ChatRow{
			{Chat: address("tg:-1001"), Network: "telegram", Title: "Lobby", Room: "lobby", CanPost: true},
			{Chat: address("tg:-1002/42"), Network: "telegram", Title: "מועדון הקוראים", CanPost: true},
			{Chat: address("tg:-1003"), Network: "telegram", Title: "東京の友達", Room: "lobby", CanPost: true},
			{Chat: address("tg:-1004"), Network: "telegram", Title: "Family 👨‍👩‍👧‍👦 & friends", CanPost: true},
			{Chat: address("tg:-1005"), Network: "telegram", Title: "\x1b[2J\x1b]0;pwned\x07 nice\r\ngroup\u202e\u2066 \u009b31m<b>", CanPost: true},
			{Chat: address("tg:-1006"), Network: "telegram", Title: strings.Repeat("長い名前 ", 12), CanPost: true},
			{Chat: address("tg:-1007"), Network: "telegram", Code: "kicked", Sentence: "We were removed from the group.", Action: "Add the bot again."},
			{Chat: address("wa:120363@g.us"), Network: "whatsapp"},
		}
		return "chat ls", nil
	},
	"rooms": func(d *desk) (string, []string) {
		d.rooms = []command.RoomRow{
			{Name: "lobby", Title: "Lobby", Language: "en", Waiting: 3, Links: []command.LinkRow{
				{Chat: address("tg:-1001"), Network: "telegram", Title: "Lobby", Direction: room.Both, NameStyle: "line", OnUncertain: "repeat", Notices: room.Changes, CatchUp: room.CatchUpAll},
				{Chat: address("wa:120363@g.us"), Network: "whatsapp", Title: "Lobby", Direction: room.Both, NameStyle: "prefix", OnUncertain: "repeat", Notices: room.Changes, CatchUp: room.CatchUpAll, Waiting: 3}}},
			{Name: "readers", Title: "קוראים", FromConfig: true, Language: "ar"},
		}
		return "room ls", nil
	},
	"room": func(d *desk) (string, []string) {
		link := command.LinkRow{Direction: room.Both, NameStyle: "line", OnUncertain: "repeat", Notices: room.Changes, CatchUp: room.CatchUpAll, Network: "telegram"}
		paused, resting, held := link, link, link
		link.Chat, link.Title = address("tg:-1001"), "Lobby"
		link.TimerSeconds = 7 * 24 * 3600
		paused.Chat, paused.Title, paused.Paused, paused.Waiting, paused.Keeps = address("tg:-1002"), "東京", true, 7, true
		resting.Chat, resting.Direction, resting.Waiting = address("tg:-1003"), room.Out, 1
		resting.Hold = &command.HoldRow{Until: now.Add(150 * time.Second), Code: "rate_limited", Sentence: "Telegram asks to wait."}
		held.Chat, held.NameStyle, held.OnUncertain = address("tg:-1004"), "none", "drop"
		held.Hold = &command.HoldRow{Code: "kicked", Sentence: "We were removed from the group.", Action: "Add the bot again, then room resume tg:-1004."}
		d.rooms = []command.RoomRow{{Name: "lobby", Title: "The lobby", FromConfig: true, Language: "ar", Waiting: 8, Links: []command.LinkRow{link, paused, resting, held}}}
		return "room show", []string{"lobby"}
	},
	"queue": func(d *desk) (string, []string) {
		down := command.DeliveryRow{Room: "lobby", Chat: address("wa:120363@g.us"), Kind: chat.DeliverSend, State: chat.DeliveryWaiting, Code: "network_down",
			Sentence: "WhatsApp cannot be reached.", Action: "Nothing: it is sent when it is back."}
		first, second := down, down
		first.ID, first.Since = 17, now.Add(-50*time.Hour)
		second.ID, second.Since = 18, now.Add(-time.Minute)
		d.queue = []command.DeliveryRow{first, second,
			{ID: 19, Chat: address("tg:-1001"), Kind: chat.DeliverEdit, State: chat.DeliveryInFlight, Since: now, Attempts: 1},
			{ID: 20, Room: "lobby", Chat: address("tg:-1001"), Kind: chat.DeliverReact, State: chat.DeliveryUncertain, Since: now.Add(time.Hour), Attempts: 3,
				Code: "no_answer", Sentence: "It may have been delivered."}}
		d.total = 4
		return "queue ls", nil
	},
	"pair": func(d *desk) (string, []string) {
		d.step = command.PairRow{Seq: 7, Step: chat.PairShowQR, Text: "Scan this code with the phone.", QR: "2@abc", SecondsLeft: 19, Attempt: 2}
		return "pair", []string{"wa"}
	},
	"settled": func(d *desk) (string, []string) {
		d.settle = map[chat.DeliveryID]error{18: command.DeliveryInFlight(18)}
		return "queue drop", []string{"17", "18"}
	},
}

// TestResultsAreWhatScriptsAndPeopleRelyOn holds testdata: NAME.json is what --json prints, NAME.txt the table.
func TestResultsAreWhatScriptsAndPeopleRelyOn(t *testing.T) {
	for name := range samples {
		t.Run(name, func(t *testing.T) {
			r := sample(t, name)
			golden(t, name+".json", indented(t, r))
			golden(t, name+".txt", tableOf(t, r, false))
		})
	}
}

func sample(t *testing.T, name string) command.Result {
	t.Helper()
	d := newDesk()
	cmd, args := samples[name](d)
	r, err := run(t, d.table(), cmd, args)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func indented(t *testing.T, r command.Result) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tableOf(t *testing.T, r command.Result, color bool) string {
	t.Helper()
	var b strings.Builder
	if err := r.Table(&b, command.View{Now: now, Color: color}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; -update rewrites it (-want +got):\n%s", name, diff)
	}
}

func TestResultsComeBackFromTheirJSON(t *testing.T) {
	for name, make := range samples {
		r := sample(t, name)
		cmdName, _ := make(newDesk())
		spec, _ := command.New(command.Desk{}).Lookup(cmdName)
		back := spec.Empty()
		if err := json.Unmarshal([]byte(indented(t, r)), back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLastSecondOfAStepIsOne(t *testing.T) {
	if got := tableOf(t, &command.PairRow{Step: chat.PairWait, Text: "Wait.", SecondsLeft: 1}, false); got != "Wait.\nIt holds for 1 second.\n" {
		t.Errorf("%q", got)
	}
}

func TestEmptyListsAreArraysInJSON(t *testing.T) {
	d := &desk{}
	for _, name := range []string{"chat ls", "room ls", "queue ls"} {
		r, err := run(t, d.table(), name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := indented(t, r); got != "[]\n" {
			t.Errorf("%s: %s", name, got)
		}
		if got := tableOf(t, r, false); strings.Count(got, "\n") != 1 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestErrorsHaveTheirThreeFields(t *testing.T) {
	got, err := json.Marshal(command.NoSuchRoom("x"))
	if want := `{"code":"no_such_room","sentence":"There is no room \"x\".","action":"Look at room ls."}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if e := command.GroupTaken(chat.Address{Account: "a", Chat: "1"}, "r", chat.Address{Account: "b", Chat: "1"}); e.Usage() ||
		e.Error() != `The chat a:1 is the same group as b:1, which is in the room "r"; its messages would show twice. Leave one of them out.` {
		t.Errorf("%v", e)
	}
}
