// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// fuzzed is how many mutated updates are handed over.
const fuzzed = 10_000

// TestFuzzedUpdatesStallNothing hands the bridge thousands of mutated updates. Every tenth is a message of a room whose
// text is sound, whatever is around it: that text must arrive. The others are of a chat in no room, where anything goes.
func TestFuzzedUpdatesStallNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	rng := r.rand()
	n := fuzzed
	if testing.Short() {
		n /= 10
	}
	var want []string
	var updates []json.RawMessage
	for i := range n {
		if i%10 > 0 {
			updates = append(updates, mutated(rng))
			continue
		}
		want = append(want, saying())
		updates = append(updates, r.update(i, want[len(want)-1], aroundText(rng)))
	}
	refused := r.injectAll(updates)
	if refused > n/20 {
		t.Errorf("the simulator took %d of %d updates only", n-refused, n)
	}
	r.sees(r.rooms[0].right, func(v sim.View) bool { return sim.Compare(want, v).Lost == 0 })
	r.sound()
	r.quiet()
	t.Logf("seed %d: %d updates, %d texts arrived", seeded(), n-refused, len(want))
	r.finish()
}

// injectAll hands over in order within eight heaps; refused are those that are no objects any more.
func (r *rig) injectAll(updates []json.RawMessage) (refused int) {
	r.t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for heap := range slices.Chunk(updates, len(updates)/8+1) {
		wg.Go(func() {
			for _, raw := range heap {
				if r.client.Inject(r.ctx, sim.Inject{Raw: raw}) != nil {
					mu.Lock()
					refused++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return refused
}

// samples are whole updates as the Bot API documents them.
var samples = []string{
	`{"message":{"message_id":7,"date":1,"chat":{"id":-1009,"type":"supergroup","title":"T","is_forum":true},"message_thread_id":3,
		"is_topic_message":true,"from":{"id":8,"is_bot":false,"first_name":"F","last_name":"L","username":"u"},"text":"words",
		"entities":[{"type":"bold","offset":0,"length":2},{"type":"text_mention","offset":1,"length":2,"user":{"id":1,"first_name":"M"}}],
		"reply_to_message":{"message_id":6,"date":1,"chat":{"id":-1009,"type":"supergroup"},"text":"before"},"quote":{"text":"be","position":0}}}`,
	`{"edited_message":{"message_id":7,"date":1,"edit_date":2,"chat":{"id":-1009,"type":"supergroup"},"from":{"id":8,"first_name":"F"},"text":"new"}}`,
	`{"message":{"message_id":9,"date":1,"chat":{"id":-1009,"type":"supergroup"},"from":{"id":8,"first_name":"F"},"caption":"c",
		"photo":[{"file_id":"a","file_unique_id":"b","width":1,"height":1}],"media_group_id":"5"}}`,
	`{"message":{"message_id":9,"date":1,"chat":{"id":-1009,"type":"supergroup"},"from":{"id":8,"first_name":"F"},
		"poll":{"id":"1","question":"q","options":[{"text":"a","voter_count":1}]},"forward_origin":{"type":"user","sender_user":{"id":3,"first_name":"O"}}}}`,
	`{"message":{"message_id":9,"date":1,"chat":{"id":-1009,"type":"supergroup"},"from":{"id":8,"first_name":"F"},
		"location":{"latitude":1.5,"longitude":2,"live_period":60}}}`,
	`{"message":{"message_id":9,"date":1,"chat":{"id":-1009,"type":"supergroup"},"from":{"id":8,"first_name":"F"},
		"new_chat_members":[{"id":4,"first_name":"N"}],"new_chat_title":"T","pinned_message":{"message_id":1,"chat":{"id":-1009}}}}`,
	`{"channel_post":{"message_id":7,"date":1,"chat":{"id":-1009,"type":"channel","title":"T"},"sender_chat":{"id":-1009,"title":"T"},"text":"t"}}`,
	`{"message_reaction":{"chat":{"id":-1009,"type":"supergroup"},"message_id":7,"date":1,"user":{"id":8,"first_name":"F"},
		"old_reaction":[],"new_reaction":[{"type":"emoji","emoji":"👍"},{"type":"custom_emoji","custom_emoji_id":"1"}]}}`,
	`{"message_reaction_count":{"chat":{"id":-1009,"type":"supergroup"},"message_id":7,"date":1,"reactions":[{"type":{"type":"paid"},"total_count":2}]}}`,
	`{"my_chat_member":{"chat":{"id":-1009,"type":"supergroup","title":"T"},"from":{"id":8,"first_name":"F"},"date":1,
		"old_chat_member":{"status":"member","user":{"id":7000000001}},"new_chat_member":{"status":"kicked","user":{"id":7000000001},"until_date":0}}}`,
	`{"chat_member":{"chat":{"id":-1009,"type":"supergroup"},"from":{"id":8,"first_name":"F"},"date":1,
		"new_chat_member":{"status":"restricted","is_member":true,"user":{"id":8,"first_name":"F"}}}}`,
	`{"callback_query":{"id":"1","from":{"id":8},"data":"d"}}`,
}

// mutated changes a sample at one to four places.
func mutated(rng *rand.Rand) json.RawMessage {
	var tree any
	if err := json.Unmarshal([]byte(samples[rng.IntN(len(samples))]), &tree); err != nil {
		panic(err) // a slip in this file
	}
	for range 1 + rng.IntN(4) {
		tree = mutate(rng, tree)
	}
	out, err := json.Marshal(tree)
	if err != nil {
		panic(err) // junk is valid JSON
	}
	return out
}

// mutate goes down to a random place and changes it.
func mutate(rng *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		keys := sorted(v)
		if len(keys) == 0 || rng.IntN(12) == 0 {
			v[fmt.Sprintf("new_%d", rng.IntN(5))] = junk(rng)
			return v
		}
		key := keys[rng.IntN(len(keys))]
		if rng.IntN(8) == 0 && len(keys) > 1 {
			delete(v, key)
			return v
		}
		v[key] = mutate(rng, v[key])
		return v
	case []any:
		if len(v) == 0 || rng.IntN(4) == 0 {
			return append(v, junk(rng))
		}
		i := rng.IntN(len(v))
		v[i] = mutate(rng, v[i])
		return v
	}
	return junk(rng)
}

func sorted(m map[string]any) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// junk is a value of any kind; as text it may be broken UTF-16, which only raw JSON can hold.
func junk(rng *rand.Rand) any {
	raws := []string{"null", "true", "0", "-1", "1e999", "-0.5", "4611686018427387904", "99999999999999999999", `""`, `"0"`, `"\ud800"`,
		`"\udc00x\u0000"`, `"supergroup"`, `"-100"`, `"👩‍👩‍👦"`, "[]", "{}", "[[]]", `[null]`, `{"":{}}`, `{"id":-1009,"id":5}`, `{"type":"emoji"}`,
		`"` + strings.Repeat("z", 5000) + `"`, strings.Repeat("[", 60) + strings.Repeat("]", 60), fmt.Sprint(rng.Int32()), fmt.Sprint(-rng.Int64())}
	return json.RawMessage(raws[rng.IntN(len(raws))])
}

// aroundText makes junk of the fields that may stand around a text.
func aroundText(rng *rand.Rand) string {
	keys := []string{"entities", "reply_to_message", "quote", "forward_origin", "external_reply", "via_bot", "link_preview_options", "edit_date",
		"sender_boost_count", "author_signature", "reply_markup", "media_group_id", "has_protected_content", "effect_id", "novelty"}
	var out []string
	for range 1 + rng.IntN(3) {
		value, err := json.Marshal(junk(rng))
		if err != nil {
			panic(err) // junk is valid JSON
		}
		out = append(out, fmt.Sprintf("%q:%s", keys[rng.IntN(len(keys))], value))
	}
	return strings.Join(out, ",")
}
