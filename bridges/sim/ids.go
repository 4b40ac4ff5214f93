// SPDX-License-Identifier: Apache-2.0

package sim

// Ids, as strings that only the simulator that made them looks inside.
type (
	// AccountID identifies an account of ours (a bot, a linked device). Empty means the first one.
	AccountID string
	// UserID identifies a simulated user.
	UserID string
	// ChatID identifies a chat as the bridge names it, for example "-1001234" or, for a topic, "-1001234/42".
	ChatID string
	// MessageID identifies a message inside a chat.
	MessageID string
	// FaultID identifies a fault that was set.
	FaultID string
)

// Cursor is a point in the history of changes of one chat; 0 is before everything. Cursors of different
// chats cannot be compared.
type Cursor uint64
