// SPDX-License-Identifier: Apache-2.0

package signal

import "github.com/causeway-chat/causeway/core/chat"

// dataKinds are the fields that make a data message something else than words.
var dataKinds = []struct {
	field string
	read  func(*converter, notice, fields) verdict
}{
	{"reaction", (*converter).reaction},
	{"remoteDelete", (*converter).remoteDelete},
	{"adminDelete", (*converter).adminDelete},
	{"pollVote", (*converter).vote},
	{"pollTerminate", (*converter).pollOver},
	{"pinMessage", (*converter).pin},
	{"unpinMessage", (*converter).unpin},
}

// target reads whom and what a field is about.
func target(f fields, whose string) chat.RemoteMessage {
	return MessageRef{Author: author(f, whose), SentAt: f.stamp("targetSentTimestamp")}.remote()
}

func (c *converter) reaction(n notice, f fields) verdict {
	id := target(f, "targetAuthor")
	if id == "" || f.text("emoji") == "" && !f.flag("isRemove") {
		return c.unknown(n, "reaction")
	}
	r := chat.Reaction{ID: id}
	if !f.flag("isRemove") {
		r.Emoji = []string{f.text("emoji")}
	}
	return c.says(n, "reaction", r)
}

func (c *converter) remoteDelete(n notice, f fields) verdict {
	id := MessageRef{Author: ServiceID(n.sender.User), SentAt: f.stamp("timestamp")}.remote()
	if id == "" {
		return c.unknown(n, "remoteDelete")
	}
	return c.says(n, "delete", chat.MessageDelete{ID: id})
}

func (c *converter) adminDelete(n notice, f fields) verdict {
	id := target(f, "targetAuthor")
	switch {
	case id == "":
		return c.unknown(n, "adminDelete")
	case n.where.Group == "" || !c.admin(n.where.Group, ServiceID(n.sender.User)):
		return ignore("a deletion by somebody who is no admin")
	}
	return c.says(n, "delete", chat.MessageDelete{ID: id})
}

func (c *converter) vote(n notice, f fields) verdict {
	id := target(f, "author")
	if id == "" {
		return c.unknown(n, "pollVote")
	}
	return c.says(n, "vote", chat.Vote{ID: id, Options: read[[]int](f, "optionIndexes")})
}

// pollOver: only its author ends a poll.
func (c *converter) pollOver(n notice, f fields) verdict {
	id := MessageRef{Author: ServiceID(n.sender.User), SentAt: f.stamp("targetSentTimestamp")}.remote()
	if id == "" {
		return c.unknown(n, "pollTerminate")
	}
	return c.says(n, "poll_over", chat.PollState{ID: id, Closed: true})
}

func (c *converter) pin(n notice, f fields) verdict {
	return c.says(n, "pin", chat.Change{Kind: chat.NoticePinned, ID: target(f, "targetAuthor")})
}

func (c *converter) unpin(n notice, f fields) verdict {
	return c.says(n, "unpin", chat.Change{Kind: chat.NoticeUnpinned, ID: target(f, "targetAuthor")})
}
