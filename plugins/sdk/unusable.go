// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"

	"github.com/causeway-chat/causeway/core/chat"
)

// teller is what of a Session an account needs that cannot start.
type teller interface {
	SetState(chat.State)
	PairStep(chat.PairStep)
	PairInput() <-chan PairInput
}

// WaitUnusable tells why an account cannot start, answers everybody who wants to pair it with the same, and blocks until ctx
// ends. A bridge's Run that finds its config unusable ends with it and returns nil: only another config, and so another process,
// can help, while an error would have this one started again at once. For what may mend itself, ctx has an end of its own.
func WaitUnusable(ctx context.Context, s teller, st chat.State) {
	step := chat.PairStep{Step: chat.PairFailed, Text: st.Why.Action, Error: st.Why.Sentence}
	s.SetState(st)
	s.PairStep(step)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.PairInput():
			s.PairStep(step)
		}
	}
}
