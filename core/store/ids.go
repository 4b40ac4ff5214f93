// SPDX-License-Identifier: Apache-2.0

package store

// idBlock is how many ids are reserved on disk at once.
const idBlock = 4096

// ids hands out ids from one counter. They grow with time and are never used twice; what a crash leaves behind of a block is a
// gap. An id that was handed out inside a transaction which was undone may come again after a restart.
type ids struct {
	next    int64 // never goes back, not even when a transaction does
	limit   int64 // reserved inside the transaction: ids below it may be handed out
	durable int64 // the limit that is committed
}

// id returns the next id.
func (t *Tx) id() (int64, error) {
	n := &t.w.ids
	if n.next >= n.limit {
		if _, err := t.c.exec("UPDATE id_counter SET next = ?", n.next+idBlock); err != nil {
			return 0, err
		}
		n.limit = n.next + idBlock
	}
	n.next++
	return n.next - 1, nil
}
