// SPDX-License-Identifier: Apache-2.0

package command

// New makes the table of all commands. With the zero Desk it serves for help, checks and decoding; to run a command
// that lacks its part of the desk is an error.
func New(d Desk) *Table {
	t := &Table{}
	t.commands = append(t.commands, d.pairCommands()...)
	t.commands = append(t.commands, d.statusCommands()...)
	t.commands = append(t.commands, d.roomCommands()...)
	t.commands = append(t.commands, d.queueCommands()...)
	t.commands = append(t.commands, d.keeperCommands()...)
	return t
}

func (d Desk) statusCommands() []Command {
	return []Command{
		{
			Name: "status", Who: Admin, Handler: d.status, Empty: empty[Status],
			Help:    "Show how each account is, what waits for it, and what to do",
			Details: "Accounts that are not connected say why and what to do. Messages to them wait on disk.",
		},
		{
			Name: "chat ls", Who: Operator, Handler: d.chatList, Empty: empty[ChatList],
			Args:    []Arg{{Name: "ACCOUNT", Type: Account, Optional: true}},
			Help:    "List the chats that an account sees, with their titles and ids",
			Details: "A chat appears when the account has heard from it. A bot sees a group after somebody wrote there.",
		},
	}
}

func (d Desk) roomCommands() []Command {
	one := []Arg{{Name: "CHAT", Type: Chat}}
	return []Command{
		{
			Name: "room ls", Who: Operator, Handler: d.roomList, Empty: empty[RoomList],
			Help: "List the rooms and their chats",
		},
		{
			Name: "room show", Who: Admin, Handler: d.roomShow, Empty: empty[RoomRow],
			Args: []Arg{{Name: "ROOM", Type: Room}},
			Help: "Show a room with its links and what waits in each",
		},
		{
			Name: "room link", Who: Operator, Handler: d.roomLink, Empty: empty[RoomRow],
			Args:  []Arg{{Name: "ROOM", Type: Room}, {Name: "CHAT", Type: Chat, Variadic: true}},
			Flags: linkFlags(),
			Help:  "Put chats into a room, which is made when it is new",
			Details: "All chats are linked or none. A chat is written account:remote-id, as chat ls shows it. A chat that is in " +
				"the room already gets the flags that are given.",
		},
		{
			Name: "room unlink", Who: Operator, Handler: d.roomUnlink, Empty: empty[RoomRow], Args: one,
			Help:    "Take a chat out of its room",
			Details: "Messages that wait for the chat are discarded.",
		},
		{
			Name: "room pause", Who: Admin, Handler: d.roomPause, Empty: empty[RoomRow], Args: one,
			Help: "Keep messages to a chat until room resume",
		},
		{
			Name: "room resume", Who: Admin, Handler: d.roomResume, Empty: empty[RoomRow], Args: one,
			Help:    "Send to a chat again",
			Details: "It ends a pause, and also a hold that has no time, as after we were removed from the group.",
		},
		{
			Name: "room language", Who: Admin, Handler: d.roomLanguage, Empty: empty[RoomRow],
			Args:    []Arg{{Name: "ROOM", Type: Room}, {Name: "LANGUAGE", Type: Text}},
			Help:    "Choose the language in which Causeway speaks in a room",
			Details: "It is a code: en or ar. What people write is never translated.",
		},
		{
			Name: "room export", Who: Operator, Handler: d.roomExport,
			Args: []Arg{{Name: "ROOM", Type: Room}},
			Help: "Write a room's messages as lines of JSON",
		},
	}
}

func linkFlags() []Flag {
	return []Flag{
		{Name: "direction", Choices: []string{"both", "in", "out"}, Help: "both, in (from the chat into the room) or out (from the room into the chat)"},
		{Name: "name-style", Choices: []string{"line", "prefix", "none"}, Help: "how the sender is shown in the chat: on a line of its own, as a prefix, or not at all"},
		{Name: "on-uncertain", Choices: []string{"repeat", "drop"}, Help: "what happens to a post whose answer was lost: repeat it or drop it"},
		{Name: "notices", Choices: []string{"none", "changes", "all"}, Help: "what the chat hears of the others besides what people say: nothing, changes (titles, pictures, pins, calls), or all (also who comes and goes)"},
		{Name: "catch-up", Choices: []string{"all", "digest", "none"}, Help: "what the chat is brought of what was said while its account could not be reached: all, several texts in one post; digest, a long backlog as a summary with a file; or nothing"},
	}
}

func (d Desk) queueCommands() []Command {
	ids := []Arg{{Name: "ID", Type: Delivery, Variadic: true}}
	return []Command{
		{
			Name: "queue ls", Who: Operator, Handler: d.queueList, Empty: empty[DeliveryList],
			Args: []Arg{{Name: "ROOM|CHAT", Type: RoomOrChat, Optional: true}},
			Flags: []Flag{
				{Name: "ended", Switch: true, Default: "false", Help: "those that ended without being delivered, instead of those that wait"},
				{Name: "limit", Number: true, Default: "1000", Help: "how many to list at most"},
			},
			Help: "List the deliveries that have not ended, why, and what to do",
		},
		{
			Name: "queue retry", Who: Operator, Handler: d.queueRetry, Empty: empty[SettledList], Args: ids,
			Help: "Try deliveries now, whatever holds them",
			Details: "The chat's other deliveries follow: order in a chat is kept. A link that is paused stays so, until room resume. One that " +
				"ended without arriving is planned again, behind the others.",
		},
		{
			Name: "queue drop", Who: Operator, Handler: d.queueDrop, Empty: empty[SettledList], Args: ids,
			Help:    "Give deliveries up; they end as discarded",
			Details: "As long as they are remembered, queue retry plans them again.",
		},
	}
}

func (d Desk) keeperCommands() []Command {
	return []Command{{
		Name: "backup", Who: Operator, Handler: d.backup,
		Args:  []Arg{{Name: "FILE", Type: File}},
		Flags: []Flag{{Name: "sessions", Switch: true, Default: "false", Help: "include the bridges' session files, for a move: stop the router first"}},
		Help:  "Copy the store and the media into a file, also while the router runs",
		Details: "The file holds messages and must be kept secret. Session files go in with --sessions alone: an old copy of them breaks " +
			"encryption, so restore them only when the old machine stopped before the copy.",
	}}
}

func empty[T any, P interface {
	*T
	Result
}]() Result {
	return P(new(T))
}
