// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"strings"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// silent are fields that say nothing to a room.
var silent = map[string]bool{
	"messageContextInfo": true, "senderKeyDistributionMessage": true, "fastRatchetKeySenderKeyDistributionMessage": true,
	"stickerSyncRmrMessage": true, "messageHistoryBundle": true, "messageHistoryNotice": true, "placeholderMessage": true,
	"groupRootKeyShare": true, "rootSecretDistributeMessage": true, "pollAddOptionMessage": true, "encEventResponseMessage": true,
	"secretEncryptedMessage": true, "chat": true, "protocolMessage": true, "reactionMessage": true, "encReactionMessage": true,
	"encCommentMessage": true, "pollUpdateMessage": true, "pinInChatMessage": true, "keepInChatMessage": true, "scheduledCallEditMessage": true,
}

// newer is the kind of a message of which only the number is known.
const newer = "newer"

// Kind names what a message is that nobody here can read, by its field; empty when it has nothing to say to a room.
func Kind(m *waE2E.Message) string {
	kind := ""
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if name := string(f.Name()); !silent[name] && (kind == "" || name < kind) {
			kind = name
		}
		return true
	})
	if kind == "" && len(m.ProtoReflect().GetUnknown()) > 0 {
		return newer
	}
	return kind
}

// clean makes a text of the network valid UTF-8.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
