// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Do implements Transport. An answer that comes after ctx goes to the act's Late.
func (d *daemon) Do(ctx context.Context, a Act) (s Sent, err error) {
	method, params := encode(a)
	var late func(json.RawMessage, error)
	if a.Late != nil {
		late = func(raw json.RawMessage, err error) { a.Late(d.sent(raw, err)) }
	}
	err = d.reach(ctx, func(c caller) error {
		raw, err := c.call(ctx, method, d.params(params), late)
		s, err = d.sent(raw, err)
		return err
	})
	return s, err
}

// sent reads the answer to an act.
func (d *daemon) sent(raw json.RawMessage, err error) (Sent, error) {
	if err != nil {
		return Sent{}, d.meaning(err)
	}
	f, ok := readFields(raw, nil)
	s := Sent{SentAt: f.stamp("timestamp"), Missed: misses(f)}
	if !ok || s.SentAt == 0 {
		return s, fmt.Errorf("%w: the answer has no timestamp", ErrUncertain)
	}
	return s, nil
}

// misses lists who did not get a message.
func misses(f fields) (out []Miss) {
	for _, r := range f.objects("results") {
		why := MissReason(r.text("type"))
		if why == "SUCCESS" || why == "" {
			continue
		}
		out = append(out, Miss{
			Who: ServiceID(r.object("recipientAddress").text("uuid")), Why: why, Token: r.text("token"),
			After: time.Duration(min(max(r.number("retryAfterSeconds"), 0), 7*24*3600)) * time.Second,
		})
	}
	return out
}

// meaning reads a refusal.
func (d *daemon) meaning(err error) error {
	var e *rpcError
	if !errors.As(err, &e) {
		return err
	}
	data, _ := readFields(e.Data, nil)
	missed := misses(data.object("response"))
	switch {
	case e.says("DeprecatedVersion", "StatusCode: 499"):
		return fmt.Errorf("%w: %w", ErrOutdated, e)
	case e.Code == codeUserError:
		return userError(e, missed)
	case e.Code == codeUntrusted:
		return &UntrustedError{Who: whoOf(missed, MissIdentity)}
	case e.Code == codeRateLimit:
		return rateLimited(missed)
	case e.Code == codeBadParams && e.says("account does not exist"):
		return fmt.Errorf("%w: %w", ErrUnpaired, e)
	case e.Code == codeBadRequest, e.Code == codeParse, e.Code == codeNoMethod, e.Code == codeBadParams:
		return fmt.Errorf("%w: %w", ErrRefused, e)
	case e.Code == codeInternal && e.says("AttachmentInvalid", "ClassCast"):
		return fmt.Errorf("%w: %w", ErrRefused, e)
	case e.Code == codeInternal:
		return fmt.Errorf("%w: %w", ErrUncertain, e)
	}
	return e
}

// userError reads a refusal for what was asked; missed are those who did not get it, where the daemon tells. Asked again it would
// say the same, unless it failed on the way to all of them.
func userError(e *rpcError, missed []Miss) error {
	switch {
	case e.says("not a member in group"):
		return fmt.Errorf("%w: %w", ErrNotMember, e)
	case e.says("not allowed to send message to group"):
		return fmt.Errorf("%w: %w", ErrMayNot, e)
	case e.says("Group not found"):
		return fmt.Errorf("%w: %w", ErrNoGroup, e)
	case len(whoOf(missed, MissNetwork)) > 0, len(missed) == 0 && e.says("Failed to send message"):
		return fmt.Errorf("%w: %w", ErrUncertain, e)
	}
	return fmt.Errorf("%w: %w", ErrRefused, e)
}

// says reports whether one of some pieces stands in the daemon's words.
func (e *rpcError) says(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(e.Message, w) })
}

func whoOf(missed []Miss, why MissReason) (out []ServiceID) {
	for _, m := range missed {
		if m.Why == why {
			out = append(out, m.Who)
		}
	}
	return out
}

// rateLimited takes the longest wait, and a token if one of them wants a captcha.
func rateLimited(missed []Miss) *RateLimited {
	e := &RateLimited{}
	for _, m := range missed {
		e.After = max(e.After, m.After)
		if m.Token != "" {
			e.Token = m.Token
		}
	}
	return e
}
