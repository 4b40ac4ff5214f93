// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client drives a simulator. Its methods block until the simulator answers or ctx ends; a ctx without a deadline ends after three
// minutes, for See and Pair with their wait on top. Refusals are *Error. It is safe for concurrent use.
type Client struct {
	base    string
	http    *http.Client
	timeout time.Duration
}

// patience is how long a client waits for what takes no time by itself: a machine may be very busy.
const patience = 3 * time.Minute

// NewClient makes a client for the control URL of a Ready.
func NewClient(control string) *Client {
	if !strings.Contains(control, "://") {
		control = "http://" + control
	}
	// A transport of its own: a proxy from the environment must not come between.
	transport := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second}
	return &Client{base: strings.TrimRight(control, "/"), http: &http.Client{Transport: transport}, timeout: patience}
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Snapshot lists accounts, users, chats and kinds of fault.
func (c *Client) Snapshot(ctx context.Context) (Snapshot, error) {
	return call[Snapshot](ctx, c, "GET", pathWorld, nil)
}

// CreateUser makes a user.
func (c *Client) CreateUser(ctx context.Context, in NewUser) (UserReply, error) {
	return call[UserReply](ctx, c, "POST", pathUsers, in)
}

// CreateGroup makes a group.
func (c *Client) CreateGroup(ctx context.Context, in NewGroup) (ChatID, error) {
	out, err := call[ChatReply](ctx, c, "POST", pathGroups, in)
	return out.Chat, err
}

// ChangeGroup renames, deletes or migrates a group and returns the id under which it goes on.
func (c *Client) ChangeGroup(ctx context.Context, in GroupChange) (ChatID, error) {
	out, err := call[ChatReply](ctx, c, "POST", pathGroup, in)
	return out.Chat, err
}

// ChangeTopic creates, closes, reopens or deletes a topic and returns its id.
func (c *Client) ChangeTopic(ctx context.Context, in TopicChange) (ChatID, error) {
	out, err := call[ChatReply](ctx, c, "POST", pathTopics, in)
	return out.Chat, err
}

// ChangeMember changes a membership.
func (c *Client) ChangeMember(ctx context.Context, in MemberChange) error {
	return c.tell(ctx, pathMembers, in)
}

// Pair lets an account's phone link the device that shows a QR code or a code. It blocks until the device is linked or
// has refused; ErrRefused says why.
func (c *Client) Pair(ctx context.Context, in Pair) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+MaxWait)
	defer cancel()
	return c.tell(ctx, pathPair, in)
}

// Post posts as a user.
func (c *Client) Post(ctx context.Context, in Post) (MessageID, error) {
	out, err := call[MessageReply](ctx, c, "POST", pathPost, in)
	return out.Message, err
}

// Edit edits a user's message.
func (c *Client) Edit(ctx context.Context, in Edit) error { return c.tell(ctx, pathEdit, in) }

// Delete removes a message for everybody.
func (c *Client) Delete(ctx context.Context, in Delete) error { return c.tell(ctx, pathDelete, in) }

// React sets a user's reactions to a message.
func (c *Client) React(ctx context.Context, in React) error { return c.tell(ctx, pathReact, in) }

// Vote sets what a user votes for in a poll.
func (c *Client) Vote(ctx context.Context, in Vote) error { return c.tell(ctx, pathVote, in) }

// Pin pins or unpins a message as a user.
func (c *Client) Pin(ctx context.Context, in Pin) error { return c.tell(ctx, pathPin, in) }

// See returns what a user sees. With AtLeast and Wait it blocks until there is that much or Wait is over.
func (c *Client) See(ctx context.Context, in See) (View, error) {
	in.Wait = min(in.Wait, MaxWait)
	ctx, cancel := context.WithTimeout(ctx, c.timeout+in.Wait)
	defer cancel()
	return call[View](ctx, c, "GET", pathSee+"?"+in.query(), nil)
}

// WaitUntil watches a chat, without busy polling, until ok holds for the whole view or ctx ends; what has not
// changed is asked for once. It returns the last view also with an error. In's Since, AtLeast and Wait are
// ignored. A ctx without a deadline may block for ever.
func (c *Client) WaitUntil(ctx context.Context, in See, ok func(View) bool) (View, error) {
	in.Since, in.AtLeast, in.Wait = 0, 0, 0
	view, err := c.See(ctx, in)
	for err == nil && !ok(view) {
		var changed View
		in.Since, in.AtLeast, in.Wait = view.Cursor, 1, MaxWait
		if changed, err = c.See(ctx, in); err == nil {
			view = view.merge(changed)
		}
	}
	if err != nil {
		return view, fmt.Errorf("watch chat %s: %w", in.Chat, err)
	}
	return view, nil
}

// SetFault arms a fault.
func (c *Client) SetFault(ctx context.Context, in Fault) (FaultID, error) {
	out, err := call[FaultReply](ctx, c, "POST", pathFaults, in)
	return out.Fault, err
}

// ClearFault ends a fault; the empty id ends them all.
func (c *Client) ClearFault(ctx context.Context, id FaultID) error {
	return c.tell(ctx, pathClear, Clear{Fault: id})
}

// Advance moves the simulator's clock forward.
func (c *Client) Advance(ctx context.Context, by time.Duration) error {
	return c.tell(ctx, pathAdvance, Advance{ByMS: by.Milliseconds()})
}

// Inject hands an account a raw event.
func (c *Client) Inject(ctx context.Context, in Inject) error { return c.tell(ctx, pathInject, in) }

// Counters tell what happened since the start.
func (c *Client) Counters(ctx context.Context) (Counters, error) {
	return call[Counters](ctx, c, "GET", pathCounters, nil)
}

// Requests lists the last requests.
func (c *Client) Requests(ctx context.Context) ([]Request, error) {
	out, err := call[RequestsReply](ctx, c, "GET", pathRequests, nil)
	return out.Requests, err
}

// Ledger is the network's own account of messages.
func (c *Client) Ledger(ctx context.Context) (Ledger, error) {
	return call[Ledger](ctx, c, "GET", pathLedger, nil)
}

func (c *Client) tell(ctx context.Context, path string, in any) error {
	_, err := call[empty](ctx, c, "POST", path, in)
	return err
}

func call[Out any](ctx context.Context, c *Client, method, path string, in any) (Out, error) {
	var out Out
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	body, err := c.do(ctx, method, path, in)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return out, fmt.Errorf("decode answer of %s: %w", path, err)
	}
	return out, nil
}

func (c *Client) do(ctx context.Context, method, path string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask simulator: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask simulator: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(path, resp.StatusCode, answer)
	}
	return answer, nil
}

// maxAnswer bounds what a client reads; a view of 200,000 long messages stays below it.
const maxAnswer = 1 << 30

func refusal(path string, status int, answer []byte) error {
	var e struct{ Error *Error }
	if json.Unmarshal(answer, &e) != nil || e.Error == nil {
		return fmt.Errorf("%s answered %d: %.200q", path, status, answer)
	}
	return e.Error
}
