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

// FindAccount finds one of ours by its id; the empty id is the first one's. ErrNotFound when there is none.
func FindAccount[A any](ours []A, id AccountID, idOf func(A) AccountID) (found A, err error) {
	for _, a := range ours {
		if id == "" || id == idOf(a) {
			return a, nil
		}
	}
	return found, Because(ErrNotFound, "no account %q", id)
}

// FindAll looks up each of some ids, and fails with the first that is nobody's.
func FindAll[ID, T any](ids []ID, find func(ID) (T, error)) ([]T, error) {
	var out []T
	for _, id := range ids {
		found, err := find(id)
		if err != nil {
			return nil, err
		}
		out = append(out, found)
	}
	return out, nil
}

// Cursor is a point in the history of changes of one chat; 0 is before everything. Cursors of different
// chats cannot be compared.
type Cursor uint64
