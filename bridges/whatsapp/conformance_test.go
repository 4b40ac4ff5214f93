// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp_test

import (
	"testing"

	"github.com/causeway-chat/causeway/bridges/bridgetest"
	"github.com/causeway-chat/causeway/bridges/sim"
)

func TestConformance(t *testing.T) {
	bridgetest.Run(t, bridgetest.Subject{
		Package: "github.com/causeway-chat/causeway/cmd/causeway-bridge-whatsapp",
		Config: func(r sim.Ready) map[string]any {
			return map[string]any{
				"proxy":    r.Config["proxy"],
				"endpoint": map[string]any{"ca_file": r.Config["ca_file"], "root_key": r.Config["root_key"]},
			}
		},
		BadConfig:   map[string]any{"client_version": "1"},
		NamesNoWait: true,
		Group:       sim.Group,
		// Messages of a kind without a number of today, of a kind without a rule, and in more wrappers than anybody makes.
		Poison: []string{
			`{"protobuf":"gn0SYSBraW5kIG9mIHRvbW9ycm93"}`,
			`{"protobuf":"6gYNEgtvZiBhIHN0YXR1cw=="}`,
			`{"protobuf":"wgJnCmXCAmIKYMICXQpbwgJYClbCAlMKUcICTgpMwgJJCkfCAkQKQsICPwo9wgI6CjjCAjUKM8ICMAouwgIrCinCAiYKJMICIQofwgIcChrCAhcKFcICEgoQwgINCgvCAggKBgoEZGVlcA=="}`,
		},
	})
}
