// SPDX-License-Identifier: Apache-2.0

package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/chat"
)

func TestThePaceOfTheConfigIsWhatItSaysAndNoMore(t *testing.T) {
	second := []config.Rate{{Count: 2, Per: time.Second}}
	for name, c := range map[string]struct {
		limits *config.Limits
		want   chat.Pace
	}{
		"nothing":       {nil, chat.Pace{}},
		"no key":        {&config.Limits{}, chat.Pace{}},
		"off":           {&config.Limits{Off: true}, chat.Pace{PerChat: []chat.Rate{}, PerAccount: []chat.Rate{}}},
		"for each chat": {&config.Limits{PerChat: second}, chat.Pace{PerChat: []chat.Rate{{N: 2, Per: chat.Duration(time.Second)}}}},
		"for all chats": {&config.Limits{PerAccount: second}, chat.Pace{PerAccount: []chat.Rate{{N: 2, Per: chat.Duration(time.Second)}}}},
	} {
		if diff := cmp.Diff(c.want, pace(&config.Account{Limits: c.limits})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
