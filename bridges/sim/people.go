// SPDX-License-Identifier: Apache-2.0

package sim

// NewUser asks for a user.
type NewUser struct {
	Name     string `json:"name"`
	Username string `json:"username,omitempty"`
	Phone    string `json:"phone,omitempty"`
	// Bot makes it somebody else's bot, which our accounts must not hear where the network hides bots.
	Bot bool `json:"bot,omitempty"`
}

// UserReply carries the id of a new user.
type UserReply struct {
	User UserID `json:"user"`
	// Chat is the private chat between the user and the first account, where the network has one.
	Chat ChatID `json:"chat,omitempty"`
}

// GroupKind is a kind of chat. A simulator refuses a kind that its network lacks.
type GroupKind string

// The group kinds.
const (
	Group      GroupKind = "group" // the default: the network's plain group
	Supergroup GroupKind = "supergroup"
	Forum      GroupKind = "forum"
	Channel    GroupKind = "channel"
	// Private is the chat of one user and one account. It appears in a Snapshot and cannot be created.
	Private GroupKind = "private"
)

// Role is what an account is in a group.
type Role string

// The roles.
const (
	RoleMember Role = "member"
	RoleAdmin  Role = "admin"
	RoleNone   Role = "none"
)

// NewGroup asks for a group.
type NewGroup struct {
	Title   string    `json:"title"`
	Kind    GroupKind `json:"kind,omitempty"`
	Members []UserID  `json:"members,omitempty"`
	// Accounts are ours that are in it; empty means the first account.
	Accounts []AccountID `json:"accounts,omitempty"`
	// Role is what those accounts are in it; empty means member.
	Role Role `json:"role,omitempty"`
	// LinkedTo makes this the discussion group of a channel, whose posts are then forwarded into it.
	LinkedTo ChatID `json:"linked_to,omitempty"`
	// Username makes it a public chat, where the network has such.
	Username string `json:"username,omitempty"`
	// Reactions are the emoji that may be used in it; empty means all that the network has.
	Reactions []string `json:"reactions,omitempty"`
}

// Ours are the accounts that are to be in the group; ErrWrongUse when the role is unknown.
func (g NewGroup) Ours() ([]AccountID, error) {
	switch {
	case g.Role == RoleNone:
		return nil, nil
	case g.Role != "" && g.Role != RoleMember && g.Role != RoleAdmin:
		return nil, Because(ErrWrongUse, "unknown role %q", g.Role)
	case len(g.Accounts) == 0:
		return []AccountID{""}, nil
	}
	return g.Accounts, nil
}

// ChatReply carries the id of a chat that was made or that goes on under another id.
type ChatReply struct {
	Chat ChatID `json:"chat"`
}

// GroupAction is a change of a group.
type GroupAction string

// The group actions.
const (
	// Rename gives the group the new Title.
	Rename GroupAction = "rename"
	// DeleteGroup removes the group for everybody.
	DeleteGroup GroupAction = "delete"
	// Migrate moves the group to a new id, with new message ids.
	Migrate GroupAction = "migrate"
	// AdminsOnly lets only admins write, Everybody takes it back.
	AdminsOnly GroupAction = "admins_only"
	Everybody  GroupAction = "everybody"
	// NewPhoto gives the group another photo, RemovePhoto takes it away.
	NewPhoto    GroupAction = "new_photo"
	RemovePhoto GroupAction = "remove_photo"
	// StartVideoChat and EndVideoChat begin and end a call of the whole group.
	StartVideoChat GroupAction = "start_video_chat"
	EndVideoChat   GroupAction = "end_video_chat"
	// Timer lets messages disappear TimerS seconds after they were sent; 0 switches it off.
	Timer GroupAction = "timer"
	// SlowMode takes one message of each member, who is no admin, in DelayS seconds; 0 switches it off.
	SlowMode GroupAction = "slow_mode"
)

// GroupChange changes a group.
type GroupChange struct {
	Chat   ChatID      `json:"chat"`
	Action GroupAction `json:"action"`
	Title  string      `json:"title,omitempty"`
	TimerS int         `json:"timer_s,omitempty"`
	DelayS int         `json:"delay_s,omitempty"`
	// Silent keeps the account from being told: it learns of the change only by an error.
	Silent bool `json:"silent,omitempty"`
}

// TopicAction is what to do with a topic.
type TopicAction string

// The topic actions.
const (
	CreateTopic TopicAction = "create"
	CloseTopic  TopicAction = "close"
	ReopenTopic TopicAction = "reopen"
	DeleteTopic TopicAction = "delete"
)

// TopicChange creates, closes, reopens or deletes a topic. The reply's chat is the topic's.
type TopicChange struct {
	// Chat is the group when a topic is created, else the topic.
	Chat   ChatID      `json:"chat"`
	Action TopicAction `json:"action"`
	Title  string      `json:"title,omitempty"`
	// User is who does it; empty means the group's owner.
	User UserID `json:"user,omitempty"`
	// Silent keeps the account from being told.
	Silent bool `json:"silent,omitempty"`
}

// MemberAction is a change of a membership.
type MemberAction string

// The member actions.
const (
	Join     MemberAction = "join"
	Leave    MemberAction = "leave"
	Kick     MemberAction = "kick" // removed by an admin; may not post any more
	Promote  MemberAction = "promote"
	Demote   MemberAction = "demote"
	Restrict MemberAction = "restrict" // muted: may read, may not post
	Unmute   MemberAction = "unmute"
	Block    MemberAction = "block" // a user blocks an account, in their private chat
	Unblock  MemberAction = "unblock"
	// Deactivate deletes User's account, where the network has that; the chat may be any of theirs.
	Deactivate MemberAction = "deactivate"
)

// MemberChange changes the membership of a user or of an account.
type MemberChange struct {
	Chat   ChatID       `json:"chat"`
	Action MemberAction `json:"action"`
	// User is whom it happens to; empty means Account. For block and unblock: who does it.
	User    UserID    `json:"user,omitempty"`
	Account AccountID `json:"account,omitempty"`
	Silent  bool      `json:"silent,omitempty"`
}

// Pair links a device to an account, as a human does with the account's phone: with the text of the QR code that the
// device shows, or with the code that it asks for. Exactly one of the two is set.
type Pair struct {
	Account AccountID `json:"account,omitempty"`
	QR      string    `json:"qr,omitempty"`
	Code    string    `json:"code,omitempty"`
}

// AccountInfo describes an account of ours.
type AccountInfo struct {
	Account AccountID `json:"account"`
	// User is the account's id as a user of the network.
	User UserID `json:"user"`
	Name string `json:"name"`
	// Phone is its number, where accounts have one.
	Phone string `json:"phone,omitempty"`
	// Config is what a bridge's config needs to be this account.
	Config map[string]string `json:"config,omitempty"`
}

// UserInfo describes a user.
type UserInfo struct {
	User     UserID `json:"user"`
	Name     string `json:"name"`
	Username string `json:"username,omitempty"`
}

// ChatInfo describes a chat; a topic is a chat of its own.
type ChatInfo struct {
	Chat    ChatID    `json:"chat"`
	Title   string    `json:"title"`
	Kind    GroupKind `json:"kind"`
	Parent  ChatID    `json:"parent,omitempty"`
	Members []UserID  `json:"members,omitempty"`
}

// Snapshot lists what there is in the world.
type Snapshot struct {
	Network  string        `json:"network"`
	Accounts []AccountInfo `json:"accounts"`
	Users    []UserInfo    `json:"users"`
	Chats    []ChatInfo    `json:"chats"`
	// Faults are the kinds of fault that this simulator knows.
	Faults []FaultKind `json:"faults"`
}
