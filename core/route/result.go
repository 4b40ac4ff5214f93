// SPDX-License-Identifier: Apache-2.0

package route

import (
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/room"
)

// Kind says what became of an event. Values are stable: metrics and logs show them.
type Kind string

// The kinds.
const (
	// Planned: it was stored and at least one chat will get it.
	Planned Kind = "planned"
	// Noted: it was stored, and nobody has to get it: a chat info, or a message of a room in which no other chat takes.
	Noted Kind = "noted"
	// Counted: somebody came or went, and is told of with others.
	Counted Kind = "counted"
	// Repeat: it was seen before.
	Repeat Kind = "repeat"
	// Echo: something of our own came back.
	Echo Kind = "echo"
	// Unlinked: its chat is in no room. Only its key is kept.
	Unlinked Kind = "unlinked"
	// CommandTyped: somebody spoke to the bridge. Result.Command says what; nothing is mirrored.
	CommandTyped Kind = "command"
	// Ignored: it is not for the room. Result.Why says the reason.
	Ignored Kind = "ignored"
	// Unhandled: nobody knows what it means and the room need not hear of it. Its raw bytes wait for an upgrade.
	Unhandled Kind = "unhandled"
	// Gap: the network lost events before we could read them. The rooms that miss them are told.
	Gap Kind = "gap"
)

// Why says for what reason an event was ignored. Values are stable.
type Why string

// The reasons.
const (
	WhyBackfilled     Why = "backfilled"      // history, not said now
	WhyDirection      Why = "direction"       // the link does not give
	WhyNotMirrored    Why = "not_mirrored"    // a kind that goes nowhere, or of which no other chat wants to hear
	WhyUnknownMessage Why = "unknown_message" // it means a message that the room does not know
	WhyCopy           Why = "copy"            // it changes a copy of ours, which only its origin can do
	WhyDeleted        Why = "deleted"         // the message is deleted
	WhyUnchanged      Why = "unchanged"       // it is so already
	WhyNotTyped       Why = "not_typed"       // a command that no human typed: forwarded, a bot's, or made by an edit
)

// LaneRef names a lane and the account that sends for it.
type LaneRef struct {
	Lane    chat.ChatID
	Account chat.Account
}

// Result tells what became of an event. It is true once the transaction is committed.
type Result struct {
	Kind Kind
	Why  Why // of Ignored
	// Chat is the event's chat; 0 when it has none, or was not looked at.
	Chat chat.ChatID
	// Message is the room's message that the event made or meant; 0 when there is none.
	Message chat.MessageID
	// Lanes got work.
	Lanes []LaneRef
	// Resumed are lanes that may have been waiting for what the event told: they should look again.
	Resumed []LaneRef
	// Early lists chats to which a post that is not recorded yet may have brought what the event is about. While one is on
	// its way there, the event can be undone, and handled again when that is recorded.
	Early []chat.ChatID
	// Command is set for CommandTyped.
	Command *Command
}

// Command is what somebody typed for the bridge.
type Command struct {
	// Words follow "!bridge" or "/bridge"; empty when it stood alone.
	Words []string
	// Bot is the name after "/bridge@", as it was typed; empty when there was none. Who is not called so should not answer.
	Bot string
	// Chat is where it was typed; Link is the zero Link when that is in no room.
	Chat room.Chat
	Link room.Link
	// Message is what an answer would reply to.
	Message chat.RemoteMessage
	// By is who typed it; its ID is 0 when the network did not say. Sender is what the network told of them.
	By     person.Identity
	Sender chat.Sender
}
