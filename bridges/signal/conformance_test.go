// SPDX-License-Identifier: Apache-2.0

package signal_test

import (
	"testing"

	"github.com/causeway-chat/causeway/bridges/bridgetest"
	"github.com/causeway-chat/causeway/bridges/sim"
)

func TestConformance(t *testing.T) {
	for _, transport := range []string{"unix", "tcp", "http"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel() // they mostly wait
			conform(t, transport)
		})
	}
}

func conform(t *testing.T, transport string) {
	bridgetest.Run(t, bridgetest.Subject{
		Package:   "github.com/causeway-chat/causeway/cmd/causeway-bridge-signal",
		Simulate:  []string{"--rpc", transport},
		Brief:     transport != "unix",
		BadLogin:  map[string]any{"number": "+447700900999"},
		BadConfig: map[string]any{"rpc": "nowhere"},
		Secrets:   []string{"number"},
		Group:     sim.Group,
		Poison: []string{
			`{"envelope":{"sourceUuid":"11111111-2222-4333-8444-555555555555","timestamp":1700000000001,"hologramMessage":{"smell":1}}}`,
			`{"envelope":{"sourceUuid":"11111111-2222-4333-8444-555555555555","timestamp":1700000000002,"dataMessage":{"timestamp":1700000000002,"message":null,"reaction":{"emoji":null}}}}`,
			`{"brandNew":"nobody knows"}`,
		},
	})
}
