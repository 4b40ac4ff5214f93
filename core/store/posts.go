// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

const postColumns = "delivery, id, chat, message, part, revision, key, remote, frozen, state, attempts, deaths, epoch, sent_at, outcome"

func scanPost(r row) (p outbox.Post, err error) {
	if p.Frozen, err = decodePost(r.text(8)); err != nil {
		return p, err
	}
	p.Outcome, err = decodeOutcome(r.text(14))
	p.Delivery, p.ID, p.Lane, p.Message = chat.DeliveryID(r.int(0)), chat.PostID(r.int(1)), chat.ChatID(r.int(2)), chat.MessageID(r.int(3))
	p.Part, p.Revision = int(r.int(4)), int(r.int(5))
	p.State, p.Attempts, p.Deaths = outbox.PostState(r.text(9)), int(r.int(10)), int(r.int(11))
	p.Epoch, p.SentAt = uint64(r.int(12)), r.time(13)
	p.Frozen.ID, p.Frozen.Key, p.Frozen.Chat, p.Frozen.Attempt = p.ID, chat.PostKey(r.text(6)), chat.RemoteChat(r.text(7)), p.Attempts
	return p, err
}

// OpenPosts implements outbox.Posts.
func (t *Tx) OpenPosts(d chat.DeliveryID) (posts []outbox.Post, err error) {
	err = t.c.query("SELECT "+postColumns+" FROM post WHERE delivery = ?", func(r row) error {
		p, err := scanPost(r)
		posts = append(posts, p)
		return err
	}, d)
	slices.SortStableFunc(posts, func(a, b outbox.Post) int { return a.Part - b.Part })
	return posts, err
}

// PostByKey implements outbox.Posts.
func (t *Tx) PostByKey(key chat.PostKey) (p outbox.Post, ok bool, err error) {
	ok, err = t.c.one("SELECT "+postColumns+" FROM post WHERE key = ?", func(r row) (err error) {
		p, err = scanPost(r)
		return err
	}, key)
	return p, ok, err
}

// Freeze implements outbox.Posts.
func (t *Tx) Freeze(lane chat.ChatID, d chat.DeliveryID, posts []outbox.Post) error {
	for i := range posts {
		p := &posts[i]
		id, err := t.id()
		if err != nil {
			return err
		}
		p.ID, p.Frozen.ID, p.Lane, p.Delivery = chat.PostID(id), chat.PostID(id), lane, d
		if p.State == "" {
			p.State = outbox.PostReady
		}
		if err := t.addPost(*p); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) addPost(p outbox.Post) error {
	frozen, err := encodePost(p.Frozen)
	if err != nil {
		return err
	}
	outcome, err := encodeOutcome(p.Outcome)
	if err != nil {
		return err
	}
	_, err = t.c.exec("INSERT INTO post ("+postColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		p.Delivery, p.ID, p.Lane, p.Message, p.Part, p.Revision, p.Frozen.Key, p.Frozen.Chat, frozen, p.State, p.Attempts, p.Deaths,
		p.Epoch, p.SentAt, outcome)
	return err
}

// SavePost implements outbox.Posts. A post that has ended is forgotten, with its content: its copies and its delivery
// tell what became of it.
func (t *Tx) SavePost(p outbox.Post) error {
	switch p.State {
	case outbox.PostDelivered, outbox.PostRefused, outbox.PostDiscarded:
		_, err := t.c.exec("DELETE FROM post WHERE delivery = ? AND id = ?", p.Delivery, p.ID)
		return err
	}
	outcome, err := encodeOutcome(p.Outcome)
	if err != nil {
		return err
	}
	_, err = t.c.exec("UPDATE post SET key = ?, remote = ?, state = ?, attempts = ?, deaths = ?, epoch = ?, sent_at = ?, outcome = ? WHERE delivery = ? AND id = ?",
		p.Frozen.Key, p.Frozen.Chat, p.State, p.Attempts, p.Deaths, p.Epoch, p.SentAt, outcome, p.Delivery, p.ID)
	return err
}

// Thaw implements outbox.Posts.
func (t *Tx) Thaw(d chat.DeliveryID) error {
	_, err := t.c.exec("DELETE FROM post WHERE delivery = ?", d)
	return err
}
