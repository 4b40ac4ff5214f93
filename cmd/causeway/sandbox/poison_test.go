// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// injectedID is above all message ids that the simulator gives by itself.
const injectedID = 1_000_000

// update makes the raw update of a message in the first left group, as Telegram would write it. More fields, as the
// inside of a JSON object, may be added.
func (r *rig) update(id int, text, more string) json.RawMessage {
	quoted, err := json.Marshal(text)
	r.must(err)
	return r.rawUpdate(id, string(quoted), more)
}

// rawUpdate is update with the text as JSON, which may be broken.
func (r *rig) rawUpdate(id int, text, more string) json.RawMessage {
	if more != "" {
		more = "," + more
	}
	ana := r.people[0][0]
	return json.RawMessage(fmt.Sprintf(`{"message":{"message_id":%d,"date":%d,"chat":{"id":%s,"type":"supergroup","title":"G"},`+
		`"from":{"id":%s,"is_bot":false,"first_name":%q},"text":%s%s}}`,
		injectedID+id, time.Now().Unix(), r.rooms[0].left, ana.id, ana.name, text, more))
}

func (r *rig) inject(raw json.RawMessage) {
	r.t.Helper()
	if err := r.client.Inject(r.ctx, sim.Inject{Raw: raw}); err != nil {
		r.t.Fatalf("inject %.200s: %v", raw, err)
	}
}

// sound shows that the account still works: a message goes through, and its bridge has never been started anew.
func (r *rig) sound() {
	r.t.Helper()
	text := saying()
	_, err := r.client.Post(r.ctx, sim.Post{Chat: r.rooms[0].left, User: r.people[0][0].id, Content: sim.Content{Text: text}})
	r.must(err)
	r.copied(r.rooms[0].right, text)
	if n := r.count("bridge connected"); n != 1 {
		r.t.Errorf("the bridge was started %d times", n)
	}
}

// TestPoisonStallsNothing hands the bridge updates that cannot be read. What is readable behind them arrives.
func TestPoisonStallsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	for name, raw := range map[string]string{
		"a message that is a word":   `{"message":"hello"}`,
		"a message that is nothing":  `{"message":null}`,
		"a message that is a list":   `{"message":[]}`,
		"an id that is a word":       `{"message":{"message_id":"x","date":1,"chat":{"id":-5,"type":"group"},"text":"a"}}`,
		"an id beyond all numbers":   `{"message":{"message_id":1e999,"date":-1e400,"chat":{"id":99999999999999999999999}}}`,
		"an edit that is a number":   `{"edited_message":5}`,
		"a reaction without a place": `{"message_reaction":{"new_reaction":[{}]}}`,
		"a member without a chat":    `{"my_chat_member":{"new_chat_member":{"status":7}}}`,
		"nothing but depth":          `{"message":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`,
		"a megabyte":                 `{"novelty":{"body":"` + strings.Repeat("x", 1<<20) + `"}}`,
		"more than a frame":          `{"novelty":{"body":"` + strings.Repeat("y", 6<<20) + `"}}`,
	} {
		r.inject(json.RawMessage(raw))
		t.Log(name)
		r.sound()
	}
	r.settle()
	r.finish()
}

// TestUnknownKindsAreKept hands the bridge what a later Telegram might send.
func TestUnknownKindsAreKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	const marks = 3
	r.inject(json.RawMessage(`{"teleport":{"mark":"unknown 1"}}`))
	r.inject(json.RawMessage(fmt.Sprintf(`{"message":{"message_id":%d,"date":1,"chat":{"id":%s,"type":"supergroup"},`+
		`"from":{"id":5,"first_name":"Ana"},"hologram":{"mark":"unknown 2"}}}`, injectedID, r.rooms[0].left)))
	r.inject(json.RawMessage(fmt.Sprintf(`{"message_reaction":{"chat":{"id":%s,"type":"supergroup"},"message_id":1,"date":1,`+
		`"user":{"id":5,"first_name":"Ana"},"old_reaction":[],"new_reaction":[{"type":"smell","mark":"unknown 3"}]}}`, r.rooms[0].left)))
	forwarded := saying()
	r.inject(r.update(1, forwarded, `"forward_origin":{"type":"seance","date":1,"medium":"x"}`))
	r.copied(r.rooms[0].right, forwarded)
	r.sees(r.rooms[0].right, func(v sim.View) bool {
		return strings.Contains(strings.Join(v.Texts(), "\n"), "of a kind that Causeway does not know")
	})
	r.sound()
	r.quiet()
	r.finish()
	db := r.openStore()
	defer db.Close()
	for n := range marks {
		mark, kept := fmt.Sprintf("unknown %d", n+1), 0
		r.must(db.QueryRowContext(r.ctx, "SELECT count(*) FROM journal WHERE instr(payload, ?) > 0", []byte(mark)).Scan(&kept))
		if kept != 1 {
			t.Errorf("the journal holds %d updates with %q, want the one", kept, mark)
		}
	}
}

// TestBrokenFormattingLosesNoText hands the bridge entities that fit no text, and texts that are no text.
func TestBrokenFormattingLosesNoText(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	id := 0
	for _, entities := range []string{
		`[{"type":"bold","offset":1,"length":1}]`, // in the middle of a surrogate pair
		`[{"type":"bold","offset":0,"length":1},{"type":"italic","offset":1,"length":3}]`,
		`[{"type":"bold","offset":-5,"length":9}]`,
		`[{"type":"bold","offset":2,"length":1000000000}]`,
		`[{"type":"bold","offset":2147483647,"length":2147483647}]`,
		`[{"type":"bold","offset":3,"length":-3}]`,
		`[{"type":"bold","offset":0,"length":0}]`,
		`[{"type":"bold","offset":"one","length":{}}]`,
		`[{"type":"sparkle","offset":0,"length":2}]`,
		`[{"type":"text_link","offset":0,"length":2}]`,
		`[{"type":"text_mention","offset":0,"length":2,"user":7}]`,
		`[{"type":"pre","offset":0,"length":9},{"type":"bold","offset":4,"length":9},{"type":"code","offset":5,"length":2}]`,
		`[null,5,"x",[],{}]`, `"bold"`, `{}`, `null`,
	} {
		id++
		text := "👨‍👩‍👧‍👦 " + saying()
		r.inject(r.update(id, text, `"entities":`+entities))
		r.copied(r.rooms[0].right, text)
	}
	for _, broken := range []string{`"\ud83d %s"`, `"\ude00\ud83d %s"`, `"\u0000 %s"`, `"\u202e\u2066\u2066 %s"`, `"a\u0301\u0301\u0301 %s"`} {
		id++
		text := saying()
		r.inject(r.rawUpdate(id, fmt.Sprintf(broken, text), ""))
		r.sees(r.rooms[0].right, func(v sim.View) bool { return strings.Contains(strings.Join(v.Texts(), "\n"), text) })
	}
	r.sound()
	r.quiet()
	r.finish()
}

// TestLongTextsArriveWhole hands the bridge texts that are longer than any post.
func TestLongTextsArriveWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	var words []string
	for len(strings.Join(words, " ")) < 9000 {
		words = append(words, fmt.Sprintf("word%d", len(words)))
	}
	const family = "👨‍👩‍👧‍👦"
	last := saying()
	r.inject(r.update(1, strings.Join(words, " "), ""))
	r.inject(r.update(2, strings.Repeat(family, 700), ""))
	r.inject(r.update(3, last, ""))
	r.copied(r.rooms[0].right, last)
	view, err := r.client.See(r.ctx, sim.See{Chat: r.rooms[0].right})
	r.must(err)
	seen := strings.ReplaceAll(strings.Join(view.Texts(), " "), r.people[0][0].name, "")
	if got := strings.Count(seen, family); got != 700 {
		t.Errorf("%d families arrived, want 700", got)
	}
	rest := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(seen, family, ""), last, ""))
	if strings.Join(rest, " ") != strings.Join(words, " ") {
		t.Errorf("of %d words %d arrived, or in another order: %.200q …", len(words), len(rest), rest)
	}
	t.Logf("%d posts", len(view.Visible())-1)
	r.finish()
}
