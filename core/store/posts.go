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
	if n, ok := t.fresh().posts[d]; ok && n == 0 {
		return nil, nil
	}
	err = t.c.query("SELECT "+postColumns+" FROM post WHERE delivery = ?", func(r row) error {
		p, err := scanPost(r)
		posts = append(posts, p)
		return err
	}, d)
	slices.SortStableFunc(posts, func(a, b outbox.Post) int { return a.Part - b.Part })
	for i := range posts {
		if err == nil {
			err = t.readItems(&posts[i])
		}
	}
	return posts, err
}

// byKey finds posts in doubt by their index, then the others, which are few: one a lane in motion.
var byKey = [...]string{
	"SELECT " + postColumns + " FROM post WHERE key = ? AND state = 'uncertain'",
	"SELECT " + postColumns + " FROM post WHERE key = ? AND state <> 'uncertain'",
}

// PostByKey implements outbox.Posts.
func (t *Tx) PostByKey(key chat.PostKey) (p outbox.Post, ok bool, err error) {
	for _, sql := range byKey {
		ok, err = t.c.one(sql, func(r row) (err error) {
			p, err = scanPost(r)
			return err
		}, key)
		if err != nil || ok {
			break
		}
	}
	if err == nil && ok {
		err = t.readItems(&p)
	}
	return p, ok, err
}

// readItems reads the items of a post.
func (t *Tx) readItems(p *outbox.Post) error {
	return t.c.query("SELECT delivery, message, part, revision, form FROM post_member WHERE post = ? ORDER BY at", func(r row) error {
		p.Items = append(p.Items, outbox.Item{Delivery: chat.DeliveryID(r.int(0)), Message: chat.MessageID(r.int(1)), Part: int(r.int(2)),
			Revision: int(r.int(3)), Form: r.text(4)})
		return nil
	}, p.ID)
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
		if err := t.addItems(*p); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) addItems(p outbox.Post) error {
	for at, it := range p.Items {
		_, err := t.c.exec("INSERT INTO post_member (post, delivery, part, at, message, revision, form) VALUES (?, ?, ?, ?, ?, ?, ?)",
			p.ID, it.Delivery, it.Part, at, it.Message, it.Revision, it.Form)
		if err != nil {
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
	_, err = t.c.execKept("INSERT INTO post ("+postColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		p.Delivery, p.ID, p.Lane, p.Message, p.Part, p.Revision, p.Frozen.Key, p.Frozen.Chat, frozen, p.State, p.Attempts, p.Deaths,
		p.Epoch, p.SentAt, outcome)
	if err == nil {
		t.countPosts(p.Delivery, 1)
	}
	return err
}

// SavePost implements outbox.Posts. A post that has ended is forgotten, with its content: its copies and its delivery
// tell what became of it.
func (t *Tx) SavePost(p outbox.Post) error {
	switch p.State {
	case outbox.PostDelivered, outbox.PostRefused, outbox.PostDiscarded:
		n, err := t.c.execKept("DELETE FROM post WHERE delivery = ? AND id = ?", p.Delivery, p.ID)
		if err == nil {
			t.countPosts(p.Delivery, -int(n))
		}
		if err == nil && len(p.Items) > 0 {
			err = t.forgetItems(p, n == 0)
		}
		return err
	}
	outcome, err := encodeOutcome(p.Outcome)
	if err != nil {
		return err
	}
	_, err = t.c.execKept("UPDATE post SET key = ?, remote = ?, state = ?, attempts = ?, deaths = ?, epoch = ?, sent_at = ?, outcome = ? WHERE delivery = ? AND id = ?",
		p.Frozen.Key, p.Frozen.Chat, p.State, p.Attempts, p.Deaths, p.Epoch, p.SentAt, outcome, p.Delivery, p.ID)
	return err
}

// forgetItems forgets the items of a post that has ended, and the post itself where another delivery has got it meanwhile.
func (t *Tx) forgetItems(p outbox.Post, elsewhere bool) error {
	if elsewhere {
		if _, err := t.c.exec("DELETE FROM post WHERE id = ?1 AND delivery IN (SELECT delivery FROM post_member WHERE post = ?1)", p.ID); err != nil {
			return err
		}
	}
	_, err := t.c.exec("DELETE FROM post_member WHERE post = ?", p.ID)
	return err
}

// Thaw implements outbox.Posts.
func (t *Tx) Thaw(d chat.DeliveryID) error {
	var posts []int64
	err := t.c.query("SELECT DISTINCT post FROM post_member WHERE delivery = ?1 AND post IN (SELECT id FROM post WHERE delivery = ?1)",
		func(r row) error { posts = append(posts, r.int(0)); return nil }, d)
	if err != nil {
		return err
	}
	for _, id := range posts {
		if err := t.release(id, d); err != nil {
			return err
		}
	}
	n, err := t.c.execKept("DELETE FROM post WHERE delivery = ?", d)
	if err == nil {
		t.countPosts(d, -int(n))
	}
	return err
}

// release lets the deliveries that a post carries beside its own wait again.
func (t *Tx) release(post int64, own chat.DeliveryID) error {
	_, err := t.c.exec(`UPDATE delivery SET state = 'waiting', why_code = '', why_sentence = '', why_action = ''
		WHERE ended_at IS NULL AND id IN (SELECT delivery FROM post_member WHERE post = ? AND delivery <> ?)`, post, own)
	if err != nil {
		return err
	}
	_, err = t.c.exec("DELETE FROM post_member WHERE post = ?", post)
	return err
}
