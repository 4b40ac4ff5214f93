// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// Vote implements route.Messages.
func (t *Tx) Vote(m chat.MessageID, c chat.ChatID, by chat.IdentityID, votes []int) (sums []int, changed bool, err error) {
	old, err := t.votes("WHERE message = ? AND chat = ? AND identity = ?", len(votes), m, c, by)
	if err != nil {
		return nil, false, err
	}
	if !slices.Equal(old, votes) {
		if err := t.saveVotes(m, c, by, votes); err != nil {
			return nil, false, err
		}
	}
	sums, err = t.votes("WHERE message = ?", len(votes), m)
	return sums, !slices.Equal(old, votes), err
}

// votes sums what was chosen of n options.
func (t *Tx) votes(where string, n int, args ...any) ([]int, error) {
	sums := make([]int, n)
	err := t.c.query("SELECT option, sum(votes) FROM vote "+where+" GROUP BY option", func(r row) error {
		if i := r.int(0); i >= 0 && i < int64(n) {
			sums[i] = int(r.int(1))
		}
		return nil
	}, args...)
	return sums, err
}

func (t *Tx) saveVotes(m chat.MessageID, c chat.ChatID, by chat.IdentityID, votes []int) error {
	if _, err := t.c.exec("DELETE FROM vote WHERE message = ? AND chat = ? AND identity = ?", m, c, by); err != nil {
		return err
	}
	for i, n := range votes {
		if n == 0 {
			continue
		}
		if _, err := t.c.exec("INSERT INTO vote (message, chat, identity, option, votes) VALUES (?, ?, ?, ?, ?)", m, c, by, i, n); err != nil {
			return err
		}
	}
	return nil
}
