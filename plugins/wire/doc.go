// SPDX-License-Identifier: Apache-2.0

// Package wire holds the contract between the router and its bridges: the handshake, the limits, and the one place
// that converts between core/chat's nouns and the messages of causeway/v1.
//
// Conversions never fail on words that are new to them. A body that is not known becomes chat.Unknown with its bytes,
// an outcome that is not known becomes uncertain. Reading nil gives the zero value.
package wire

import "time"

// Major is the contract's version in the handshake; a bridge and a router with no common major refuse each other.
// Minor counts additions inside it; each side tells its own in Describe.
const (
	Major = 1
	Minor = 0
)

// CookieKey and CookieValue tell a bridge that a router started it. They are no secret: they keep people from
// starting a bridge by hand, and bridges from starting plugins themselves.
const (
	CookieKey   = "CAUSEWAY_PLUGIN"
	CookieValue = "5b1f0d7c-a bridge is started by causeway"
)

// PluginName is the name under which a bridge is served in go-plugin's set.
const PluginName = "bridge"

// MaxMessage bounds one message in both directions, in bytes. MaxPut is what a put aims to stay below.
const (
	MaxMessage = 16 << 20
	MaxPut     = 1 << 20
)

// MaxBatch is how many events travel in one put and are committed together at most.
const MaxBatch = 256

// LifelineFD is the file descriptor of a pipe that closes when the router ends. A bridge exits at once then.
const LifelineFD = 3

// AnswerMargin is how long before the deadline of a call its bridge should have answered.
const AnswerMargin = 250 * time.Millisecond

// StreamWindow and ConnWindow bound the bytes that one side takes in before its program reads them. They are fixed: with
// windows of its own choosing gRPC asks the other side for an answer after nearly every message, to measure the road,
// which costs as much as a small call itself.
const (
	StreamWindow = 2 << 20
	ConnWindow   = 4 << 20
)
