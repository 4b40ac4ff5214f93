// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"strconv"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// ServiceID is a Signal account: the ACI (a UUID in lower case), "PNI:" and a UUID while only that is known, or "" for none.
// It stays the same when the number, the name or the username changes.
type ServiceID string

// MessageRef is the only message id that Signal has: who wrote it, and when by the clock of the writer's device, in
// milliseconds. An edit has a reference of its own, which stands for the same message.
type MessageRef struct {
	Author ServiceID
	SentAt uint64
}

// remote writes the reference as "ACI/milliseconds"; empty when a part is missing.
func (r MessageRef) remote() chat.RemoteMessage {
	if r.Author == "" || r.SentAt == 0 {
		return ""
	}
	return chat.RemoteMessage(string(r.Author) + "/" + strconv.FormatUint(r.SentAt, 10))
}

// parseMessage reads a reference back.
func parseMessage(id chat.RemoteMessage) (r MessageRef, ok bool) {
	author, at, ok := strings.Cut(string(id), "/")
	sent, err := strconv.ParseUint(at, 10, 63)
	r = MessageRef{Author: ServiceID(author), SentAt: sent}
	return r, ok && err == nil && author != "" && sent > 0
}

// Target is where an act goes: a group by its id as signal-cli writes it (base64), or a person. Exactly one is set.
type Target struct {
	Group  string
	Person ServiceID
}

// groupPrefix stands before a group's id in a chat's, so that no group is taken for a person.
const groupPrefix = "group."

// chat is the target as the router names it: "group." and the group's id, or the person's ACI.
func (t Target) chat() chat.RemoteChat {
	if t.Group != "" {
		return chat.RemoteChat(groupPrefix + t.Group)
	}
	return chat.RemoteChat(t.Person)
}

// parseChat reads a chat's id back.
func parseChat(c chat.RemoteChat) (t Target, ok bool) {
	if group, is := strings.CutPrefix(string(c), groupPrefix); is {
		return Target{Group: group}, isBase64(group)
	}
	return Target{Person: ServiceID(c)}, isServiceID(string(c))
}

// isBase64 tells whether s could be a group's id: signal-cli encodes 16 or 32 bytes.
func isBase64(s string) bool {
	if len(s) != 24 && len(s) != 44 {
		return false
	}
	return strings.Trim(strings.TrimRight(s, "="), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == ""
}

const uuidLength = 36

// isServiceID tells whether s is an ACI or a PNI.
func isServiceID(s string) bool {
	s = strings.TrimPrefix(s, "PNI:")
	if len(s) != uuidLength {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return false
		}
	}
	return true
}
