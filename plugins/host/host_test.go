// SPDX-License-Identifier: Apache-2.0

package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestBridgeDeliversAndHandsUp(t *testing.T) {
	l := newLab(t, setup{opt: quickOptions(), script: script{Events: 300, Size: 10}})
	l.untilStored(t, 300)
	l.connected(t)
	if diff := cmp.Diff(chat.DeliveredAs("sent:k"), l.say("hello")); diff != "" {
		t.Error(diff)
	}
}
