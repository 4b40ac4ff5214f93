// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/command"
)

// pipes is a listener whose connections stay inside of a test.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Net: "unix", Name: "pipe"} }

// client makes a Client that reaches the listener.
func (p *pipes) client() *Client {
	return &Client{&http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		p.conns <- theirs
		return ours, nil
	}}}}
}

// keeper writes a backup as it is told.
type keeper struct {
	command.Keeper
	write func(io.Writer) error
}

func (k keeper) Backup(_ context.Context, w io.Writer, _ bool) error { return k.write(w) }

var errFull = &command.Error{Code: "disk_full", Sentence: "The disk is full.", Action: "Make room."}

func TestWhatFailsLateIsStillTold(t *testing.T) {
	for name, c := range map[string]struct {
		write func(io.Writer) error
		bytes string
		err   error
	}{
		"before the first byte": {write: func(io.Writer) error { time.Sleep(10 * time.Minute); return errFull }, err: errFull},
		"in the middle": {bytes: "begin", err: errFull, write: func(w io.Writer) error {
			_, err := io.WriteString(w, "begin")
			time.Sleep(10 * time.Minute)
			return errors.Join(err, errFull)
		}},
		"not at all": {bytes: "beginend", write: func(w io.Writer) error {
			_, err := io.WriteString(w, "begin")
			time.Sleep(10 * time.Minute)
			_, more := io.WriteString(w, "end")
			time.Sleep(10 * time.Minute)
			return errors.Join(err, more)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
				s := New(Options{Table: command.New(command.Desk{Keeper: keeper{write: c.write}})})
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- serve(ctx, l, s.controlHandler()) }()
				var got bytes.Buffer
				err := l.client().Stream(ctx, Request{Name: "backup", Args: []string{"f"}}, &got)
				var told *command.Error
				errors.As(err, &told)
				if got.String() != c.bytes || c.err == nil && err != nil || c.err != nil && (told == nil || *told != *errFull) {
					t.Errorf("got %q, %v; want %q, %v", got.String(), err, c.bytes, c.err)
				}
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
