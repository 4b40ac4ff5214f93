// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// bubble is a server without sockets, for tests inside testing/synctest: its waits cost no time.
type bubble struct {
	*testing.T
	s     *Server
	world control.World
	ana   control.UserID
	group control.ChatID
}

func newBubble(t *testing.T, opts Options) *bubble {
	t.Helper()
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := &bubble{T: t, s: s, world: s.World()}
	u, err := b.world.CreateUser(t.Context(), control.NewUser{Name: "Ana"})
	if err != nil {
		t.Fatal(err)
	}
	b.ana = u.User
	b.group = b.newGroup(control.NewGroup{Kind: control.Supergroup, Role: control.RoleAdmin})
	return b
}

func (b *bubble) newGroup(g control.NewGroup) control.ChatID {
	b.Helper()
	g.Title, g.Members = "Group", []control.UserID{b.ana}
	c, err := b.world.CreateGroup(b.Context(), g)
	if err != nil {
		b.Fatal(err)
	}
	return c.Chat
}

// call calls a method of the first bot; it ends when ctx does.
func (b *bubble) call(ctx context.Context, method string, p params) answer {
	body, _ := json.Marshal(p) // params of tests always encode
	req := httptest.NewRequestWithContext(ctx, "POST", "/bot"+b.s.botList[0].token+"/"+method, strings.NewReader(string(body)))
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.s.ServeHTTP(w, req)
	a := answer{Status: w.Code, Raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a) // what is no JSON shows in Raw
	return a
}

// took is call with the time that it took.
func (b *bubble) took(method string, p params) (answer, time.Duration) {
	start := time.Now()
	a := b.call(b.Context(), method, p)
	return a, time.Since(start)
}

func (b *bubble) post(texts ...string) {
	b.Helper()
	for _, text := range texts {
		if _, err := b.world.Post(b.Context(), control.Post{Chat: b.group, User: b.ana, Content: control.Content{Text: text}}); err != nil {
			b.Fatal(err)
		}
	}
}

func (b *bubble) fault(f control.Fault) control.FaultID {
	b.Helper()
	r, err := b.world.SetFault(b.Context(), f)
	if err != nil {
		b.Fatal(err)
	}
	return r.Fault
}

func (b *bubble) counters() control.Counters {
	c, _ := b.world.Counters(b.Context()) // never fails
	return c
}

// got is one update as the tests look at it.
type got struct {
	ID   int64       `json:"update_id"`
	Msg  *apiMessage `json:"message"`
	Edit *apiMessage `json:"edited_message"`
}

func (a answer) updates() []got {
	var out []got
	_ = json.Unmarshal(a.Result, &out) // an answer without updates has none
	return out
}

// words lists the texts of the updates.
func (a answer) words() string {
	var out []string
	for _, u := range a.updates() {
		switch {
		case u.Msg != nil && u.Msg.Text != "":
			out = append(out, u.Msg.Text)
		case u.Edit != nil:
			out = append(out, "*"+u.Edit.Text)
		}
	}
	return strings.Join(out, " ")
}

// next is the offset that confirms all of the updates.
func (a answer) next() int64 {
	list := a.updates()
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].ID + 1
}

// settled confirms what waits and returns the offset from which news come.
func (b *bubble) settled() int64 {
	b.Helper()
	next := b.call(b.Context(), "getUpdates", nil).next()
	if next == 0 {
		b.Fatal("no updates to settle")
	}
	b.call(b.Context(), "getUpdates", params{"offset": next})
	time.Sleep(4 * time.Second) // of the bubble's clock: past the server's brakes
	return next
}

func texts(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, prefix+strconv.Itoa(i))
	}
	return out
}

// fixedClock is a world in which no time passes.
func fixedClock() func() time.Time { return func() time.Time { return time.Unix(1_700_000_000, 0) } }
