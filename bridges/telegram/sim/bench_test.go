// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// bench is a started server with one group that the bot reads.
type bench struct {
	*testing.B
	server *Server
	http   *http.Client
	group  control.ChatID
	owner  control.UserID
}

func newBench(b *testing.B) *bench {
	s, err := New(Options{Bots: []BotOptions{{Token: DefaultToken, ReadsAll: true}}})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	out := &bench{B: b, server: s, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: time.Minute}}
	b.Cleanup(func() { out.http.CloseIdleConnections(); s.Close() })
	u, err := s.createUser(b.Context(), control.NewUser{Name: "Ana"})
	if err != nil {
		b.Fatal(err)
	}
	g, err := s.createGroup(b.Context(), control.NewGroup{Title: "Group", Kind: control.Supergroup, Members: []control.UserID{u.User}})
	if err != nil {
		b.Fatal(err)
	}
	out.group, out.owner = g.Chat, u.User
	return out
}

func (b *bench) call(method, body string) string {
	resp, err := b.http.Post(b.server.URL()+"/bot"+DefaultToken+"/"+method, "application/json", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(err, string(raw))
	}
	return string(raw)
}

func (b *bench) post(text string) {
	if _, err := b.server.post(b.Context(), control.Post{Chat: b.group, User: b.owner, Content: control.Content{Text: text}}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSendMessage is one round trip over HTTP of a text with a bold name.
func BenchmarkSendMessage(b *testing.B) {
	s := newBench(b)
	body := fmt.Sprintf(`{"chat_id":%q,"text":"Ana: a message of ordinary length, number one.","entities":[{"type":"bold","offset":0,"length":4}]}`, s.group)
	b.ReportAllocs()
	for b.Loop() {
		s.call("sendMessage", body)
	}
}

// BenchmarkSendMessageParallel is the same from many connections at a time.
func BenchmarkSendMessageParallel(b *testing.B) {
	s := newBench(b)
	body := fmt.Sprintf(`{"chat_id":%q,"text":"a message of ordinary length"}`, s.group)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.call("sendMessage", body)
		}
	})
}

// BenchmarkGetUpdates is a person's post and the poll that brings it.
func BenchmarkGetUpdates(b *testing.B) {
	s := newBench(b)
	offset := s.server.botList[0].queue.nextID
	b.ReportAllocs()
	for b.Loop() {
		s.post("a message of ordinary length")
		s.call("getUpdates", fmt.Sprintf(`{"offset":%d,"timeout":50}`, offset))
		offset++
	}
}

// BenchmarkGetUpdatesFull is a poll that brings a hundred posts.
func BenchmarkGetUpdatesFull(b *testing.B) {
	s := newBench(b)
	offset := s.server.botList[0].queue.nextID
	b.ReportAllocs()
	for b.Loop() {
		for range 100 {
			s.post("a message of ordinary length")
		}
		s.call("getUpdates", fmt.Sprintf(`{"offset":%d,"timeout":50}`, offset))
		offset += 100
	}
}

// BenchmarkPost is a post of a person through the control API.
func BenchmarkPost(b *testing.B) {
	s := newBench(b)
	client := control.NewClient(s.server.ControlURL())
	defer client.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Post(b.Context(), control.Post{Chat: s.group, User: s.owner, Content: control.Content{Text: "a message of ordinary length"}}); err != nil {
			b.Fatal(err)
		}
		s.server.mu.Lock()
		s.server.botList[0].queue.drop(1)
		s.server.mu.Unlock()
	}
}
