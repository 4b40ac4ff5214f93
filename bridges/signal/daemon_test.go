// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

// callerFunc is a connection for calls.
type callerFunc func() (json.RawMessage, error)

func (f *callerFunc) call(context.Context, string, any, func(json.RawMessage, error)) (json.RawMessage, error) {
	return (*f)()
}

func TestACallOnAConnectionThatHasEndedWaitsForTheNext(t *testing.T) {
	d := newDaemon(address{"unix", "/nowhere"}, "+447700900123", slog.New(slog.DiscardHandler), waits{patience: patience}, nil)
	good := callerFunc(func() (json.RawMessage, error) { return json.RawMessage(`{"timestamp":1700000000000}`), nil })
	gone := callerFunc(func() (json.RawMessage, error) {
		d.use(nil)
		go d.use(&good)
		return nil, ErrOffline
	})
	d.use(&gone) // it has ended, and nobody has noticed
	s, err := d.Do(t.Context(), Act{Kind: ActText, To: Target{Person: ana}, Text: chat.Text{Body: "x"}})
	if err != nil || s.SentAt != 1700000000000 {
		t.Errorf("%+v, %v", s, err)
	}
}
