// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/command"
)

var status = admin.Request{Name: "status"}

func TestClientSaysWhenNoRouterRuns(t *testing.T) {
	dir := shortDir(t)
	dead := filepath.Join(dir, "dead.sock")
	l, err := net.Listen("unix", dead)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	for name, socket := range map[string]string{"no socket": filepath.Join(dir, "none.sock"), "dead socket": dead, "no folder": "/no/such/folder/x.sock"} {
		_, err := admin.NewClient(socket).Do(t.Context(), status)
		if !errors.Is(err, admin.ErrNotRunning) || strings.Contains(err.Error(), "http") {
			t.Errorf("%s: %v", name, err)
		}
		if err := admin.NewClient(socket).Stream(t.Context(), status, io.Discard); !errors.Is(err, admin.ErrNotRunning) {
			t.Errorf("%s: stream: %v", name, err)
		}
	}
}

// impostor answers every request on a socket with what the handler says.
func impostor(t *testing.T, h http.HandlerFunc) *admin.Client {
	t.Helper()
	socket := filepath.Join(shortDir(t), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		<-ended
	})
	return admin.NewClient(socket)
}

func TestClientReadsNoAnswerOfAnotherProgram(t *testing.T) {
	for name, body := range map[string]string{"text": "hello", "no error": "{}", "empty error": `{"error":{}}`, "nothing": ""} {
		c := impostor(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, body)
		})
		_, err := c.Do(t.Context(), status)
		var e *command.Error
		if err == nil || errors.As(err, &e) || !strings.Contains(err.Error(), "same version") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClientBoundsAnswers(t *testing.T) {
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	c := impostor(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 65 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	if _, err := c.Do(t.Context(), status); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("error is %v", err)
	}
}

func TestClientStopsWhenItsUserDoes(t *testing.T) {
	asked := make(chan bool, 1)
	c := impostor(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client went away
		asked <- true
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := c.Do(ctx, status); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestClientTellsAFileThatCannotBeWritten(t *testing.T) {
	s := start(t, options(t, &desk{stream: func(_ context.Context, w io.Writer) error {
		_, err := w.Write(make([]byte, 1<<20))
		return err
	}}))
	full := errors.New("no space left")
	err := s.client.Stream(t.Context(), backup, writerFunc(func([]byte) (int, error) { return 0, full }))
	if !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
}
