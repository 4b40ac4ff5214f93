// SPDX-License-Identifier: Apache-2.0

// Package route takes events from bridges to planned deliveries, in stages: admit, identify, command, plan. It is pure:
// everything it reads and writes goes through a Tx, the one transaction that makes the event durable, so an event and
// the work that it causes are stored together or not at all. It never calls a network and never looks inside a remote id.
//
// What becomes of an event depends on where it comes from. Events of chats in no room leave only their key, but for what
// they tell of the chat itself. In a room, what a chat gives goes to every other chat that takes, in the order of their ids.
package route
