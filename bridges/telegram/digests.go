// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"fmt"
	"hash/maphash"

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
	now := maphash.String(d.seed, fmt.Sprintf("%q %q %+v", c.Text.Body, c.Placeholder, c.Text.Spans))
	before, known := d.known[key]
	d.known[key] = now
	if !known {
		d.remember(key)
	}
	return !known || before != now
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
