// SPDX-License-Identifier: Apache-2.0

// Package bridgetest is what every bridge must pass. It starts the real bridge process through plugins/host, and its
// simulator beside it, which speaks the network's own wire protocol; it posts as the network's people, looks at what they
// see, and never asks the bridge whether something worked.
//
// A bridge joins with one file:
//
//	func TestConformance(t *testing.T) {
//		bridgetest.Run(t, bridgetest.Subject{Package: "./cmd/causeway-bridge-telegram", …})
//	}
//
// A rule about bridges that is not checked here is not yet a rule.
package bridgetest

import (
	"testing"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// Subject is a bridge under test, and what the suite cannot learn from its capabilities.
type Subject struct {
	// Package is the import path of the bridge's main package.
	Package string
	// Simulate are further arguments of the simulator.
	Simulate []string
	// Config is the account's config for a simulator; nil takes the keys of its ready line as they are.
	Config func(r sim.Ready) map[string]any
	// BadLogin are config keys over Config under which the network refuses the login.
	BadLogin map[string]any
	// BadConfig are config keys over Config with which the account cannot even start.
	BadConfig map[string]any
	// Secrets are the config keys whose values must never be logged.
	Secrets []string
	// Poison are raw events of the network that no bridge of today can decode. Each must come up as unknown.
	Poison []string
	// NamesNoWait says that the network asks to slow down without a word of how long; the bridge then chooses.
	NamesNoWait bool
	// Group is the kind of group in which everything works.
	Group sim.GroupKind
	// Brief leaves out the parts that move large files.
	Brief bool
}

// Run runs the suite. Parts that need a world of their own build one; the others share one simulator and one bridge.
func Run(t *testing.T, s Subject) {
	binary := build(t, s.Package)
	t.Run("shared", func(t *testing.T) {
		w := newWorld(t, s, binary)
		w.start()
		for _, part := range parts {
			if !s.Brief || !part.heavy {
				t.Run(part.name, func(t *testing.T) { part.run(t, w.in(t)) })
			}
		}
	})
	t.Run("Outage", func(t *testing.T) { testOutage(t, newWorld(t, s, binary)) })
	t.Run("KillsWhileEventsCome", func(t *testing.T) { testKills(t, newWorld(t, s, binary)) })
	t.Run("NothingIsConfirmedBeforeItIsStored", func(t *testing.T) { testConfirmsLate(t, newWorld(t, s, binary)) })
	t.Run("BadLogin", func(t *testing.T) { testBadLogin(t, newWorld(t, s, binary)) })
	t.Run("BadConfig", func(t *testing.T) { testBadConfig(t, newWorld(t, s, binary)) })
}

// part is one test of a world that others share. A heavy one moves large files.
type part struct {
	name  string
	run   func(*testing.T, *world)
	heavy bool
}

var parts = []part{
	{"Describe", testDescribe, false},
	{"TextUp", testTextUp, false},
	{"OrderUp", testOrderUp, false},
	{"SpansUp", testSpansUp, false},
	{"ReplyUp", testReplyUp, false},
	{"EditUp", testEditUp, false},
	{"ReactionUp", testReactionUp, false},
	{"GroupChangesUp", testGroupChangesUp, false},
	{"TextDown", testTextDown, false},
	{"SpansDown", testSpansDown, false},
	{"ReplyDown", testReplyDown, false},
	{"EditDown", testEditDown, false},
	{"ReactionDown", testReactionDown, false},
	{"LimitsDown", testLimitsDown, false},
	{"ChatsThatTakeNothing", testChatsThatTakeNothing, false},
	{"Matrix", testMatrix, false},
	{"CaptionLimit", testCaptionLimit, false},
	{"SizeLimits", testSizeLimits, true},
	{"EmptyFile", testEmptyFile, false},
	{"AlbumLimits", testAlbumLimits, false},
	{"PollLimits", testPollLimits, false},
	{"NoEcho", testNoEcho, false},
	{"Faults", testFaults, false},
	{"RateLimit", testRateLimit, false},
	{"Poison", testPoison, false},
}
