// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"maps"
	"time"
)

// FaultKind is a way to fail. A simulator lists those it knows in its Snapshot and refuses others.
type FaultKind string

// The fault kinds that most networks share. "Before" strikes before the network accepted the request,
// "after" when it took effect and only the answer is lost.
const (
	RateLimited    FaultKind = "rate_limited"
	ServerError    FaultKind = "server_error"
	BadGateway     FaultKind = "bad_gateway" // an HTML page where the protocol promises something else
	ResetBefore    FaultKind = "reset_before"
	HangBefore     FaultKind = "hang_before"
	Slow           FaultKind = "slow" // works, after DelayMS
	ResetAfter     FaultKind = "reset_after"
	HangAfter      FaultKind = "hang_after"
	LateAfter      FaultKind = "late_after" // took effect, answered after DelayMS
	ServerErrAfter FaultKind = "server_error_after"
	BadGateAfter   FaultKind = "bad_gateway_after"
	HalfAnswer     FaultKind = "half_answer"
	NotJSON        FaultKind = "not_json"
	FileTruncated  FaultKind = "file_truncated" // a download is half of the file, and says that it is whole
	FileCut        FaultKind = "file_cut"       // a download breaks off half-way
	FileSlow       FaultKind = "file_slow"      // a download drips over DelayMS
	FileHang       FaultKind = "file_hang"      // a download stops half-way and hangs
	FileLies       FaultKind = "file_lies"      // a download is longer than the file is said to be
	FileEmpty      FaultKind = "file_empty"     // a download has no bytes
	BadPicture     FaultKind = "bad_picture"    // a picture that an account sends cannot be read, now and whenever it is sent
	OutageReset    FaultKind = "outage_reset"   // the connection is dropped, whatever is asked
	OutageGateway  FaultKind = "outage_bad_gateway"
	OutageHang     FaultKind = "outage_hang"
	Pace           FaultKind = "pace"        // a chat takes one post per DelayMS, more is refused with the true wait
	Redeliver      FaultKind = "redeliver"   // events that were confirmed come again
	RestartIDs     FaultKind = "restart_ids" // the network numbers its events anew
	LoggedOut      FaultKind = "logged_out"  // the credentials are refused
	Conflict       FaultKind = "conflict"    // another instance uses the account
	Forget         FaultKind = "forget"      // events are lost by the network itself
)

// Fault is a rule for failing. Filters that are empty match everything; of the requests that match, the
// fault strikes each Every-th, with Probability, at most Count times, for DurationMS.
type Fault struct {
	Kind    FaultKind `json:"kind"`
	Account AccountID `json:"account,omitempty"`
	Chat    ChatID    `json:"chat,omitempty"`
	// Method is the network's own name of a call, for example "sendMessage".
	Method string `json:"method,omitempty"`
	// Every strikes each n-th match, the n-th first; 0 and 1 strike each.
	Every int `json:"every,omitempty"`
	// Count ends the fault after so many strikes; 0 means until it is cleared.
	Count int `json:"count,omitempty"`
	// DurationMS ends the fault after that time; 0 means until it is cleared.
	DurationMS int64 `json:"duration_ms,omitempty"`
	// Probability strikes a match by chance, from Seed; 0 means always.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`
	// RetryAfterS is what a rate limit answers, in whole seconds; 0 means 1.
	RetryAfterS int `json:"retry_after_s,omitempty"`
	// Code is the network's own number for a refusal, where a kind has several; 0 means the kind's own default.
	Code int `json:"code,omitempty"`
	// DelayMS is how long slow, late and hang take; 0 means the kind's own default.
	DelayMS int64 `json:"delay_ms,omitempty"`
}

// FaultReply carries the id of a fault.
type FaultReply struct {
	Fault FaultID `json:"fault"`
}

// Clear ends a fault; an empty id ends them all. What hangs because of it is let go.
type Clear struct {
	Fault FaultID `json:"fault,omitempty"`
}

// Advance moves the simulator's clock forward, by a hundred years at most in all.
type Advance struct {
	ByMS int64 `json:"by_ms"`
}

// Inject hands an account something raw, as the network's own event: unknown kinds, poison.
type Inject struct {
	Account AccountID       `json:"account,omitempty"`
	Raw     json.RawMessage `json:"raw"`
}

// Counters tell what happened since the start.
type Counters struct {
	// Struck counts how often each fault struck; cleared faults stay listed.
	Struck map[FaultID]int `json:"struck"`
	// Kinds sums Struck by kind.
	Kinds map[FaultKind]int `json:"kinds"`
	// Requests counts the requests by the network's own method name.
	Requests map[string]int `json:"requests"`
	// TookEffect counts those of Requests that the network accepted.
	TookEffect map[string]int `json:"took_effect"`
	// Breaches counts by code what a client must not do; BreachList holds the last ones.
	Breaches   map[string]int `json:"breaches"`
	BreachList []Breach       `json:"breach_list"`
}

// Misdeeds are the breaches of a client that had so many lives. Each life may ask at once for what the one before it has just
// asked for; nothing else is excused.
func (c Counters) Misdeeds(lives int) map[string]int {
	bad := maps.Clone(c.Breaches)
	maps.DeleteFunc(bad, func(code string, n int) bool { return code == "busy_poll" && n < lives })
	return bad
}

// Breach is something that a well-behaved client does not do, for example calling inside a retry_after.
type Breach struct {
	Code    string    `json:"code"`
	Account AccountID `json:"account,omitempty"`
	Method  string    `json:"method,omitempty"`
	Chat    ChatID    `json:"chat,omitempty"`
	At      time.Time `json:"at"`
	Detail  string    `json:"detail,omitempty"`
}

// Request is the record of one call of a client.
type Request struct {
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"at"`
	Account AccountID `json:"account,omitempty"`
	Method  string    `json:"method"`
	Chat    ChatID    `json:"chat,omitempty"`
	// Message is what was made or touched, if the request took effect.
	Message    MessageID `json:"message,omitempty"`
	TookEffect bool      `json:"took_effect"`
	Status     int       `json:"status,omitempty"` // 0: no answer was given
	Why        string    `json:"why,omitempty"`    // the refusal's own words
	Fault      FaultKind `json:"fault,omitempty"`
}

// RequestsReply lists the last requests, oldest first.
type RequestsReply struct {
	Requests []Request `json:"requests"`
}

// Ledger is the network's own account of messages, each list oldest first and bounded (the oldest go).
type Ledger struct {
	// Posted is what users posted.
	Posted []Entry `json:"posted"`
	// Sent is what our accounts posted and users see.
	Sent []Entry `json:"sent"`
	// Lost is what the network itself dropped before it handed it to an account, and what it may have dropped: those entries
	// are Doubted.
	Lost []Entry `json:"lost"`
	// Duplicates counts the messages in Sent that say the same, in the same chat, as the one before them
	// by the same account.
	Duplicates int `json:"duplicates"`
}

// Kept lists those of some posted texts that the network has not lost: each must arrive everywhere. What is in doubt was kept
// if it has arrived anywhere. The texts must be distinct.
func (l Ledger) Kept(posted []string, arrived func(text string) bool) (kept []string) {
	lost := map[string]bool{}
	for _, e := range l.Lost {
		lost[e.Text] = !e.Doubted || !arrived(e.Text)
	}
	for _, text := range posted {
		if !lost[text] {
			kept = append(kept, text)
		}
	}
	return kept
}

// Entry is one message in the ledger.
type Entry struct {
	Chat    ChatID    `json:"chat"`
	Message MessageID `json:"message,omitempty"`
	User    UserID    `json:"user,omitempty"`
	Account AccountID `json:"account,omitempty"`
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at"`
	// Handed counts how often the message was handed to an account, Confirmed how many accounts confirmed it.
	Handed    int `json:"handed,omitempty"`
	Confirmed int `json:"confirmed,omitempty"`
	// Doubted, in Lost: a network without acknowledgements had written it to a process that was killed, and cannot know whether
	// it was read and stored before. It has arrived everywhere, or nowhere.
	Doubted bool `json:"doubted,omitempty"`
}
