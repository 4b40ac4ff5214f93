// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// callerFunc is a connection for calls.
type callerFunc func() (json.RawMessage, error)

func (f *callerFunc) call(context.Context, string, any, func(json.RawMessage, error)) (json.RawMessage, error) {
	return (*f)()
}

func TestACallOnAConnectionThatHasEndedWaitsForTheNext(t *testing.T) {
	d := newDaemon(address{"unix", "/nowhere"}, "+447700900123", slog.New(slog.DiscardHandler), waits{patience: patience}, nil)
	good := callerFunc(func() (json.RawMessage, error) { return json.RawMessage(`{"timestamp":1700000000000}`), nil })
	gone := callerFunc(func() (json.RawMessage, error) {
		d.use(nil)
		go d.use(&good)
		return nil, ErrOffline
	})
	d.use(&gone) // it has ended, and nobody has noticed
	s, err := d.Do(t.Context(), Act{Kind: ActText, To: Target{Person: ana}, Text: chat.Text{Body: "x"}})
	if err != nil || s.SentAt != 1700000000000 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestRefusalsAreReadByTheirCodeAndWords(t *testing.T) {
	results := func(why string) json.RawMessage {
		return json.RawMessage(`{"response":{"results":[{"type":"` + why + `"}]}}`)
	}
	for _, c := range []struct {
		refusal rpcError
		want    error
	}{
		{rpcError{Code: codeUserError, Message: "User is not a member in group: x"}, ErrNotMember},
		{rpcError{Code: codeUserError, Message: "User is not allowed to send message to group: x"}, ErrMayNot},
		{rpcError{Code: codeUserError, Message: "Group not found: x"}, ErrNoGroup},
		{rpcError{Code: codeUserError, Message: "Failed to send message", Data: results("NETWORK_FAILURE")}, ErrUncertain},
		{rpcError{Code: codeUserError, Message: "Failed to send message", Data: results("UNREGISTERED_FAILURE")}, ErrRefused},
		{rpcError{Code: codeUserError, Message: "Failed to send message"}, ErrUncertain},
		{rpcError{Code: codeUserError, Message: "Invalid mention recipient: x"}, ErrRefused},
		{rpcError{Code: codeBadParams, Message: "Specified account does not exist"}, ErrUnpaired},
		{rpcError{Code: codeBadParams, Message: "Method requires valid params"}, ErrRefused},
		{rpcError{Code: codeInternal, Message: "Failed to send message: AttachmentInvalidException"}, ErrRefused},
		{rpcError{Code: codeInternal, Message: "Failed to send message: Connection reset"}, ErrUncertain},
		{rpcError{Code: codeIO, Message: "StatusCode: 499 DeprecatedVersion"}, ErrOutdated},
	} {
		if err := (&daemon{}).meaning(&c.refusal); !errors.Is(err, c.want) {
			t.Errorf("%d %q: %v, want %v", c.refusal.Code, c.refusal.Message, err, c.want)
		}
	}
	var other *rpcError
	err := (&daemon{}).meaning(&rpcError{Code: codeIO, Message: "no route to host"})
	if !errors.As(err, &other) || errors.Is(err, ErrUncertain) || errors.Is(err, ErrRefused) {
		t.Errorf("Signal out of reach: %v", err)
	}
}

// script is a connection that gives out one frame with each read. It notes how many notifications were stored by then.
type script struct {
	net.Conn
	frames []string
	stored int
	before []int
}

func (s *script) Read(p []byte) (int, error) {
	s.before = append(s.before, s.stored)
	if len(s.frames) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.frames[0])
	s.frames = s.frames[1:]
	return n, nil
}

func (s *script) store(batch []Envelope) error {
	s.stored += len(batch)
	return nil
}

// TestAnAnswerThatIsTooLongIsNoMessage: nobody wrote it, so nothing is lost with it.
func TestAnAnswerThatIsTooLongIsNoMessage(t *testing.T) {
	const note = `{"method":"receive","params":{"a":1}}` + "\n"
	var stored []Envelope
	told := 0
	lines := strings.NewReader(`{"jsonrpc":"2.0","result":"` + strings.Repeat("x", maxLine) + `","id":"1"}` + "\n" + note)
	c := newLineConn(nil, func(batch []Envelope) error { stored = append(stored, batch...); return nil }, func(line) { told++ })
	c.in = newLineReader(lines)
	_ = c.read()
	if len(stored) != 1 || stored[0].Cut || told != 1 {
		t.Errorf("%d lines were stored, %d told", len(stored), told)
	}
}

func TestNothingIsReadBeforeWhatWasReadIsStored(t *testing.T) {
	const note, event = `{"method":"receive","params":{"a":1}}` + "\n", "event:receive\ndata:{\"a\":1}\n\n"
	lines := &script{frames: []string{note, note + note + note[:10], note[10:], strings.Repeat(note, maxBatch+1)}}
	_ = newLineConn(lines, lines.store, func(line) {}).read()
	events := &script{frames: []string{event, event + event + event[:20], event[20:], strings.Repeat(event, maxBatch+1)}}
	s := stream{last: openLastEvent(filepath.Join(t.TempDir(), "last"), slog.New(slog.DiscardHandler)), store: events.store, told: func(line) {}}
	_ = s.read(newLineReader(events))
	for name, s := range map[string]*script{"lines": lines, "events": events} {
		if diff := cmp.Diff([]int{0, 1, 3, 4, 4 + maxBatch + 1}, s.before); diff != "" {
			t.Errorf("%s: stored before each read:\n%s", name, diff)
		}
	}
}
