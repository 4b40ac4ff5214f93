// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// ErrNotRunning says that no router answers on the control socket.
var ErrNotRunning = errors.New("no router answers on the control socket")

const (
	dialTimeout = 2 * time.Second
	// answerTimeout is longer than a command may take in the router, so that it can say so itself.
	answerTimeout = commandTimeout + 10*time.Second
	maxAnswer     = 64 << 20
)

// Client sends commands to the running router.
type Client struct {
	http *http.Client
}

// NewClient makes a client for a control socket. It connects with the first call; each call has a connection of its
// own.
func NewClient(socket string) *Client {
	d := net.Dialer{Timeout: dialTimeout}
	return &Client{&http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := d.DialContext(ctx, "unix", socket)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
			}
			return c, nil
		},
	}}}
}

// Answer is what the router said.
type Answer struct {
	JSON []byte // the result
	Note string // what there is to say besides; may be empty
}

// Do runs a command and returns its result. It blocks for a little over a minute at most. Errors: a *command.Error
// from the router, ErrNotRunning, and what the connection gave.
func (c *Client) Do(ctx context.Context, req Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	resp, err := c.post(ctx, req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("the router's answer is too large: ask for less")
	}
	if err != nil {
		return Answer{}, fmt.Errorf("read the router's answer: %w", err)
	}
	return Answer{JSON: body, Note: resp.Header.Get(HeaderNote)}, nil
}

// Stream runs a command whose result is bytes and copies them to w. It blocks until all are there or ctx ends: a large
// store may need minutes before the first byte. With an error w may have a part of them. Errors are those of Do.
func (c *Client) Stream(ctx context.Context, req Request, w io.Writer) error {
	resp, err := c.post(ctx, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("copy from the router: %w", err)
	}
	if late := resp.Trailer.Get(HeaderError); late != "" {
		return readError([]byte(late))
	}
	return nil
}

func (c *Client) post(ctx context.Context, req Request) (*http.Response, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	// The host only fills the header: the connection goes to the socket.
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+PathCommand, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, noAnswer(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxRequest))
	if err != nil {
		return nil, fmt.Errorf("read the router's answer: %w", err)
	}
	return nil, readError(b)
}

// noAnswer takes away what a URL error says of an address that nobody typed.
func noAnswer(err error) error {
	var in *url.Error
	if errors.As(err, &in) {
		err = in.Err
	}
	if errors.Is(err, ErrNotRunning) {
		return err
	}
	return fmt.Errorf("the router gave no answer: %w", err)
}

func readError(b []byte) error {
	var e ErrorBody
	if json.Unmarshal(b, &e) == nil && e.Error != nil && e.Error.Code != "" {
		return e.Error
	}
	return errors.New("the router's answer cannot be read: is it of the same version?")
}
