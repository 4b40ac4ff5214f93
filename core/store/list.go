// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
)

// Account is an account with what waits for it.
type Account struct {
	Name    chat.Account
	Network chat.Network
	State   chat.State
	Epoch   uint64
	Hold    outbox.Hold
	Waiting int       // deliveries that have not ended
	Oldest  time.Time // when the oldest of them was planned; zero when there is none
}

// Accounts lists every account that was ever known, by name.
func (s *Store) Accounts(ctx context.Context) (accounts []Account, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(`SELECT a.name, a.network, a.state, a.code, a.sentence, a.action, a.since, a.epoch,
			a.hold_until, a.until_resumed, a.hold_code, a.hold_sentence, a.hold_action, a.fails, sum(w.n), min(w.oldest)
			FROM account a LEFT JOIN (SELECT c.account,
				(SELECT count(*) FROM delivery d WHERE d.chat = c.id AND d.ended_at IS NULL) AS n,
				(SELECT d.planned_at FROM delivery d WHERE d.chat = c.id AND d.ended_at IS NULL ORDER BY d.id LIMIT 1) AS oldest
				FROM chat c) w ON w.account = a.id GROUP BY a.id ORDER BY a.name`, func(r row) error {
			accounts = append(accounts, scanAccount(r))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return accounts, nil
}

func scanAccount(r row) Account {
	why := chat.Reason{Code: r.text(3), Sentence: r.text(4), Action: r.text(5)}
	return Account{Name: chat.Account(r.text(0)), Network: chat.Network(r.text(1)), Epoch: uint64(r.int(7)), Hold: scanHold(r, 8),
		State:   chat.State{State: chat.AccountState(r.text(2)), Why: why, Since: r.time(6)},
		Waiting: int(r.int(14)), Oldest: r.time(15)}
}

// ListedChat is a chat as the lists show it.
type ListedChat struct {
	room.Chat
	Room    string // the name of its room, or empty
	Link    room.Link
	Members int // 0: not known
	// Timer is after what time messages of the chat disappear; 0: they stay. Disappears says that copies there can.
	Timer      time.Duration
	Disappears bool
	Hold       outbox.Hold
	Waiting    int
}

const listChats = "SELECT " + chatColumns + `, r.name, c.members, h.hold_until, h.until_resumed, h.why_code, h.why_sentence, h.why_action, h.fails,
	(SELECT count(*) FROM delivery d WHERE d.chat = c.id AND d.ended_at IS NULL), c.timer,
	(SELECT json_extract(p.data, '$.disappears') FROM capabilities p WHERE p.hash = coalesce(nullif(c.capabilities, ''), a.capabilities))
	FROM chat c JOIN account a ON a.id = c.account LEFT JOIN link l ON l.chat = c.id LEFT JOIN room r ON r.id = l.room
	LEFT JOIN lane h ON h.chat = c.id `

func scanListed(r row) ListedChat {
	c := scanChat(r)
	return ListedChat{Chat: c.chat, Link: c.link, Room: r.text(22), Members: int(r.int(23)), Hold: scanHold(r, 24), Waiting: int(r.int(30)),
		Timer: time.Duration(r.int(31)) * time.Millisecond, Disappears: r.bool(32)}
}

// Chats lists the chats that an account sees, or with an empty account all, by title.
func (s *Store) Chats(ctx context.Context, a chat.Account) (chats []ListedChat, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(listChats+"WHERE ? IN ('', a.name) ORDER BY a.name, c.title, c.id", func(r row) error {
			chats = append(chats, scanListed(r))
			return nil
		}, a)
	})
	if err != nil {
		return nil, fmt.Errorf("list chats: %w", err)
	}
	return chats, nil
}

// FindChat finds a chat by its address; ErrUnknown when nobody has told of it.
func (s *Store) FindChat(ctx context.Context, at chat.Address) (found ListedChat, err error) {
	ok := false
	err = s.read(ctx, func(c *conn) error {
		ok, err = c.one(listChats+"WHERE a.name = ? AND c.remote_id = ?", func(r row) error { found = scanListed(r); return nil }, at.Account, at.Chat)
		return err
	})
	if err == nil && !ok {
		err = fmt.Errorf("chat %s is %w", at, ErrUnknown)
	}
	return found, err
}

// ListedRoom is a room as the lists show it.
type ListedRoom struct {
	room.Room
	Chats    []ListedChat
	Messages int64 // that were ever said in it
}

// Rooms lists every room with its chats, by name.
func (s *Store) Rooms(ctx context.Context) (rooms []ListedRoom, err error) {
	err = s.read(ctx, func(c *conn) error {
		rooms, err = readRooms(c, "")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list rooms: %w", err)
	}
	return rooms, nil
}

// Room finds a room with its chats by its name; ErrUnknown when there is none.
func (s *Store) Room(ctx context.Context, name string) (ListedRoom, error) {
	var rooms []ListedRoom
	err := s.read(ctx, func(c *conn) (err error) {
		rooms, err = readRooms(c, name)
		return err
	})
	if err == nil && len(rooms) == 0 {
		err = fmt.Errorf("room %q is %w", name, ErrUnknown)
	}
	if err != nil {
		return ListedRoom{}, err
	}
	return rooms[0], nil
}

// readRooms reads one room, or with an empty name all.
func readRooms(c *conn, name string) (rooms []ListedRoom, err error) {
	at := map[chat.RoomID]int{}
	err = c.query("SELECT id, name, title, from_config, language, next_seq FROM room WHERE ? IN ('', name) ORDER BY name", func(r row) error {
		rm := scanRoom(r)
		at[rm.ID] = len(rooms)
		rooms = append(rooms, ListedRoom{Room: rm, Messages: r.int(5) - 1})
		return nil
	}, name)
	if err != nil {
		return nil, err
	}
	err = c.query(listChats+"WHERE l.room IS NOT NULL AND ? IN ('', r.name) ORDER BY c.id", func(r row) error {
		ch := scanListed(r)
		if i, ok := at[ch.Link.Room]; ok {
			rooms[i].Chats = append(rooms[i].Chats, ch)
		}
		return nil
	}, name)
	return rooms, err
}

// Sizes are what the store takes on disk, in bytes, and whether the disk had no room at the last write.
type Sizes struct {
	Database, Log int64
	Full          bool
}

// Sizes looks at the files. It does not read the database.
func (s *Store) Sizes() Sizes {
	return Sizes{Database: fileSize(s.path()), Log: s.logSize(), Full: s.w != nil && s.w.full.Load()}
}

// Stats are figures about the store.
type Stats struct {
	Rooms, Chats, Messages, Bodies, Copies, Open, Identities int64
	DatabaseBytes, LogBytes                                  int64
	Schema                                                   int
	// Commits counts the group commits of this process.
	Commits int64
	// Queued is how many writes wait now.
	Queued int
	// Full says that the disk had no room at the last write.
	Full bool
}

// Stats counts. It reads indexes from one end to the other: once in a while is often enough.
func (s *Store) Stats(ctx context.Context) (st Stats, err error) {
	err = s.read(ctx, func(c *conn) error {
		for sql, to := range map[string]*int64{
			"SELECT count(*) FROM room": &st.Rooms, "SELECT count(*) FROM chat": &st.Chats, "SELECT count(*) FROM message": &st.Messages,
			"SELECT count(*) FROM message WHERE content IS NOT NULL": &st.Bodies, "SELECT count(*) FROM copy": &st.Copies,
			"SELECT count(*) FROM delivery WHERE ended_at IS NULL": &st.Open, "SELECT count(*) FROM identity": &st.Identities,
		} {
			if *to, err = c.number(sql); err != nil {
				return err
			}
		}
		n, err := c.number("PRAGMA user_version")
		st.Schema = int(n)
		return err
	})
	if err != nil {
		return Stats{}, fmt.Errorf("count: %w", err)
	}
	st.DatabaseBytes, st.LogBytes, st.Commits = fileSize(s.path()), s.logSize(), s.commits.Load()
	if s.w != nil {
		st.Queued, st.Full = len(s.w.queue), s.w.full.Load()
	}
	return st, nil
}
