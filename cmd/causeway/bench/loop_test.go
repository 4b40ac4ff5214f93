// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// botAPI has updates for a loop and takes what it sends.
type botAPI struct {
	mu      sync.Mutex
	updates []string // what is left from the offset on; the ids are 1, 2, …
	sent    []string
	fail    int // so many calls fail first
	done    context.CancelFunc
}

func (b *botAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var args struct {
		Offset int
		ChatID string `json:"chat_id"`
		Text   string
	}
	if err := json.NewDecoder(r.Body).Decode(&args); err != nil {
		panic(err)
	}
	if b.fail > 0 {
		b.fail--
		http.Error(w, "Bad Gateway", http.StatusBadGateway)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/sendMessage") {
		b.sent = append(b.sent, args.ChatID+": "+args.Text)
		fmt.Fprint(w, `{"ok":true,"result":{}}`)
		return
	}
	if args.Offset > len(b.updates) { // all of them were confirmed
		b.done()
	}
	list := b.updates[max(args.Offset-1, 0):]
	fmt.Fprintf(w, `{"ok":true,"result":[%s]}`, strings.Join(list, ","))
}

func TestLoopCopiesInOrderAndConfirmsWhatItHasSent(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	api := &botAPI{fail: 1, done: cancel, updates: []string{
		`{"update_id":1,"message":{"text":"a","chat":{"id":-1}}}`,
		`{"update_id":2,"message":{"text":"elsewhere","chat":{"id":-3}}}`,
		`{"update_id":3,"my_chat_member":{}}`,
		`{"update_id":4,"message":{"text":"b","chat":{"id":-1}}}`,
	}}
	server := httptest.NewServer(api)
	defer server.Close()
	journal := filepath.Join(t.TempDir(), "journal")
	l := Loop{API: server.URL, Token: "1:x", From: "-1", To: "-2", Journal: journal}
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"-2: a", "-2: b"}, api.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	noted, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("taken 1 a\nsent 1 a\ntaken 4 b\nsent 4 b\n", string(noted)); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}
