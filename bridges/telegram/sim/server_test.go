// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// rig is a running server with its control client, and a bare HTTP client for the Bot API.
type rig struct {
	*testing.T
	server *Server
	client *control.Client
	http   *http.Client
}

func newRig(t *testing.T, opts Options) *rig {
	t.Helper()
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, server: s, client: control.NewClient(s.ControlURL()), http: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}}
	t.Cleanup(func() {
		r.http.CloseIdleConnections()
		r.client.Close()
		s.Close()
	})
	return r
}

// answer is what the Bot API says.
type answer struct {
	Status      int             `json:"-"`
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
	Raw string `json:"-"`
}

// into decodes the result.
func (a answer) into(r *rig, to any) {
	r.Helper()
	if err := json.Unmarshal(a.Result, to); err != nil {
		r.Fatalf("decode %s: %v", a.Raw, err)
	}
}

type params map[string]any

// call calls a method of the first bot, with JSON.
func (r *rig) call(method string, p params) answer {
	r.Helper()
	return r.callAs(r.server.botList[0].token, method, p)
}

func (r *rig) callAs(token, method string, p params) answer {
	r.Helper()
	body, err := json.Marshal(p)
	if err != nil {
		r.Fatal(err)
	}
	return r.raw("POST", "/bot"+token+"/"+method, "application/json", string(body))
}

func (r *rig) raw(method, path, kind, body string) answer {
	r.Helper()
	a, err := r.try(method, path, kind, body)
	if err != nil {
		r.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (r *rig) try(method, path, kind, body string) (answer, error) {
	req, err := http.NewRequestWithContext(r.Context(), method, r.server.URL()+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := r.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := r.decode(raw)
	a.Status = resp.StatusCode
	return a, nil
}

// decode reads an answer that must be JSON.
func (r *rig) decode(raw []byte) answer {
	a := answer{Raw: string(raw)}
	if err := json.Unmarshal(raw, &a); err != nil {
		r.Errorf("decode %q: %v", raw, err)
	}
	return a
}

// until waits for a condition of the server that nothing tells of.
func (r *rig) until(what string, ok func() bool) {
	r.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			r.Fatalf("it never came to this: %s", what)
		}
		runtime.Gosched()
	}
}

// settle confirms all that waits and returns the offset of what comes next.
func (r *rig) settle() string {
	r.Helper()
	list := r.updates(0)
	var last int64
	if err := json.Unmarshal(list[len(list)-1]["update_id"], &last); err != nil {
		r.Fatal(err)
	}
	next := strconv.FormatInt(last+1, 10)
	r.call("getUpdates", params{"offset": next})
	return next
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) user(name string) control.UserID {
	r.Helper()
	u, err := r.client.CreateUser(r.Context(), control.NewUser{Name: name})
	r.must(err)
	return u.User
}

func (r *rig) group(g control.NewGroup) control.ChatID {
	r.Helper()
	if g.Title == "" {
		g.Title = "Group"
	}
	id, err := r.client.CreateGroup(r.Context(), g)
	r.must(err)
	return id
}

func (r *rig) post(p control.Post) control.MessageID {
	r.Helper()
	id, err := r.client.Post(r.Context(), p)
	r.must(err)
	return id
}

func (r *rig) texts(chat control.ChatID) []string {
	r.Helper()
	v, err := r.client.See(r.Context(), control.See{Chat: chat})
	r.must(err)
	return v.Texts()
}

// updates polls once without waiting and confirms nothing.
func (r *rig) updates(offset int64) []map[string]json.RawMessage {
	r.Helper()
	var out []map[string]json.RawMessage
	r.call("getUpdates", params{"offset": offset}).into(r, &out)
	return out
}

func TestATextOfAUserReachesTheBotAndItsAnswerIsSeen(t *testing.T) {
	r := newRig(t, Options{})
	ana := r.user("Ana")
	g := r.group(control.NewGroup{Members: []control.UserID{ana}, Role: control.RoleAdmin, Kind: control.Supergroup})
	r.post(control.Post{Chat: g, User: ana, Content: control.Content{Text: "hello"}})
	var got []string
	for _, u := range r.updates(0) {
		var m apiMessage
		if json.Unmarshal(u["message"], &m) == nil && m.Text != "" {
			got = append(got, m.From.FirstName+": "+m.Text)
		}
	}
	if len(got) != 1 || got[0] != "Ana: hello" {
		t.Errorf("the bot was given %q", got)
	}
	a := r.call("sendMessage", params{"chat_id": g, "text": "hi"})
	if !a.OK {
		t.Fatalf("answer %s", a.Raw)
	}
	if texts := r.texts(g); len(texts) != 2 || texts[1] != "hi" {
		t.Errorf("people see %q", texts)
	}
}
