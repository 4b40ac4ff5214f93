// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestAStateIsToldWhenItChanges(t *testing.T) {
	var told []chat.State
	states := &StateTeller{Say: func(s chat.State) { told = append(told, s) }, Log: slog.New(slog.DiscardHandler)}
	cut, slow := chat.Reason{Code: "cut", Sentence: "It was cut."}, chat.Reason{Code: "slow", Sentence: "It is slow."}
	states.Tell(chat.Down, cut)
	states.Tell(chat.Down, cut)
	states.Tell(chat.Down, slow)
	states.Tell(chat.Connected, chat.Reason{})
	want := []chat.State{{State: chat.Down, Why: cut}, {State: chat.Down, Why: slow}, {State: chat.Connected}}
	if diff := cmp.Diff(want, told); diff != "" || states.Current() != want[2] {
		t.Errorf("told (-want +got):\n%s; now %+v", diff, states.Current())
	}
}
