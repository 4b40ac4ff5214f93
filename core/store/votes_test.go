// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

func TestVotesAreReplacedAndSummed(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{ReserveBytes: -1})
	for i, step := range []struct {
		chat, by int64
		votes    []int
		want     []int
		changed  bool
	}{
		{1, 7, []int{1, 0}, []int{1, 0}, true},
		{1, 7, []int{1, 0}, []int{1, 0}, false},
		{1, 8, []int{0, 1}, []int{1, 1}, true},
		{2, 0, []int{4, 5}, []int{5, 6}, true}, // a whole chat
		{1, 7, []int{0, 0}, []int{4, 6}, true}, // taken back
	} {
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			sums, changed, err := tx.Vote(99, chat.ChatID(step.chat), chat.IdentityID(step.by), step.votes)
			if diff := cmp.Diff(step.want, sums); diff != "" || changed != step.changed {
				t.Errorf("step %d: changed %t, (-want +got):\n%s", i, changed, diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
