// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

const ana = "4f3c1c52-5fb4-4f0e-9d0a-0a1b2c3d4e5f"

func TestIdsAreReadBack(t *testing.T) {
	r := MessageRef{Author: ana, SentAt: 1_700_000_000_123}
	if got, ok := parseMessage(r.remote()); !ok || got != r {
		t.Errorf("%q is read as %+v", r.remote(), got)
	}
	for _, to := range []Target{{Group: "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE="}, {Person: ana}, {Person: "PNI:" + ana}} {
		if got, ok := parseChat(to.chat()); !ok || got != to {
			t.Errorf("%q is read as %+v, %t", to.chat(), got, ok)
		}
	}
}

func TestStrangeIdsAreRefused(t *testing.T) {
	for _, c := range []chat.RemoteChat{"", "no such chat", "group.", "group.short", "+447700900123", "4f3c1c52"} {
		if got, ok := parseChat(c); ok {
			t.Errorf("chat %q is read as %+v", c, got)
		}
	}
	for _, id := range []chat.RemoteMessage{"", "x", "/1", ana, ana + "/", ana + "/-1", ana + "/0", ana + "/1.5"} {
		if got, ok := parseMessage(id); ok {
			t.Errorf("message %q is read as %+v", id, got)
		}
	}
	if (MessageRef{Author: ana}).remote() != "" {
		t.Error("half a reference is written")
	}
}
