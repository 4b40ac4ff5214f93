// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"

	"github.com/causeway-chat/causeway/core/chat"
)

// A bot's token is all the pairing that Telegram knows, and it stands in the config. So there is nothing to show or to
// ask for: whoever pairs the account learns whether Telegram takes the token.

// pairStep is a state in the words of pairing.
func pairStep(st chat.State) chat.PairStep {
	switch {
	case st.State.Sends():
		return chat.PairStep{Step: chat.PairDone, Text: "Telegram takes the bot's token."}
	case st.State == chat.BadCredentials:
		return chat.PairStep{Step: chat.PairFailed, Text: st.Why.Action, Error: st.Why.Sentence}
	}
	return chat.PairStep{Step: chat.PairWait, Text: st.Why.Sentence}
}

// tellState tells a new state, as such and to whoever pairs the account.
func (a *account) tellState(st chat.State) {
	a.session.SetState(st)
	a.session.PairStep(pairStep(st))
}

// servePairing answers whoever pairs the account until ctx ends, and makes a login that waits try again at once.
func (a *account) servePairing(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.session.PairInput():
			a.session.PairStep(pairStep(a.states.Current()))
			select {
			case a.again <- struct{}{}:
			default:
			}
		}
	}
}
