// SPDX-License-Identifier: Apache-2.0

package telegram_test

import (
	"testing"

	"github.com/causeway-chat/causeway/bridges/bridgetest"
	"github.com/causeway-chat/causeway/bridges/sim"
)

func TestConformance(t *testing.T) {
	bridgetest.Run(t, bridgetest.Subject{
		Package:   "github.com/causeway-chat/causeway/cmd/causeway-bridge-telegram",
		BadLogin:  map[string]any{"token": "1:not-the-token-of-anybody"},
		BadConfig: map[string]any{"api_url": "nowhere"},
		Secrets:   []string{"token"},
		Group:     sim.Supergroup,
		Poison: []string{
			`{"message_reaction":{"chat":{"id":1,"type":"hologram"},"message_id":1,"date":1,"old_reaction":[],"new_reaction":[{"type":"smell"}]}}`,
			`{"brand_new_thing":{"what":"nobody knows"}}`,
			`{"message":"not an object"}`,
		},
	})
}
