// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
)

// seeds are whole updates of every kind that is read.
var seeds = []string{
	`{"update_id":10,"message":{` + inTopic + `,` + ana + `,"text":"😀 hi","entities":[{"type":"bold","offset":0,"length":2},{"type":"text_mention","offset":3,"length":2,"user":{"id":6}}],
		"reply_to_message":{"message_id":3,"from":{"id":6},"text":"w"},"quote":{"text":"w","position":0},"forward_origin":{"type":"user","sender_user":{"id":1,"first_name":"C"}},"media_group_id":"9"}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"photo":[{"file_id":"x"}],"caption":"c","caption_entities":[{"type":"italic","offset":0,"length":1}]}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"poll":{"id":"9","question":"q","options":[{"text":"a"}]}}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"venue":{"title":"t","address":"a","location":{"latitude":1.5,"longitude":2}}}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"video":{"file_id":"x","file_unique_id":"u","width":3,"height":4,"duration":5,"file_size":6,"mime_type":"video/mp4","file_name":"a.mp4"},"caption":"c","has_media_spoiler":true}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"sticker":{"file_id":"x","emoji":"🦆","is_video":true,"width":512,"height":512}}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"contact":{"first_name":"C","phone_number":"+1","vcard":"BEGIN:VCARD"}}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"pinned_message":{"message_id":3,"text":"x"}}}`,
	`{"update_id":10,"edited_message":{` + inGroup + `,` + ana + `,"edit_date":1700000001,"location":{"latitude":1.5,"longitude":2,"live_period":60}}}`,
	`{"update_id":10,"poll":{"id":"9","question":"q","options":[{"text":"a","voter_count":2}],"is_anonymous":true,"is_closed":false}}`,
	`{"update_id":10,"poll_answer":{"poll_id":"9","user":{"id":5,"first_name":"A"},"option_ids":[0]}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"new_chat_members":[{"id":8,"first_name":"Cy"}]}}`,
	`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"migrate_to_chat_id":-1003}}`,
	`{"update_id":10,"message":{` + inTopic + `,` + ana + `,"forum_topic_edited":{"name":"n"}}}`,
	`{"update_id":10,"edited_message":{` + inGroup + `,` + ana + `,"edit_date":1700000001,"text":"ho"}}`,
	`{"update_id":10,"channel_post":{` + inGroup + `,"sender_chat":{"id":-1001,"title":"F"},"author_signature":"s","text":"hi"}}`,
	`{"update_id":10,"message_reaction":{"chat":{"id":-1001,"type":"supergroup"},"message_id":7,"date":1,"user":{"id":5},"old_reaction":[],"new_reaction":[{"type":"emoji","emoji":"👍"}]}}`,
	`{"update_id":10,"message_reaction_count":{"chat":{"id":-1001,"type":"channel"},"message_id":7,"date":1,"reactions":[{"type":{"type":"emoji","emoji":"👍"},"total_count":2}]}}`,
	`{"update_id":10,"my_chat_member":{"chat":{"id":-1001,"type":"supergroup"},"date":1,"from":{"id":5},"old_chat_member":{"status":"left"},"new_chat_member":{"status":"restricted","is_member":true,"can_send_messages":false}}}`,
	`{"update_id":10,"chat_member":{"chat":{"id":-1001,"type":"supergroup"},"date":1,"from":{"id":5},"old_chat_member":{"status":"member","user":{"id":8}},"new_chat_member":{"status":"kicked","user":{"id":8}}}}`,
}

// mutate changes one value somewhere in a JSON tree: to one of another type, of an extreme size, or of a new name.
func mutate(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, sub := range v {
			switch r.IntN(2 * len(v)) {
			case 0:
				v[key] = mutate(r, sub)
				return v
			case 1:
				delete(v, key)
				v[key+"_new"] = sub
				return v
			}
		}
	case []any:
		if len(v) > 0 && r.IntN(2) == 0 {
			i := r.IntN(len(v))
			v[i] = mutate(r, v[i])
			return v
		}
	}
	if r.IntN(3) > 0 {
		if _, whole := v.(map[string]any); whole {
			return v
		}
	}
	strange := []any{nil, true, false, 0, -1, 1.5, 1e300, int64(1) << 62, "", json.RawMessage(`"\ud800x"`), "\x00\xff", "9", []any{}, []any{nil, 7, "x"},
		map[string]any{}, map[string]any{"type": "comet", "id": "x"}, map[string]any{"message_id": -5, "chat": map[string]any{"id": 0}}}
	return strange[r.IntN(len(strange))]
}

// TestTenThousandStrangeUpdatesAllGoUp feeds mutated updates through the converter: nothing panics, nothing vanishes
// without a word, and each passes the wire.
func TestTenThousandStrangeUpdatesAllGoUp(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	c, unknown, known := newConverter(), 0, 0
	for n := range 10000 {
		var tree map[string]any
		if err := json.Unmarshal([]byte(seeds[r.IntN(len(seeds))]), &tree); err != nil {
			t.Fatal(err)
		}
		for range 1 + r.IntN(3) {
			for key, v := range tree {
				if key != "update_id" {
					tree[key] = mutate(r, v)
				}
			}
		}
		tree["update_id"] = n + 1
		raw, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		v := c.read(raw)
		checkVerdict(t, raw, v)
		if v.id != int64(n+1) {
			t.Fatalf("id %d of %s", v.id, raw)
		}
		for _, e := range v.events {
			if _, ok := e.Body.(chat.Unknown); ok {
				unknown++
			} else {
				known++
			}
		}
	}
	if unknown < 1000 || known < 1000 {
		t.Errorf("%d unknown and %d known events: the mutations do not reach both", unknown, known)
	}
}

// checkVerdict holds for whatever bytes come.
func checkVerdict(t *testing.T, raw []byte, v verdict) {
	t.Helper()
	if v.panicked != "" {
		t.Fatalf("panic of %s over %s", v.panicked, raw)
	}
	if (len(v.events) == 0) == (v.ignored == "") {
		t.Fatalf("%d events, ignored %q: %s", len(v.events), v.ignored, raw)
	}
	keys := map[chat.EventKey]bool{}
	for _, e := range v.events {
		if e.Key == "" || keys[e.Key] {
			t.Fatalf("key %q is empty or comes twice: %s", e.Key, raw)
		}
		keys[e.Key] = true
		if got := wire.UnpackEvent(wire.PackEvent(e)); got.Key != e.Key || fmt.Sprintf("%T", got.Body) != fmt.Sprintf("%T", e.Body) {
			t.Fatalf("%T became %T on the wire: %s", e.Body, got.Body, raw)
		}
		if m, ok := e.Body.(chat.MessageNew); ok {
			checkContent(t, raw, m)
		}
	}
}

func checkContent(t *testing.T, raw []byte, m chat.MessageNew) {
	t.Helper()
	body := m.Content.Text.Body
	c := m.Content
	silent := body == "" && c.Placeholder == "" && len(c.Media) == 0 && c.Place == nil && len(c.Contacts) == 0 && c.Poll == nil
	if silent || m.ID == "" || !utf8.ValidString(body) {
		t.Fatalf("a message that says nothing: %+v of %s", m, raw)
	}
	for _, s := range m.Content.Text.Spans {
		if s.Start < 0 || s.Start >= s.End || s.End > utf8.RuneCountInString(body) {
			t.Fatalf("span %+v of %s", s, raw)
		}
	}
}

// FuzzUpdate reads any bytes as an update.
func FuzzUpdate(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		checkVerdict(t, raw, newConverter().read(raw))
	})
}

// FuzzAnswer reads any bytes as answers to polls and to posts.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"ok":true,"result":[`+seeds[0]+`,`+seeds[1]+`]}`), 200, 0)
	f.Add([]byte(`{"ok":true,"result":[{"update_id":1},{"upd`), 200, 4)
	f.Add([]byte(`{"ok":true,"result":{"message_id":9,"date":17`), 200, 0)
	f.Add([]byte(`{"ok":true,"result":[{"message_id":9,"date":17},{"message_id":10,"da`), 200, 0)
	f.Add([]byte(`{"ok":false,"error_code":400,"description":"Bad Request: SLOWMODE_WAIT_99999"}`), 400, 0)
	f.Add([]byte(`{"ok":false,"error_code":429,"parameters":{"retry_after":-3}}`), 429, 1)
	f.Fuzz(func(t *testing.T, body []byte, status, fails int) {
		x := &exchange{built: true, written: true, status: status, body: body}
		batch, ok := readUpdates(x, 5, fails)
		if !ok && len(batch) > 0 {
			t.Fatalf("%d updates of an answer that says nothing", len(batch))
		}
		for _, act := range []chat.Action{chat.ActSend, chat.ActEdit, chat.ActDelete, chat.ActReact} {
			checkRuling(t, act, rule(act, x))
		}
		_ = troubleOf(x)
	})
}

func checkRuling(t *testing.T, act chat.Action, r ruling) {
	t.Helper()
	o := r.outcome
	switch {
	case o.Kind == chat.Delivered && act == chat.ActSend && len(o.IDs) == 0,
		o.Kind != chat.Delivered && o.Why.Code == "",
		o.Kind == chat.Retry && o.Scope == "",
		o.Kind == "", o.After < 0, o.After > maxRetryAfter:
		t.Fatalf("%s: %+v", act, o)
	}
}
