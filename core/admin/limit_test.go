// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/command"
)

func TestConnectionsBeyondTheLimitWait(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limit(inner, 2)
	accepted := make(chan net.Conn, 3)
	ended := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- c
		}
	}()
	for range 3 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, second := <-accepted, <-accepted
	if n := len(l.(*limited).places); n != 2 {
		t.Fatalf("%d places are taken", n)
	}
	select {
	case <-accepted:
		t.Fatal("a third connection was taken")
	default:
	}
	first.Close()
	first.Close() // a place is given back once
	third := <-accepted
	if err := l.Close(); err != nil { // while an accept waits for a place
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	second.Close()
	third.Close()
	if n := len(l.(*limited).places); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

// sleeper is a Statuses that answers when its time is over.
type sleeper struct{}

func (sleeper) Status(ctx context.Context) (command.Status, error) {
	<-ctx.Done()
	return command.Status{}, ctx.Err()
}

func TestCommandThatTakesTooLongIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Table: command.New(command.Desk{Statuses: sleeper{}})})
		began, w := time.Now(), httptest.NewRecorder()
		s.controlHandler().ServeHTTP(w, httptest.NewRequest("GET", PathStatus, nil))
		if took := time.Since(began); took != commandTimeout || w.Code != 504 || !strings.Contains(w.Body.String(), `"code":"timeout"`) {
			t.Errorf("after %v: %d %s", took, w.Code, w.Body)
		}
	})
}

// FuzzRequestsAreAnswered sends bytes of any kind as a command: each gets a status and one JSON value.
func FuzzRequestsAreAnswered(f *testing.F) {
	f.Add([]byte(`{"name":"room link","args":["a","tg:1"],"flags":{"direction":"in"}}`))
	f.Add([]byte(`{"name":"queue ls","flags":{"limit":"1e9"}}`))
	f.Add([]byte("\x00"))
	s := New(Options{Table: command.New(command.Desk{})})
	f.Fuzz(func(t *testing.T, body []byte) {
		w := httptest.NewRecorder()
		s.controlHandler().ServeHTTP(w, httptest.NewRequest("POST", PathCommand, bytes.NewReader(body)))
		if w.Code < 400 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
