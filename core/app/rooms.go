// SPDX-License-Identifier: Apache-2.0

package app

import (
	"maps"
	"slices"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// configRooms are the rooms of the config in the words of the store.
func configRooms(cfg *config.Config) (out []store.ConfigRoom) {
	for _, name := range slices.Sorted(maps.Keys(cfg.Rooms)) {
		rm := store.ConfigRoom{Name: name, Title: cfg.Rooms[name].Title, Language: cfg.Rooms[name].Language}
		for _, l := range cfg.Rooms[name].Chats {
			rm.Links = append(rm.Links, configLink(cfg, l))
		}
		out = append(out, rm)
	}
	return out
}

func configLink(cfg *config.Config, l config.Link) store.ConfigLink {
	return store.ConfigLink{
		Chat:    chat.Address{Account: chat.Account(l.Chat.Account), Chat: chat.RemoteChat(l.Chat.Remote)},
		Network: chat.Network(cfg.Accounts[l.Chat.Account].Network), Direction: room.Direction(l.Direction),
		NameStyle: command.NameStyle(l.NameStyle), OnUncertain: command.OnUncertain(l.OnUncertain),
		Notices: room.Notices(l.Notices), CatchUp: room.CatchUp(l.CatchUp),
	}
}
