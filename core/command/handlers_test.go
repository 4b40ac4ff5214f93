// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

func TestStatusTellsTimesInWholeSecondsUTC(t *testing.T) {
	r, err := run(t, newDesk().table(), "status", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	if got := r.(*command.Status).Accounts[0].Since; !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("since is %v, want %v", got, want)
	}
}

func TestChatListKnowsItsAccounts(t *testing.T) {
	table := newDesk().table()
	for args, want := range map[string]int{"": 3, "tg": 2, "wa": 1} {
		r, err := run(t, table, "chat ls", strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(*r.(*command.ChatList)); got != want {
			t.Errorf("chat ls %s has %d chats, want %d", args, got, want)
		}
	}
	_, err := run(t, table, "chat ls", []string{"gt"})
	wantError(t, err, command.CodeNoSuchAccount, `There is no account "gt". Did you mean tg?`)
	_, err = run(t, table, "chat ls", []string{"matrix"})
	wantError(t, err, command.CodeNoSuchAccount, `There is no account "matrix". Look at status.`)
}

func TestRoomShowSuggestsRooms(t *testing.T) {
	table := newDesk().table()
	r, err := run(t, table, "room show", []string{"lobby"})
	if err != nil || r.(*command.RoomRow).Name != "lobby" {
		t.Errorf("%v, %v", r, err)
	}
	_, err = run(t, table, "room show", []string{"loby"})
	wantError(t, err, command.CodeNoSuchRoom, `There is no room "loby". Did you mean lobby?`)
	_, err = run(t, table, "room export", []string{"kitchen"})
	wantError(t, err, command.CodeNoSuchRoom, `There is no room "kitchen". Look at room ls.`)
}

func TestRoomLinkPassesChatsAndSettings(t *testing.T) {
	d := newDesk()
	r, err := run(t, d.table(), "room link", []string{"lobby", "tg:-1", "wa:3"}, "direction=out", "name-style=none", "on-uncertain=drop", "notices=all", "catch-up=none")
	if err != nil || r.(*command.RoomRow).Name != "lobby" {
		t.Fatalf("%v, %v", r, err)
	}
	_, err = run(t, d.table(), "room link", []string{"fresh", "wa:3"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"link lobby [tg:-1 wa:3] {Direction:out NameStyle:none OnUncertain:drop Notices:all CatchUp:none}",
		"link fresh [wa:3] {Direction: NameStyle: OnUncertain: Notices: CatchUp:}",
	}
	if diff := cmp.Diff(want, d.asked); diff != "" {
		t.Error(diff)
	}
}

func TestRoomLinkRefusesWhatNobodySaw(t *testing.T) {
	d := newDesk()
	for chat, want := range map[string]string{
		"tg:-3":  `No account has seen the chat tg:-3. Did you mean tg:-1?`,
		"wa:999": `No account has seen the chat wa:999. Say something in it, then look at chat ls.`,
	} {
		_, err := run(t, d.table(), "room link", []string{"lobby", "tg:-1", chat})
		wantError(t, err, command.CodeNoSuchChat, want)
	}
	_, err := run(t, d.table(), "room link", []string{"lobby", "gt:-1"})
	wantError(t, err, command.CodeNoSuchAccount, `There is no account "gt". Did you mean tg?`)
	if len(d.asked) > 0 {
		t.Errorf("something was changed: %v", d.asked)
	}
	d.linked = command.ChatTaken(chat.Address{Account: "tg", Chat: "-1"}, "other")
	_, err = run(t, d.table(), "room link", []string{"lobby", "tg:-1"})
	wantError(t, err, command.CodeChatTaken, `The chat tg:-1 is in the room "other" already; a chat is in at most one. Take it out first: room unlink tg:-1.`)
}

func TestLinksAreChangedByTheirChat(t *testing.T) {
	d := newDesk()
	for _, name := range []string{"room pause", "room resume", "room unlink"} {
		r, err := run(t, d.table(), name, []string{"tg:-1"})
		if err != nil || r.(*command.RoomRow).Name != "lobby" {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	if diff := cmp.Diff([]string{"pause tg:-1", "resume tg:-1", "unlink tg:-1"}, d.asked); diff != "" {
		t.Error(diff)
	}
	_, err := run(t, newDesk().table(), "room pause", []string{"wa:3"})
	wantError(t, err, command.CodeNotLinked, "The chat wa:3 is in no room. Link it with room link.")
	d = newDesk()
	d.linked = command.RoomFromConfig("lobby")
	_, err = run(t, d.table(), "room unlink", []string{"tg:-1"})
	wantError(t, err, command.CodeRoomFromConfig, `The room "lobby" stands in the config file and is changed there alone. Edit its chats in the file and restart the router.`)
}

func TestRoomThatWentWithItsLastChatIsStillAnswered(t *testing.T) {
	d := newDesk()
	r, err := run(t, d.table(), "room unlink", []string{"tg:-1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&command.RoomRow{Name: "lobby", Links: []command.LinkRow{}}, r); diff != "" {
		t.Error(diff)
	}
}

func TestQueueListChooses(t *testing.T) {
	d := newDesk()
	for _, c := range []struct {
		arg   []string
		flags []string
		want  string
	}{
		{nil, nil, "queue {Room: Chat:: Ended:false Limit:1000}"},
		{[]string{"lobby"}, []string{"limit=5"}, "queue {Room:lobby Chat:: Ended:false Limit:5}"},
		{[]string{"tg:-1"}, []string{"ended=true"}, "queue {Room: Chat:tg:-1 Ended:true Limit:1000}"},
		{nil, []string{"limit=0"}, "queue {Room: Chat:: Ended:false Limit:1}"},
		{nil, []string{"limit=999999999"}, "queue {Room: Chat:: Ended:false Limit:100000}"},
	} {
		d.asked = nil
		if _, err := run(t, d.table(), "queue ls", c.arg, c.flags...); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{c.want}, d.asked); diff != "" {
			t.Error(diff)
		}
	}
	_, err := run(t, d.table(), "queue ls", []string{"loby"})
	wantError(t, err, command.CodeNoSuchRoom, `There is no room "loby". Did you mean lobby?`)
	_, err = run(t, d.table(), "queue ls", []string{"tg:-5"})
	wantError(t, err, command.CodeNoSuchChat, "")
}

func TestQueueListTellsWhenItIsCut(t *testing.T) {
	d := newDesk()
	d.queue, d.total = []command.DeliveryRow{{ID: 1, Since: since}, {ID: 2}}, 200_000
	r, err := run(t, d.table(), "queue ls", nil, "limit=1")
	if err != nil {
		t.Fatal(err)
	}
	l := r.(*command.DeliveryList)
	if len(l.Rows) != 1 || l.Note() != "1 of 200000 are shown; --limit shows more." || l.Rows[0].Since.Nanosecond() != 0 {
		t.Errorf("%+v %q", l, l.Note())
	}
	d.total = 2
	if r, err = run(t, d.table(), "queue ls", nil); err != nil || r.(*command.DeliveryList).Note() != "" {
		t.Errorf("%v %v", r, err)
	}
}

func TestOneBadDeliveryStopsNoOther(t *testing.T) {
	d := newDesk()
	d.settle = map[chat.DeliveryID]error{
		2: command.NoSuchDelivery(2), 3: command.DeliveryInFlight(3), 4: command.DeliveryEnded(4, chat.DeliveryDelivered),
	}
	r, err := run(t, d.table(), "queue drop", []string{"1", "2", "3", "4", "5"})
	if err != nil {
		t.Fatal(err)
	}
	want := &command.SettledList{
		{ID: 1, Result: "dropped"},
		{ID: 2, Result: "failed", Code: "no_such_delivery", Sentence: "There is no delivery 2.", Action: "Look at queue ls."},
		{ID: 3, Result: "failed", Code: "delivery_in_flight", Sentence: "The delivery 3 is being sent right now.", Action: "Try again in a minute."},
		{ID: 4, Result: "failed", Code: "delivery_ended", Sentence: "The delivery 4 has ended: it was delivered."},
		{ID: 5, Result: "dropped"},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if !r.(command.Failer).Failed() {
		t.Error("a failure in part counts as success")
	}
	if d.asked[0] != "drop 1 by operator" {
		t.Errorf("asked %v", d.asked)
	}
	r, err = run(t, d.table(), "queue retry", []string{"1"})
	if err != nil || r.(command.Failer).Failed() || (*r.(*command.SettledList))[0].Result != "retried" {
		t.Errorf("retry: %v, %v", r, err)
	}
}

func TestStreamsWriteWhenAsked(t *testing.T) {
	for _, c := range []struct {
		name, mediaType, bytes, asked string
		args, flags                   []string
	}{
		{"backup", "application/octet-stream", "bytes", "backup false", []string{"f"}, nil},
		{"backup", "application/octet-stream", "bytes", "backup true", []string{"f"}, []string{"sessions=true"}},
		{"room export", "application/jsonl", "{}\n", "export lobby", []string{"lobby"}, nil},
	} {
		d := newDesk()
		r, err := run(t, d.table(), c.name, c.args, c.flags...)
		if err != nil {
			t.Fatal(err)
		}
		s := r.(command.Stream)
		var b bytes.Buffer
		if len(d.asked) > 0 || s.Write(t.Context(), &b) != nil || b.String() != c.bytes || s.Type != c.mediaType || d.asked[0] != c.asked {
			t.Errorf("%s: %q of %s, asked %v", c.name, b.String(), s.Type, d.asked)
		}
		if s.Table(&b, command.View{}) == nil {
			t.Errorf("%s: bytes have a table", c.name)
		}
		d.fail = errors.New("disk")
		if err := s.Write(t.Context(), &b); !errors.Is(err, d.fail) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestSettingsHaveTheSameWordsEverywhere(t *testing.T) {
	for _, s := range []chat.NameStyle{chat.OwnLine, chat.Prefix, chat.NoName} {
		if command.NameStyle(command.NameStyleWord(s)) != s {
			t.Errorf("%q does not come back", s)
		}
	}
	for _, p := range []chat.OnUncertain{chat.Resend, chat.Drop} {
		if command.OnUncertain(command.OnUncertainWord(p)) != p {
			t.Errorf("%q does not come back", p)
		}
	}
	if command.NameStyleWord("") != "line" || command.OnUncertainWord("") != "repeat" {
		t.Error("a setting that is not set has no word")
	}
	if command.NameStyle("x") != "" || command.OnUncertain("") != "" {
		t.Error("an unknown word means something")
	}
}

func TestPairAsksTheDesk(t *testing.T) {
	d := newDesk()
	d.step = command.PairRow{Seq: 3, Step: chat.PairFailed, Error: "The phone said no."}
	r, err := d.table().Run(t.Context(), operator, "pair", []string{"wa"}, map[string]string{"code": "+441234", "after": "2", "answer": "yes"})
	if err != nil {
		t.Fatal(err)
	}
	if row := r.(*command.PairRow); !row.Failed() || !row.Ends() {
		t.Errorf("%+v has not failed", row)
	}
	if diff := cmp.Diff([]string{"pair wa {Phone:+441234 After:2 Answer:yes}"}, d.asked); diff != "" {
		t.Error(diff)
	}
	_, err = run(t, d.table(), "pair", []string{"aw"})
	wantError(t, err, command.CodeNoSuchAccount, `There is no account "aw". Did you mean wa?`)
}

func TestRoomLanguageIsAskedOfTheDesk(t *testing.T) {
	d := newDesk()
	if _, err := run(t, d.table(), "room language", []string{"lobby", "AR"}); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(d.asked, "language lobby ar") {
		t.Errorf("asked was %v", d.asked)
	}
	_, err := run(t, d.table(), "room language", []string{"loby", "ar"})
	wantError(t, err, command.CodeNoSuchRoom, `There is no room "loby". Did you mean lobby?`)
}
