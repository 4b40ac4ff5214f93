// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"strings"
)

// refusal is an answer that is not ok, in the real server's words.
type refusal struct {
	code       int
	text       string
	retryAfter int
	migrateTo  int64
	// never: no state of the world could have turned the call into a success.
	never bool
}

func (r *refusal) answer() apiAnswer {
	a := apiAnswer{ErrorCode: r.code, Description: r.text}
	if r.retryAfter > 0 || r.migrateTo != 0 {
		a.Parameters = &apiParameters{RetryAfter: r.retryAfter, MigrateToChatID: r.migrateTo}
	}
	return a
}

// words is the text without its class, for a refusal inside another.
func (r *refusal) words() string {
	_, words, _ := strings.Cut(r.text, ": ")
	return words
}

func bad(format string, args ...any) *refusal {
	return &refusal{code: 400, text: "Bad Request: " + fmt.Sprintf(format, args...)}
}

// wrong is bad for a call that its client should not have made at all.
func wrong(format string, args ...any) *refusal {
	r := bad(format, args...)
	r.never = true
	return r
}

func forbidden(format string, args ...any) *refusal {
	return &refusal{code: 403, text: "Forbidden: " + fmt.Sprintf(format, args...)}
}

func tooMany(seconds int) *refusal {
	return &refusal{code: 429, text: fmt.Sprintf("Too Many Requests: retry after %d", seconds), retryAfter: seconds}
}

func conflict(text string) *refusal { return &refusal{code: 409, text: "Conflict: " + text} }

const (
	textTwoPolls = "terminated by other getUpdates request; make sure that only one bot instance is running"
	textWebhook  = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
	textSame     = "message is not modified: specified new message content and reply markup are exactly the same as a " +
		"current content and reply markup of the message"
)

var (
	errUnauthorized = &refusal{code: 401, text: "Unauthorized"}
	errNotFound     = &refusal{code: 404, text: "Not Found"}
	errNoMethod     = &refusal{code: 404, text: "Not Found: method not found", never: true}
	errNoChat       = bad("chat not found")
	errNoThread     = bad("message thread not found")
)
