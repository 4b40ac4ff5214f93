// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/core/chat"
)

// askPasskey shows what the phone's passkey must sign. No page but WhatsApp's own may ask for it.
func (s *shown) askPasskey(ev *events.PairPasskeyRequest) error {
	doc, err := json.Marshal(ev.PublicKey)
	if err != nil {
		return fmt.Errorf("write what the passkey is to sign: %w", err)
	}
	s.passkey = true
	s.next.Reset(s.p.a.pauses.passkey)
	s.step(chat.PairStep{Step: chat.PairPasskey, SecondsLeft: int(s.p.a.pauses.passkey / time.Second), Code: string(doc), Text: passkeyHelp})
	return nil
}

// passkeyHelp says how to ask a passkey from a page that may.
const passkeyHelp = "WhatsApp asks for the account's passkey. In a browser that has it, open https://web.whatsapp.com and its developer " +
	"console, and run this with the code in the place of CODE:\n" +
	"JSON.stringify((await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(CODE)})).toJSON())\n" +
	"Give what it prints as the answer."

func (s *shown) sendPasskey(ctx context.Context, answer string) error {
	var resp types.WebAuthnResponse
	if json.Unmarshal([]byte(answer), &resp) != nil || len(resp.RawID) == 0 {
		s.step(chat.PairStep{Step: chat.PairPasskey, Text: "Give the answer as it was printed.", Error: errBadAnswer.Error()})
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.p.a.pauses.query)
	defer cancel()
	if err := s.l.client.SendPasskeyResponse(ctx, &resp); err != nil {
		return fmt.Errorf("the passkey did not work: %w", err)
	}
	s.step(chat.PairStep{Step: chat.PairWait, Text: "The passkey's answer was sent."})
	return nil
}

// confirmPasskey has somebody compare what is shown here and on the phone, where WhatsApp wants it.
func (s *shown) confirmPasskey(ctx context.Context, ev *events.PairPasskeyConfirmation) error {
	if ev.SkipHandoffUX {
		return s.sendConfirmation(ctx)
	}
	s.confirm = true
	s.step(chat.PairStep{Step: chat.PairAskInput, Code: ev.Code, Text: "Compare this code with the one on the phone; answer yes if they are the same."})
	return nil
}

func (s *shown) sendConfirmation(ctx context.Context) error {
	s.confirm = false
	ctx, cancel := context.WithTimeout(ctx, s.p.a.pauses.query)
	defer cancel()
	if err := s.l.client.SendPasskeyConfirmation(ctx); err != nil {
		return fmt.Errorf("the passkey could not be confirmed: %w", err)
	}
	return nil
}
