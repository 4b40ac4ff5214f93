// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestVotesAreTold(t *testing.T) {
	open := func(anonymous bool) string {
		return fmt.Sprintf(`{"id":"9","question":"Q","options":[{"text":"a","voter_count":2},{"text":"b"}],"is_anonymous":%v,"is_closed":false}`, anonymous)
	}
	closed := func(anonymous bool) string {
		return fmt.Sprintf(`{"id":"9","question":"Q","options":[{"text":"a","voter_count":2},{"text":"b"}],"is_anonymous":%v,"is_closed":true}`, anonymous)
	}
	answer := `{"poll_id":"9","user":{"id":5,"first_name":"Ana","last_name":"B","username":"ana_b"},"option_ids":%s}`
	for name, c := range map[string]struct {
		own        bool
		kind, body string
		want       chat.Body // nil: nothing is told
		sender     chat.Sender
	}{
		"ours":                         {true, "poll", open(true), chat.PollState{ID: "7", Votes: []int{2, 0}}, chat.Sender{}},
		"ours is closed":               {true, "poll", closed(true), chat.PollState{ID: "7", Votes: []int{2, 0}, Closed: true}, chat.Sender{}},
		"ours, whose voters are named": {true, "poll", open(false), nil, chat.Sender{}},
		"and it is closed":             {true, "poll", closed(false), chat.PollState{ID: "7", Closed: true}, chat.Sender{}},
		"a vote in ours":               {true, "poll_answer", fmt.Sprintf(answer, `[1,0]`), chat.Vote{ID: "7", Options: []int{1, 0}}, anaSender},
		"a vote taken back":            {true, "poll_answer", fmt.Sprintf(answer, `[]`), chat.Vote{ID: "7"}, anaSender},
		"a vote out of bounds":         {true, "poll_answer", fmt.Sprintf(answer, `[-1,1000000,1]`), chat.Vote{ID: "7", Options: []int{1}}, anaSender},
		"a channel's vote":             {true, "poll_answer", `{"poll_id":"9","voter_chat":{"id":-1009,"title":"News"},"option_ids":[0]}`, chat.Vote{ID: "7", Options: []int{0}}, chat.Sender{User: "-1009", Kind: chat.SenderChannel, Name: "News"}},
		"somebody's is closed":         {false, "poll", closed(false), chat.PollState{ID: "7", Votes: []int{2, 0}, Closed: true}, chat.Sender{}},
		"a vote in somebody's":         {false, "poll_answer", fmt.Sprintf(answer, `[0]`), nil, chat.Sender{}},
	} {
		t.Run(name, func(t *testing.T) {
			conv := newConverter()
			conv.memory.notePoll(pollAt{ID: "9", Group: -1001, Thread: 42, Message: 7, Own: c.own})
			v := readOne(t, conv, 10, c.kind, c.body)
			if c.want == nil {
				if len(v.events) != 0 || v.ignored == "" {
					t.Errorf("%+v", v)
				}
				return
			}
			if len(v.events) != 1 {
				t.Fatalf("%+v", v)
			}
			e := v.events[0]
			if diff := cmp.Diff(c.want, e.Body); diff != "" || e.Chat != "-1001/42" {
				t.Errorf("in %s: %s", e.Chat, diff)
			}
			if diff := cmp.Diff(c.sender, e.Sender); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPollsThatNobodyRemembersAreIgnored(t *testing.T) {
	c := newConverter()
	for kind, body := range map[string]string{
		"poll": `{"id":"8","options":[]}`, "poll_answer": `{"poll_id":"8","user":{"id":5},"option_ids":[0]}`,
	} {
		if v := readOne(t, c, 10, kind, body); len(v.events) != 0 || v.ignored == "" {
			t.Errorf("%s: %+v", kind, v)
		}
	}
	if v := readOne(t, c, 11, "poll_answer", `{"poll_id":"8"}`); len(v.events) != 1 {
		t.Errorf("a vote of nobody: %+v", v)
	}
}

// TestSomebodysPollIsRememberedUntilItIsClosed: a poll's updates name no message.
func TestSomebodysPollIsRememberedUntilItIsClosed(t *testing.T) {
	c := newConverter()
	readOne(t, c, 10, "message", "{"+inTopic+","+ana+`,"poll":{"id":"9","question":"Q","options":[{"text":"a"}]}}`)
	v := readOne(t, c, 11, "poll", `{"id":"9","options":[{"text":"a","voter_count":4}],"is_closed":true,"is_anonymous":true}`)
	if diff := cmp.Diff(chat.PollState{ID: "7", Votes: []int{4}, Closed: true}, v.events[0].Body); diff != "" || v.events[0].Chat != "-1001/42" {
		t.Errorf("%s %s", v.events[0].Chat, diff)
	}
	again := readOne(t, c, 11, "poll", `{"id":"9","options":[{"text":"a","voter_count":4}],"is_closed":true,"is_anonymous":true}`)
	later := readOne(t, c, 11, "poll", `{"id":"9","options":[{"text":"a","voter_count":5}],"is_closed":true,"is_anonymous":true}`)
	if again.events[0].Key != v.events[0].Key || later.events[0].Key == v.events[0].Key {
		t.Errorf("keys %s, %s, %s", v.events[0].Key, again.events[0].Key, later.events[0].Key)
	}
}

// TestVotesInOurPollAreHeardInTheNextLifeToo sends a poll, ends the life and votes in the next one.
func TestVotesInOurPollAreHeardInTheNextLifeToo(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	l.on("sendPoll", say(http.StatusOK, `{"ok":true,"result":{"message_id":77,"date":1700000000,"poll":{"id":"9","question":"Q"}}}`))
	poll := &chat.Poll{Question: "Q?", Options: []chat.PollOption{{Text: "a"}, {Text: "b", Votes: 4}}, Multiple: true}
	if got := l.deliver(chat.Post{Chat: "-1001/42", Action: chat.ActSend, Poll: poll}); got.Kind != chat.Delivered || got.IDs[0] != "77" {
		t.Fatalf("%+v", got)
	}
	want := map[string]any{
		"chat_id": -1001.0, "message_thread_id": 42.0, "question": "Q?", "is_anonymous": true, "allows_multiple_answers": true, "correct_option_id": 0.0,
		"options": []any{map[string]any{"text": "a"}, map[string]any{"text": "b"}},
	}
	if diff := cmp.Diff(want, argsOf(l.last(t, "sendPoll"))); diff != "" {
		t.Error(diff)
	}
	l.wakePolls()
	l.until(t, "the poll to be saved", func() bool { return len(l.saved[itemPolls]) > 0 })
	_ = l.stop()
	next := newLab(t, func(n *lab) { n.saved = l.saved })
	next.push(`{"update_id":10,"poll":{"id":"9","options":[{"text":"a","voter_count":1},{"text":"b"}],"is_anonymous":true,"is_closed":false}}`)
	e := next.untilEvents(t, 1)[0]
	if diff := cmp.Diff(chat.PollState{ID: "77", Votes: []int{1, 0}}, e.Body); diff != "" || e.Chat != "-1001/42" {
		t.Errorf("%s %s", e.Chat, diff)
	}
}

func TestPollsAreForgottenInOrder(t *testing.T) {
	m := newMemory(func(string) []byte { return nil })
	for n := range maxPolls + 3 {
		m.notePoll(pollAt{ID: fmt.Sprint(n), Group: int64(-1 - n%2), Message: 1})
	}
	if len(m.placesOf("2")) != 0 || len(m.placesOf("3")) != 1 || len(m.polls) != maxPolls {
		t.Errorf("%d polls", len(m.polls))
	}
	m.learn(place{group: -1})
	m.move(-1, -2000)
	if len(m.placesOf("500")) != 0 || len(m.placesOf("501")) != 1 {
		t.Error("a group that moved keeps its polls, or another has lost them")
	}
	broken := newMemory(func(string) []byte { return []byte(`{"not":"a list"}`) })
	if len(broken.polls) != 0 {
		t.Errorf("%+v", broken.polls)
	}
}
