// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Loop is the ceiling: getUpdates, then sendMessage for each update, one after the other over kept connections, and
// nothing else. With a journal it is the durable ceiling: a small record is written and synced before each message is
// sent, and another one after it, as everything that promises to lose nothing must.
type Loop struct {
	API, Token string
	From, To   string // chats
	Journal    string // a file; empty for none

	client  *http.Client
	journal *os.File
	next    int64
}

// Run copies messages until ctx ends.
func (l *Loop) Run(ctx context.Context) error {
	l.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	defer l.client.CloseIdleConnections()
	if l.Journal != "" {
		f, err := os.OpenFile(l.Journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open journal: %w", err)
		}
		defer f.Close()
		l.journal = f
	}
	for ctx.Err() == nil {
		if err := l.turn(ctx); err != nil {
			l.pause(ctx)
		}
	}
	return nil
}

// pause is for the moments in which the simulator holds updates back.
func (l *Loop) pause(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}

// loopUpdate is what a loop reads of an update.
type loopUpdate struct {
	ID      int64 `json:"update_id"`
	Message struct {
		ID   int64  `json:"message_id"`
		Text string `json:"text"`
		Chat struct {
			ID int64 `json:"id"`
		} `json:"chat"`
	} `json:"message"`
}

// turn reads one batch and sends it on. A message that failed is tried again by the next turn.
func (l *Loop) turn(ctx context.Context) error {
	var batch []loopUpdate
	err := l.call(ctx, "getUpdates", map[string]any{"offset": l.next, "timeout": 30, "limit": 100, "allowed_updates": []string{"message"}}, &batch)
	if err != nil {
		return err
	}
	for _, u := range batch {
		if u.Message.Text != "" && strconv.FormatInt(u.Message.Chat.ID, 10) == l.From {
			if err := l.send(ctx, u); err != nil {
				return err
			}
		}
		l.next = u.ID + 1
	}
	return nil
}

func (l *Loop) send(ctx context.Context, u loopUpdate) error {
	if err := l.note("taken", u); err != nil {
		return err
	}
	if err := l.call(ctx, "sendMessage", map[string]any{"chat_id": l.To, "text": u.Message.Text}, nil); err != nil {
		return err
	}
	return l.note("sent", u)
}

// note appends a record and syncs it.
func (l *Loop) note(what string, u loopUpdate) error {
	if l.journal == nil {
		return nil
	}
	if _, err := fmt.Fprintf(l.journal, "%s %d %s\n", what, u.ID, u.Message.Text); err != nil {
		return err
	}
	return unix.Fdatasync(int(l.journal.Fd()))
}

func (l *Loop) call(ctx context.Context, method string, args, result any) error {
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.API+"/bot"+l.Token+"/"+method, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var a struct {
		OK     bool            `json:"ok"`
		Result json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return fmt.Errorf("%s answered %d: %w", method, resp.StatusCode, err)
	}
	if !a.OK {
		return fmt.Errorf("%s answered %d", method, resp.StatusCode)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(a.Result, result)
}
