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

// Repeat says what a network does with a repeated key.
type Repeat string

// What a repeat does.
const (
	RepeatDoubles Repeat = "doubles" // the network has no key: a repeat may show twice
	RepeatDropped Repeat = "dropped" // the network drops it
	RepeatLookup  Repeat = "lookup"  // the bridge can say whether it was sent
)

// PairStep is one step of pairing an account. Step is one of show_qr, show_code, input, wait, passkey, done,
// failed.
type PairStep struct {
	Step        string
	Text        string
	QR          string
	Code        string
	SecondsLeft int
	Attempt     int
	Error       string
}
