// SPDX-License-Identifier: Apache-2.0

// Package lab is an in-process network for core's tests. It stands behind the same interface as a bridge process, with
// the manners of three real networks: who makes message ids, what a repeated key does, what a reply needs, in what
// unit text is limited, what an edit does to the id. It strikes with faults from a seeded plan, records what its
// simulated people see, and notes every call that a real network would call malformed.
package lab

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Profile is the manners of one network.
type Profile struct {
	Name chat.Network
	Caps chat.Capabilities
	// IDFromKey: the id of a message is made from the post's key, and a repeated key is dropped.
	IDFromKey bool
	// AsksAgain: some receivers ask for the body after sending; the bridge must still have it until KeepUntil.
	AsksAgain bool
	// LateAnswers: an answer that was lost may settle later.
	LateAnswers bool
	// Loses: one of so many posted messages is lost by the network before we could read it; 0 for none.
	Loses int
}

// Telegram has no key and no look-up; an edit keeps the id.
func Telegram() Profile {
	return Profile{Name: "telegram", Caps: capabilities("telegram", chat.TextLimit{Max: 4096, Unit: chat.UTF16}, func(c *chat.Capabilities) {
		c.Reply.Quote = true
		c.Repeat = chat.RepeatDoubles
	})}
}

// WhatsApp lets senders choose ids and drops a repeated one; a reply needs author and excerpt.
func WhatsApp() Profile {
	return Profile{Name: "whatsapp", IDFromKey: true, AsksAgain: true, Caps: capabilities("whatsapp", chat.TextLimit{Max: 65536, Unit: chat.CodePoints}, func(c *chat.Capabilities) {
		c.Reply.NeedsAuthor, c.Reply.NeedsExcerpt = true, true
		c.Edit.Window = chat.Duration(15 * time.Minute)
		c.Repeat = chat.RepeatDropped
	})}
}

// Signal limits text in bytes, mints an id for each edit, settles some answers late and loses some messages itself.
func Signal() Profile {
	return Profile{Name: "signal", LateAnswers: true, Loses: 25, Caps: capabilities("signal", chat.TextLimit{Max: 2000, Unit: chat.Bytes}, func(c *chat.Capabilities) {
		c.Reply.NeedsAuthor, c.Reply.NeedsExcerpt = true, true
		c.Edit = chat.EditSupport{Level: chat.Full, Window: chat.Duration(24 * time.Hour), Times: 10, MintsID: true}
		c.Repeat = chat.RepeatDoubles
		c.LateAnswers = true
	})}
}

// Profiles lists all three.
func Profiles() []Profile { return []Profile{Telegram(), WhatsApp(), Signal()} }

func capabilities(n chat.Network, text chat.TextLimit, change func(*chat.Capabilities)) chat.Capabilities {
	c := chat.Capabilities{
		Network: n, Text: text, Caption: text,
		Spans:  map[chat.SpanKind]chat.Level{},
		Reply:  chat.ReplySupport{Level: chat.Full},
		Edit:   chat.EditSupport{Level: chat.Full},
		Delete: chat.EditSupport{Level: chat.Full},
		React:  chat.ReactSupport{Level: chat.Full, Max: 1},
	}
	for _, k := range chat.SpanKinds() {
		c.Spans[k] = chat.Full
	}
	change(&c)
	return c
}
