// SPDX-License-Identifier: Apache-2.0

package chat

import "time"

// AccountState is the condition of one account.
type AccountState string

// The states of an account.
const (
	Starting       AccountState = "starting"
	Pairing        AccountState = "pairing"
	Connected      AccountState = "connected"
	Degraded       AccountState = "degraded"
	Down           AccountState = "down"
	BadCredentials AccountState = "bad_credentials"
	LoggedOut      AccountState = "logged_out"
	Outdated       AccountState = "outdated"
)

// Sends reports whether lanes of an account in this state may send.
func (s AccountState) Sends() bool { return s == Connected || s == Degraded }

// State is an account's condition with its reason and since when.
type State struct {
	State AccountState
	Why   Reason
	Since time.Time
}

// Hears reports whether the account is handed what people write. One that is degraded may send and be deaf.
func (s State) Hears() bool {
	return s.State.Sends() && (s.State != Degraded || s.Why.Code != CodeCannotReceive && s.Why.Code != CodeConflict)
}

// Repeat says what a network does with a repeated key.
type Repeat string

// What a repeat does.
const (
	RepeatDoubles Repeat = "doubles" // the network has no key: a repeat may show twice
	RepeatDropped Repeat = "dropped" // the network drops it
	RepeatLookup  Repeat = "lookup"  // the bridge can say whether a new post was sent
)

// The steps of pairing.
const (
	PairShowQR   = "show_qr"   // QR is to be scanned within SecondsLeft
	PairShowCode = "show_code" // Code is to be typed on the phone
	PairAskInput = "input"     // Text asks for something that is typed here
	PairWait     = "wait"
	PairPasskey  = "passkey" // Text says what to do with the passkey, Code is what it is asked with
	PairDone     = "done"
	PairFailed   = "failed"
)

// PairBegin is what whoever pairs an account says first; no bridge tells it.
const PairBegin = "begin"

// PairStep is one step of pairing an account: what to show and what to do, in words for a person.
type PairStep struct {
	Step        string // one of PairShowQR to PairFailed
	Text        string
	QR          string // what the QR code is to hold
	Code        string
	SecondsLeft int // how long the step holds from when it is told; 0: it does not end by itself
	Attempt     int // from 1
	Error       string
}

// Ends reports whether no other step follows.
func (s PairStep) Ends() bool { return s.Step == PairDone || s.Step == PairFailed }
