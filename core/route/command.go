// SPDX-License-Identifier: Apache-2.0

package route

import (
	"strings"
	"unicode"

	"github.com/causeway-chat/causeway/core/chat"
)

// commandWord is what people type everywhere, after an exclamation mark.
const commandWord = "bridge"

// slashNetwork is where clients offer commands that begin with a slash, and privacy mode shows a bot nothing else.
const slashNetwork chat.Network = "telegram"

// command ends what was said to the bridge: it stays in its chat, whatever becomes of it. Only what a human has typed
// is run. To forward a command, or to edit a message into one, does nothing, and bots give none: two bridges that answer
// each other would never end.
func (s *step) command() (done bool, err error) {
	if s.typed == nil {
		return false, nil
	}
	if !s.typedByHuman() {
		return s.ignore(WhyNotTyped), nil
	}
	s.typed.By = s.by
	s.res.Command = s.typed
	return s.end(CommandTyped), nil
}

func (s *step) typedByHuman() bool {
	m, ok := s.ev.Body.(chat.MessageNew)
	kind := s.ev.Sender.Kind
	return ok && m.Content.Forward == nil && s.before == nil && kind != chat.SenderBot && kind != chat.SenderSystem
}

// parseCommand reads the command that the event brings; nil when it brings none.
func (s *step) parseCommand() *Command {
	c := Command{Chat: s.chat, Link: s.link, Sender: s.ev.Sender}
	var body string
	switch b := s.ev.Body.(type) {
	case chat.MessageNew:
		body, c.Message = b.Content.Text.Body, b.ID
	case chat.MessageEdit:
		body, c.Message = b.Content.Text.Body, b.ID
	}
	var ok bool
	if c.Bot, c.Words, ok = splitCommand(s.network, body); !ok {
		return nil
	}
	return &c
}

// splitCommand splits "!bridge WORDS", or on Telegram "/bridge WORDS" and "/bridge@BOT WORDS"; ok is false when the text is
// no command. Capitals do not matter, nor does what keyboards put before it.
func splitCommand(n chat.Network, body string) (bot string, words []string, ok bool) {
	body = strings.TrimLeftFunc(body, invisible)
	first, rest := body, ""
	if end := strings.IndexFunc(body, unicode.IsSpace); end >= 0 {
		first, rest = body[:end], body[end:]
	}
	word, typed := strings.CutPrefix(first, "!")
	if !typed && n == slashNetwork {
		word, typed = strings.CutPrefix(first, "/")
		word, bot, _ = strings.Cut(word, "@")
	}
	if !typed || !strings.EqualFold(word, commandWord) {
		return "", nil, false
	}
	return bot, strings.Fields(rest), true
}

// invisible reports whether a reader does not see the rune: white space, and marks of direction, which keyboards of
// right-to-left scripts add.
func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }
