// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/command"
)

func TestCommandsAnswerWithTheirJSONAndNote(t *testing.T) {
	s := start(t, options(t, &desk{total: 7}))
	got, err := s.client.Do(t.Context(), admin.Request{Name: "queue ls", Flags: map[string]string{"limit": "1"}})
	if err != nil || string(got.JSON) != "[]\n" || got.Note != "0 of 7 are shown; --limit shows more." {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestJSONKeepsTheLettersOfPeople(t *testing.T) {
	d := &desk{status: func(context.Context) (command.Status, error) {
		return command.Status{Store: command.StoreRow{Sentence: "<a> & b>"}}, nil
	}}
	s := start(t, options(t, d))
	got, err := s.client.Do(t.Context(), admin.Request{Name: "status"})
	if err != nil || !bytes.Contains(got.JSON, []byte(`"<a> & b>"`)) {
		t.Errorf("%s, %v", got.JSON, err)
	}
}

func TestErrorsOfCommandsComeBackWhole(t *testing.T) {
	s := start(t, options(t, &desk{}))
	_, err := s.client.Do(t.Context(), admin.Request{Name: "staus"})
	var e *command.Error
	if !errors.As(err, &e) || *e != (command.Error{Code: "usage", Sentence: `There is no command "staus".`, Action: "Did you mean status?"}) {
		t.Errorf("%+v", err)
	}
}

func TestFailuresAreLoggedAndNotTold(t *testing.T) {
	d := &desk{status: func(context.Context) (command.Status, error) { return command.Status{}, errors.New("secret detail") }}
	s := start(t, options(t, d))
	_, err := s.client.Do(t.Context(), admin.Request{Name: "status"})
	wantCode(t, err, command.CodeInternal)
	if strings.Contains(err.Error(), "secret") || !strings.Contains(s.log.String(), "secret detail") {
		t.Errorf("error %v, log %s", err, s.log)
	}
}

func TestChangesAreSignedByTheUserOfTheMachine(t *testing.T) {
	by := make(chan string, 1)
	s := start(t, options(t, &desk{dropped: func(who string) { by <- who }}))
	if _, err := s.client.Do(t.Context(), admin.Request{Name: "queue drop", Args: []string{"1"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := receive(t, "the drop", by), fmt.Sprintf("operator (uid %d)", os.Getuid()); got != want {
		t.Errorf("dropped by %q, want %q", got, want)
	}
}

func TestPanicCutsOneRequestAndNothingElse(t *testing.T) {
	panics := true
	d := &desk{status: func(context.Context) (command.Status, error) {
		if panics {
			panic("at the disco")
		}
		return command.Status{}, nil
	}}
	s := start(t, options(t, d))
	_, err := s.client.Do(t.Context(), admin.Request{Name: "status"})
	if err == nil || !strings.HasPrefix(err.Error(), "the router gave no answer: ") {
		t.Errorf("error is %v", err)
	}
	if log := s.log.String(); !strings.Contains(log, "request panicked") || !strings.Contains(log, "control_test.go") || strings.Contains(log, "disco") {
		t.Errorf("the log lacks the panic or its stack, or holds its value: %s", log)
	}
	panics = false
	if _, err := s.client.Do(t.Context(), admin.Request{Name: "status"}); err != nil {
		t.Errorf("after the panic: %v", err)
	}
}

func TestTooManyCommandsAreToldToComeBack(t *testing.T) {
	began, finish := make(chan bool), make(chan bool)
	d := &desk{status: func(ctx context.Context) (command.Status, error) {
		began <- true
		<-finish
		return command.Status{}, nil
	}}
	s := start(t, options(t, d))
	answers := make(chan error, 16)
	for range 16 {
		go func() {
			_, err := s.client.Do(t.Context(), admin.Request{Name: "status"})
			answers <- err
		}()
		receive(t, "a command", began)
	}
	_, err := s.client.Do(t.Context(), admin.Request{Name: "status"})
	wantCode(t, err, admin.CodeBusy)
	close(finish)
	for range 16 {
		if err := receive(t, "an answer", answers); err != nil {
			t.Error(err)
		}
	}
	go func() { <-began }()
	if _, err := s.client.Do(t.Context(), admin.Request{Name: "status"}); err != nil {
		t.Errorf("places were not given back: %v", err)
	}
}

func TestStreamsArriveWhole(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	s := start(t, options(t, &desk{stream: func(_ context.Context, w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(want))
		return err
	}}))
	var got bytes.Buffer
	if err := s.client.Stream(t.Context(), backup, &got); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}

var backup = admin.Request{Name: "backup", Args: []string{"f"}}

func TestEmptyStreamIsNoError(t *testing.T) {
	s := start(t, options(t, &desk{stream: func(context.Context, io.Writer) error { return nil }}))
	var got bytes.Buffer
	if err := s.client.Stream(t.Context(), backup, &got); err != nil || got.Len() > 0 {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}

// TestStreamThatFailsIsNeverTakenForWhole fails streams before the first byte, after it by an error, and by a panic.
func TestStreamThatFailsIsNeverTakenForWhole(t *testing.T) {
	for name, c := range map[string]struct {
		bytes string
		fail  func() error
		code  string // "": no error of a command
	}{
		"at once":      {"", func() error { return command.NoSuchRoom("x") }, command.CodeNoSuchRoom},
		"in between":   {"some", func() error { return command.NoSuchRoom("x") }, command.CodeNoSuchRoom},
		"broken":       {"some", func() error { return errors.New("disk") }, command.CodeInternal},
		"panic":        {"some", func() error { panic("half way") }, ""},
		"panic before": {"", func() error { panic("half way") }, ""},
	} {
		s := start(t, options(t, &desk{stream: func(_ context.Context, w io.Writer) error {
			if _, err := io.WriteString(w, c.bytes); c.bytes != "" && err != nil {
				return err
			}
			return c.fail()
		}}))
		var got bytes.Buffer
		err := s.client.Stream(t.Context(), backup, &got)
		if c.code != "" {
			wantCode(t, err, c.code)
		}
		if err == nil {
			t.Errorf("%s: no error, got %q", name, got.String())
		}
	}
}

func TestClientThatGoesAwayEndsItsStream(t *testing.T) {
	ended := make(chan error, 1)
	s := start(t, options(t, &desk{stream: func(ctx context.Context, w io.Writer) error {
		_, err := w.Write(make([]byte, 64<<10)) // more than the server gathers
		<-ctx.Done()
		ended <- ctx.Err()
		return errors.Join(err, ctx.Err())
	}}))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.client.Stream(ctx, backup, writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if receive(t, "the end of the stream", ended) == nil {
		t.Error("the stream was not told")
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// post sends a body of which no client of ours is the author.
func post(t *testing.T, s *server, method, path, body string) (status int, answer admin.ErrorBody) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", s.socket)
	}}}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://any.name"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatalf("%s %s: the answer is no JSON: %v", method, path, err)
	}
	return resp.StatusCode, answer
}

func TestRequestsOfStrangersAreAnsweredInOrder(t *testing.T) {
	s := start(t, options(t, &desk{}))
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/v1/status", "", 200, ""},
		{"POST", admin.PathCommand, `{"name":"status"}`, 200, ""},
		{"POST", admin.PathCommand, ``, 400, "usage"},
		{"POST", admin.PathCommand, `{"name":`, 400, "usage"},
		{"POST", admin.PathCommand, `[]`, 400, "usage"},
		{"POST", admin.PathCommand, `{"name":"status","shell":"rm"}`, 400, "usage"},
		{"POST", admin.PathCommand, `{"name":"` + strings.Repeat("x", 300<<10) + `"}`, 400, "usage"},
		{"POST", admin.PathCommand, `{"name":"room show","args":["x"]}`, 500, "internal"}, // no desk
		{"GET", admin.PathCommand, "", 404, admin.CodeNotFound},
		{"GET", "/", "", 404, admin.CodeNotFound},
		{"POST", "/v1/status", "", 404, admin.CodeNotFound},
	} {
		status, answer := post(t, s, c.method, c.path, c.body)
		code := ""
		if answer.Error != nil {
			code = answer.Error.Code
		}
		if status != c.status || code != c.code {
			t.Errorf("%s %s %.40s: %d %s, want %d %s", c.method, c.path, c.body, status, code, c.status, c.code)
		}
	}
}

func TestEveryErrorOfCommandsHasAStatus(t *testing.T) {
	s := start(t, options(t, &desk{stream: func(context.Context, io.Writer) error { return command.RoomFromConfig("x") }}))
	if status, _ := post(t, s, "POST", admin.PathCommand, `{"name":"backup","args":["f"]}`); status != http.StatusConflict {
		t.Errorf("status is %d", status)
	}
}
