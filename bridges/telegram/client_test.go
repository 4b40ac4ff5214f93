// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"net/http"
	"sync"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

// volley makes calls that are all under way at once, and returns the connections that they came by.
func (l *lab) volley(t *testing.T, calls int) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	from, all := map[string]bool{}, make(chan struct{})
	l.on("sendMessage", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		from[r.RemoteAddr] = true
		if len(from) == calls {
			close(all)
		}
		mu.Unlock()
		select {
		case <-all:
		case <-r.Context().Done():
		}
		say(200, `{"ok":true,"result":{"message_id":9}}`)(w, r)
	})
	var lanes sync.WaitGroup
	for range calls {
		lanes.Go(func() {
			if got := l.deliver(posts[chat.ActSend]); got.Kind != chat.Delivered {
				t.Errorf("%+v", got)
			}
		})
	}
	lanes.Wait()
	return from
}

func TestBusyLanesKeepTheirConnections(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	const lanes = 32
	first := l.volley(t, lanes)
	kept := 0
	for conn := range l.volley(t, lanes) {
		if first[conn] {
			kept++
		}
	}
	if kept < lanes/2 { // one may be on its way back when it is wanted again
		t.Errorf("%d of %d calls came by a connection that was there", kept, lanes)
	}
}
