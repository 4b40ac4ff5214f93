// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	telegram "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// hearing is a town whose bot reads all, and which has settled.
func hearing(t *testing.T) *town {
	w := newTown(t, Options{Bots: []BotOptions{{Token: DefaultToken, ReadsAll: true}}})
	w.settle()
	return w
}

// told is the newest update, of which there must be one of that kind.
func (w *town) told(kind string, to any) {
	w.Helper()
	list := w.updates(-1)
	if len(list) == 0 || list[len(list)-1][kind] == nil {
		w.Fatalf("no %s in %v", kind, list)
	}
	w.must(json.Unmarshal(list[len(list)-1][kind], to))
}

// last is the newest message that a user sees in super.
func (w *town) last() control.Seen {
	w.Helper()
	v, err := w.client.See(w.Context(), control.See{Chat: w.super, User: w.ana})
	w.must(err)
	return v.Messages[len(v.Messages)-1]
}

func TestUsersPostPlacesContactsAndPolls(t *testing.T) {
	w := hearing(t)
	var m models.Message
	w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Kind: "venue", Place: &control.Place{Latitude: 1.5, Longitude: -2, Title: "Quay", Address: "2 Road"}}})
	w.told("message", &m)
	if v := m.Venue; v == nil || v.Title != "Quay" || v.Address != "2 Road" || v.Location.Latitude != 1.5 || m.Location == nil {
		t.Errorf("a venue came as %+v", m)
	}
	w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Kind: "contact", Contact: &control.Contact{Name: "Ada Byron King", Phone: "+44"}}})
	w.told("message", &m)
	if c := m.Contact; c == nil || c.FirstName != "Ada" || c.LastName != "Byron King" || c.PhoneNumber != "+44" {
		t.Errorf("a contact came as %+v", m.Contact)
	}
	poll := control.Poll{Question: "Tea?", Options: []control.PollOption{{Text: "yes"}, {Text: "no"}}, Multiple: true, Public: true}
	w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Kind: "poll", Poll: &poll}})
	w.told("message", &m)
	if p := m.Poll; p == nil || p.Question != "Tea?" || len(p.Options) != 2 || !p.AllowsMultipleAnswers || p.IsAnonymous || p.TotalVoterCount != 0 {
		t.Errorf("a poll came as %+v", m.Poll)
	}
	if diff := cmp.Diff(&poll, w.last().Poll); diff != "" {
		t.Errorf("people see (-want +got):\n%s", diff)
	}
}

func TestUsersCannotPostWhatTheNetworkRefuses(t *testing.T) {
	w := hearing(t)
	for name, p := range map[string]control.Post{
		"off the map":      {Content: control.Content{Kind: "location", Place: &control.Place{Latitude: 91}}},
		"too short a life": {Content: control.Content{Kind: "location", Place: &control.Place{LiveS: 59}}},
		"no answers":       {Content: control.Content{Kind: "poll", Poll: &control.Poll{Question: "?"}}},
		"from nowhere":     {Content: control.Content{Text: "x"}, ForwardedFrom: &control.Origin{Chat: w.chatID(5_000_000_001)}},
	} {
		p.Chat, p.User = w.super, w.ben
		if _, err := w.client.Post(t.Context(), p); !errors.Is(err, control.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALiveLocationOfAUserMovesUntilItEnds(t *testing.T) {
	w := hearing(t)
	id := w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Kind: "location", Place: &control.Place{Latitude: 1, Longitude: 2, LiveS: 600}}})
	for _, to := range []control.Place{{Latitude: 3, Longitude: 4, LiveS: 600}, {Latitude: 3, Longitude: 4}} {
		w.must(w.client.Edit(t.Context(), control.Edit{Chat: w.super, Message: id, Place: &to}))
		var m models.Message
		w.told("edited_message", &m)
		if m.Location == nil || m.Location.Latitude != 3 || m.Location.LivePeriod != to.LiveS || m.EditDate == 0 {
			t.Errorf("moved to %+v", m.Location)
		}
		if diff := cmp.Diff(&to, w.last().Place); diff != "" {
			t.Errorf("people see (-want +got):\n%s", diff)
		}
	}
	err := w.client.Edit(t.Context(), control.Edit{Chat: w.super, Message: id, Place: &control.Place{LiveS: 60}})
	if !errors.Is(err, control.ErrRefused) {
		t.Errorf("moving what has ended: %v", err)
	}
}

func TestTheRealLibrarySendsEveryOtherKind(t *testing.T) {
	w := newTown(t, Options{})
	b := library(w.rig, telegram.WithSkipGetMe())
	chat := string(w.super)
	sent := func(m *models.Message, err error) *models.Message { w.must(err); return m }
	live := sent(b.SendLocation(t.Context(), &telegram.SendLocationParams{ChatID: chat, Latitude: 1, Longitude: 2, LivePeriod: 60}))
	moved := sent(b.EditMessageLiveLocation(t.Context(), &telegram.EditMessageLiveLocationParams{ChatID: chat, MessageID: live.ID, Latitude: 5, Longitude: 6}))
	if moved.Location.Latitude != 5 || moved.Location.LivePeriod != 60 || w.last().Place.Latitude != 5 {
		t.Errorf("moved %+v", moved.Location)
	}
	still := sent(b.StopMessageLiveLocation(t.Context(), &telegram.StopMessageLiveLocationParams{ChatID: chat, MessageID: live.ID}))
	if still.Location.LivePeriod != 0 || w.last().Place.LiveS != 0 {
		t.Errorf("stopped %+v", still.Location)
	}
	sent(b.SendVenue(t.Context(), &telegram.SendVenueParams{ChatID: chat, Latitude: 1, Longitude: 2, Title: "Quay", Address: "x"}))
	sent(b.SendContact(t.Context(), &telegram.SendContactParams{ChatID: chat, PhoneNumber: "+44", FirstName: "Ada", LastName: "King"}))
	sent(b.SendDice(t.Context(), &telegram.SendDiceParams{ChatID: chat, Emoji: "🏀"}))
	sent(b.SendPoll(t.Context(), &telegram.SendPollParams{
		ChatID: chat, Question: "Tea?", Options: []models.InputPollOption{{Text: "yes"}}, IsAnonymous: telegram.False(),
	}))
	v, err := w.client.See(t.Context(), control.See{Chat: w.super})
	w.must(err)
	var got []string
	for _, m := range v.Visible()[1:] {
		got = append(got, m.Kind+" "+m.Text)
	}
	if diff := cmp.Diff([]string{"location ", "venue Quay", "contact Ada King", "dice ", "poll Tea?"}, got); diff != "" {
		t.Errorf("people see (-want +got):\n%s", diff)
	}
	if c := w.counters(); len(c.Breaches) != 0 {
		t.Errorf("breaches %v", c.Breaches)
	}
}

// ownPoll sends a poll of the bot into super and returns its message.
func (w *town) ownPoll(fields params) models.Message {
	w.Helper()
	fields["chat_id"], fields["question"] = w.super, "Tea?"
	fields["options"] = `["yes",{"text":"no"},"later"]`
	var m models.Message
	w.call("sendPoll", fields).into(w.rig, &m)
	return m
}

func TestVotesOnThePollsOfABotAreTold(t *testing.T) {
	w := newTown(t, Options{})
	m := w.ownPoll(params{"is_anonymous": false, "allows_multiple_answers": true})
	w.settle()
	vote := func(u control.UserID, options ...int) {
		w.must(w.client.Vote(t.Context(), control.Vote{Chat: w.super, Message: messageID(int64(m.ID)), User: u, Options: options}))
	}
	vote(w.ana, 0, 2)
	vote(w.ben, 2)
	vote(w.ana, 2)
	var answer models.PollAnswer
	w.told("poll_answer", &answer)
	if answer.PollID != m.Poll.ID || answer.User.FirstName != "Ana" || len(answer.OptionIDs) != 1 || answer.OptionIDs[0] != 2 {
		t.Errorf("answer %+v", answer)
	}
	var p models.Poll
	w.call("stopPoll", params{"chat_id": w.super, "message_id": m.ID}).into(w.rig, &p)
	if !p.IsClosed || p.TotalVoterCount != 2 || p.Options[0].VoterCount != 0 || p.Options[2].VoterCount != 2 {
		t.Errorf("stopped %+v", p)
	}
	w.told("poll", &p)
	if !p.IsClosed {
		t.Error("the bot is not told that its poll is closed")
	}
	if got := w.last().Poll; !got.Closed || got.Options[2].Votes != 2 {
		t.Errorf("people see %+v", got)
	}
	err := w.client.Vote(t.Context(), control.Vote{Chat: w.super, Message: messageID(int64(m.ID)), User: w.ben})
	if !errors.Is(err, control.ErrRefused) {
		t.Errorf("a vote in a closed poll: %v", err)
	}
}

func TestVotesStayHiddenWhereTheyBelong(t *testing.T) {
	w := hearing(t)
	secret := w.ownPoll(params{})
	theirs := w.post(control.Post{Chat: w.super, User: w.ana, Content: control.Content{Kind: "poll", Text: "Theirs?"}})
	w.settle()
	w.must(w.client.Vote(t.Context(), control.Vote{Chat: w.super, Message: messageID(int64(secret.ID)), User: w.ben, Options: []int{1}}))
	var p models.Poll
	w.told("poll", &p)
	if p.Options[1].VoterCount != 1 || !p.IsAnonymous {
		t.Errorf("poll %+v", p)
	}
	w.settle()
	w.must(w.client.Vote(t.Context(), control.Vote{Chat: w.super, Message: theirs, User: w.ben, Options: []int{1}}))
	if list := w.updates(0); len(list) != 0 {
		t.Errorf("of a user's poll the bot is told %v", list)
	}
	if got := w.last().Poll.Options[1].Votes; got != 1 {
		t.Errorf("people see %d votes, want 1", got)
	}
	for name, bad := range map[string]control.Vote{
		"two answers": {Message: theirs, User: w.ben, Options: []int{0, 1}}, "a stranger": {Message: theirs, User: w.user("Cal")},
		"no poll": {Message: w.question, User: w.ben},
	} {
		bad.Chat = w.super
		if err := w.client.Vote(t.Context(), bad); !errors.Is(err, control.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOtherKindsAreRefusedInTheServersWords(t *testing.T) {
	w := newTown(t, Options{})
	theirs := w.post(control.Post{Chat: w.super, User: w.ana, Content: control.Content{Kind: "poll", Text: "Theirs?"}})
	own := w.ownPoll(params{"is_closed": true})
	var fixed models.Message
	w.call("sendLocation", params{"chat_id": w.super, "latitude": 1, "longitude": 2}).into(w.rig, &fixed)
	for _, c := range []struct {
		method string
		p      params
		want   string
	}{
		{"sendLocation", params{}, "latitude is empty"},
		{"sendLocation", params{"latitude": 1}, "longitude is empty"},
		{"sendLocation", params{"latitude": 91, "longitude": 0}, "invalid location specified"},
		{"sendLocation", params{"latitude": 91, "longitude": 0, "live_period": 60}, "invalid live location specified"},
		{"sendLocation", params{"latitude": 1, "longitude": 0, "live_period": 59}, "wrong live location period specified"},
		{"sendLocation", params{"latitude": 1, "longitude": 0, "live_period": 86401}, "wrong live location period specified"},
		{"sendLocation", params{"latitude": 1, "longitude": 0, "live_period": 60, "heading": 361}, "wrong live location heading specified"},
		{"sendVenue", params{"latitude": 1, "longitude": 181, "title": "x", "address": "y"}, "wrong venue location specified"},
		{"editMessageLiveLocation", params{"message_id": fixed.ID, "latitude": 1, "longitude": 0}, "there is no live location in the message to edit"},
		{"editMessageText", params{"message_id": fixed.ID, "text": "x"}, "there is no text in the message to edit"},
		{"sendPoll", params{"question": "?"}, "can't parse options JSON object"},
		{"sendPoll", params{"question": "?", "options": "{}"}, "expected an Array of InputPollOption"},
		{"sendPoll", params{"question": "?", "options": "[1]"}, "can't parse InputPollOption: Expected InputPollOption to be an Object"},
		{"sendPoll", params{"question": "?", "options": "[{}]"}, `can't parse InputPollOption: Can't find field "text"`},
		{"sendPoll", params{"question": "?", "options": "[]"}, "poll must have at least one answer option"},
		{"sendPoll", params{"question": " ", "options": `["a"]`}, "text must be non-empty"},
		{"sendPoll", params{"question": "?", "options": `["a"," "]`}, "text must be non-empty"},
		{"sendPoll", params{"question": strings.Repeat("😀", 301), "options": `["a"]`}, "poll question length must not exceed 300"},
		{"sendPoll", params{"question": "?", "options": `["` + strings.Repeat("x", 101) + `"]`}, "poll options length must not exceed 100"},
		{"sendPoll", params{"question": "?", "options": `["a"` + strings.Repeat(`,"a"`, 12) + `]`}, "poll can't have more than 12 options"},
		{"sendPoll", params{"question": "?", "options": `["a"]`, "type": "x"}, "unsupported poll type specified"},
		{"stopPoll", params{"message_id": 999}, "message with poll to stop not found"},
		{"stopPoll", params{"message_id": w.question}, "message is not a poll"},
		{"stopPoll", params{"message_id": theirs}, "poll can't be stopped"},
		{"stopPoll", params{"message_id": own.ID}, "poll has already been closed"},
		{"pinChatMessage", params{"message_id": 999}, "message to pin not found"},
		{"pinChatMessage", params{"message_id": w.question}, "not enough rights to manage pinned messages in the chat"},
	} {
		c.p["chat_id"] = w.super
		if got, want := w.call(c.method, c.p), (refusalText(400, "Bad Request: "+c.want)); got.Raw != want {
			t.Errorf("%s %v\ngot  %s\nwant %s", c.method, c.p, got.Raw, want)
		}
	}
}

func TestALiveLocationOfABotCannotMoveAfterItsTime(t *testing.T) {
	w := newTown(t, Options{})
	var m models.Message
	w.call("sendLocation", params{"chat_id": w.super, "latitude": 1, "longitude": 2, "live_period": 60}).into(w.rig, &m)
	p := params{"chat_id": w.super, "message_id": m.ID, "latitude": 1, "longitude": 2}
	if got := w.call("editMessageLiveLocation", p); got.Description != "Bad Request: "+textSame {
		t.Errorf("the same place: %s", got.Raw)
	}
	w.must(w.client.Advance(t.Context(), 61*time.Second))
	p["latitude"] = 2
	if got := w.call("editMessageLiveLocation", p); got.Description != "Bad Request: message can't be edited" {
		t.Errorf("after its time: %s", got.Raw)
	}
}

func TestAccuracyIsHeldToWhatTheServerTakes(t *testing.T) {
	w := newTown(t, Options{})
	for given, want := range map[string]string{"NaN": "", "-1": "", "0.2": `"horizontal_accuracy":1}`, "1e9": `"horizontal_accuracy":1500}`} {
		a := w.call("sendLocation", params{"chat_id": w.super, "latitude": 1, "longitude": 2, "horizontal_accuracy": given})
		if !a.OK || strings.Contains(a.Raw, "accuracy") != (want != "") || !strings.Contains(a.Raw, want) {
			t.Errorf("%s: %s", given, a.Raw)
		}
	}
}

func TestStickersSayHowTheyMove(t *testing.T) {
	w := hearing(t)
	for mime, want := range map[string][2]bool{"image/webp": {}, "application/x-tgsticker": {true, false}, "video/webm": {false, true}} {
		w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Media: []control.Media{{Kind: kindSticker, MIME: mime, Data: []byte("x")}}}})
		var m models.Message
		w.told("message", &m)
		if got := [2]bool{m.Sticker.IsAnimated, m.Sticker.IsVideo}; got != want {
			t.Errorf("%s: %v", mime, got)
		}
	}
}

func TestForwardsNameTheirOrigin(t *testing.T) {
	w := hearing(t)
	for name, c := range map[string]struct {
		from control.Origin
		want string
	}{
		"a user":      {control.Origin{User: w.ana}, `"type":"user","sender_user":{"id":5000000001,"is_bot":false,"first_name":"Ana"}`},
		"who hides":   {control.Origin{Name: "Zoe"}, `"type":"hidden_user","sender_user_name":"Zoe"`},
		"a group":     {control.Origin{Chat: w.strange}, `"type":"chat","sender_chat":{`},
		"a channel":   {control.Origin{Chat: w.channel, Message: "9"}, `"type":"channel","chat":{`},
		"with a post": {control.Origin{Chat: w.channel, Message: "9"}, `"message_id":9`},
	} {
		w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Text: "look"}, ForwardedFrom: &c.from})
		var m struct {
			Origin json.RawMessage `json:"forward_origin"`
		}
		w.told("message", &m)
		if !strings.Contains(datesOut.ReplaceAllString(string(m.Origin), ""), c.want) {
			t.Errorf("%s: %s", name, m.Origin)
		}
		var library models.MessageOrigin
		w.must(json.Unmarshal(m.Origin, &library))
	}
}

// datesOut finds the dates, which no test can foresee.
var datesOut = regexp.MustCompile(`"date":\d+,`)

func TestPinsAreToldToBotsThemselvesToo(t *testing.T) {
	w := newTown(t, Options{})
	w.member(w.super, control.Promote)
	w.settle()
	w.must(w.client.Pin(t.Context(), control.Pin{Chat: w.super, Message: w.question}))
	own := w.say("mine")
	if a := w.call("pinChatMessage", params{"chat_id": w.super, "message_id": own}); a.Raw != `{"ok":true,"result":true}` {
		t.Errorf("%s", a.Raw)
	}
	var texts []string
	for _, u := range w.updates(0) {
		var m models.Message
		w.must(json.Unmarshal(u["message"], &m))
		texts = append(texts, m.From.FirstName+": "+m.PinnedMessage.Message.Text)
	}
	if diff := cmp.Diff([]string{"Ana: Is the bridge open?", "Causeway: mine"}, texts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var full models.ChatFullInfo
	w.call("getChat", params{"chat_id": w.super}).into(w.rig, &full)
	if full.PinnedMessage == nil || full.PinnedMessage.Text != "mine" {
		t.Errorf("the chat's pin is %+v", full.PinnedMessage)
	}
	w.call("unpinChatMessage", params{"chat_id": w.super})
	v, err := w.client.See(t.Context(), control.See{Chat: w.super})
	w.must(err)
	var pinned []control.MessageID
	for _, m := range v.Messages {
		if m.Pinned {
			pinned = append(pinned, m.ID)
		}
	}
	if diff := cmp.Diff([]control.MessageID{w.question}, pinned); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
	w.call("unpinAllChatMessages", params{"chat_id": w.super})
	if a := w.call("unpinChatMessage", params{"chat_id": w.super}); a.Raw != refusalText(400, "Bad Request: message to unpin not found") {
		t.Errorf("%s", a.Raw)
	}
	if err := w.client.Pin(t.Context(), control.Pin{Chat: w.super, Message: w.question, User: w.ben}); !errors.Is(err, control.ErrRefused) {
		t.Errorf("pinned by a member: %v", err)
	}
}

func TestPhotosAndVideoChatsOfAGroupAreTold(t *testing.T) {
	w := newTown(t, Options{})
	for _, c := range []struct {
		action control.GroupAction
		want   string
	}{
		{control.NewPhoto, `"new_chat_photo":[{"file_id":"F`}, {control.RemovePhoto, `"delete_chat_photo":true`},
		{control.StartVideoChat, `"video_chat_started":{}`}, {control.EndVideoChat, `"video_chat_ended":{"duration":90}`},
	} {
		if c.action == control.EndVideoChat {
			w.must(w.client.Advance(t.Context(), 90*time.Second))
		}
		w.change(w.super, c.action, false)
		var raw json.RawMessage
		w.told("message", &raw)
		if !strings.Contains(string(raw), c.want) {
			t.Errorf("%s: %s", c.action, raw)
		}
	}
	_, err := w.client.ChangeGroup(t.Context(), control.GroupChange{Chat: w.super, Action: control.EndVideoChat})
	if !errors.Is(err, control.ErrRefused) {
		t.Errorf("ending what has ended: %v", err)
	}
}
