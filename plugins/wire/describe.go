// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// Description is what a bridge says of itself before any account exists.
type Description struct {
	Network      chat.Network
	Version      string            // of the bridge binary
	Capabilities chat.Capabilities // defaults
	ConfigSchema []byte            // JSON Schema of the account's own config keys
}

// PackDescription writes a description, with this side's minor.
func PackDescription(d Description) *pb.DescribeResponse {
	return &pb.DescribeResponse{
		Network: id(d.Network), Version: words(d.Version), Minor: Minor,
		Capabilities: PackCapabilities(d.Capabilities), ConfigSchema: d.ConfigSchema,
	}
}

// UnpackDescription reads a description. An error means that its capabilities cannot be read.
func UnpackDescription(d *pb.DescribeResponse) (Description, error) {
	caps, err := UnpackCapabilities(d.GetCapabilities())
	return Description{
		Network: chat.Network(d.GetNetwork()), Version: d.GetVersion(), Capabilities: caps,
		ConfigSchema: bytesOrNil(d.GetConfigSchema()),
	}, err
}

// PackChatCapabilities writes what one chat can show; an empty chat means the account's defaults.
func PackChatCapabilities(c chat.RemoteChat, caps chat.Capabilities) *pb.ChatCapabilities {
	return &pb.ChatCapabilities{Chat: id(c), Capabilities: PackCapabilities(caps)}
}

// maxSelf bounds under how many ids an account may be seen.
const maxSelf = 16

// PackSelf writes who an account is.
func PackSelf(users []chat.RemoteUser) *pb.Self {
	return &pb.Self{Users: each(users, func(u chat.RemoteUser) string { return id(u) })}
}

// UnpackSelf reads who an account is, as far as it is believed.
func UnpackSelf(s *pb.Self) []chat.RemoteUser {
	users := s.GetUsers()
	return each(users[:min(len(users), maxSelf)], func(u string) chat.RemoteUser { return chat.RemoteUser(u) })
}

// PackSettled writes a late outcome.
func PackSettled(key chat.PostKey, o chat.Outcome) *pb.Settled {
	return &pb.Settled{Key: id(key), Outcome: PackOutcome(o)}
}
