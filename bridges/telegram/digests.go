// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"hash/maphash"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

const maxDigests = 20000 // some 2 MB

// digests remember what people saw of recent messages, to tell edits from updates that change nothing. What is not
// remembered counts as changed; the router compares once more. Used by one goroutine.
type digests struct {
	seed  maphash.Seed
	known map[[2]int64]uint64
	order [][2]int64 // a ring, oldest at next
	next  int
}

func newDigests() *digests {
	return &digests{seed: maphash.MakeSeed(), known: map[[2]int64]uint64{}}
}

// changed notes what a message says now and reports whether that is another than before, as far as is known.
func (d *digests) changed(group, id int64, c chat.Content) bool {
	key := [2]int64{group, id}
	now := maphash.Bytes(d.seed, seen(c))
	before, known := d.known[key]
	d.known[key] = now
	if !known {
		d.remember(key)
	}
	return !known || before != now
}

// seen is what people see of a message, as bytes that are equal for equal sights. The ids of equal files may differ.
func seen(c chat.Content) []byte {
	c.ReplyTo, c.Forward, c.Media = nil, nil, slices.Clone(c.Media)
	for i, m := range c.Media {
		c.Media[i].Ref, c.Media[i].Link = uniqueOf(m.Ref), ""
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic("telegram: content does not marshal: " + err.Error()) // cannot happen: its numbers were read from JSON
	}
	return b
}

func (d *digests) remember(key [2]int64) {
	if len(d.order) < maxDigests {
		d.order = append(d.order, key)
		return
	}
	delete(d.known, d.order[d.next])
	d.order[d.next] = key
	d.next = (d.next + 1) % maxDigests
}
