// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// CodeRestored holds every lane that had open deliveries when the store was restored from a backup: they may have been
// sent since the backup was made. An operator ends the hold by retrying or dropping them.
const CodeRestored = "restored"

var reasonRestored = chat.Reason{Code: CodeRestored,
	Sentence: "The store was restored from a backup, so this may have been delivered already.",
	Action:   "Look at the chat, then use queue retry or queue drop."}

// holdRestored holds the open lanes of a store that was just restored.
func (s *Store) holdRestored() error {
	return s.Write(context.Background(), func(tx *Tx) error {
		n, err := tx.c.number("SELECT count(*) FROM meta WHERE key = 'restored'")
		if err != nil || n == 0 {
			return err
		}
		lanes, err := tx.openLanes()
		if err != nil {
			return err
		}
		for _, lane := range lanes {
			if err := tx.HoldLane(lane, outbox.Hold{UntilResumed: true, Why: reasonRestored}); err != nil {
				return err
			}
		}
		_, err = tx.c.exec("DELETE FROM meta WHERE key = 'restored'")
		return err
	})
}

func (t *Tx) openLanes() (lanes []chat.ChatID, err error) {
	err = t.c.query("SELECT id FROM chat c WHERE EXISTS (SELECT 1 FROM delivery d WHERE d.chat = c.id AND d.ended_at IS NULL)",
		func(r row) error { lanes = append(lanes, chat.ChatID(r.int(0))); return nil })
	return lanes, err
}
