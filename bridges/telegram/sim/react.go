// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// allEmoji are the reactions that Telegram has, without variation selectors.
var allEmoji = reactionSet("❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 " +
	"🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡")

func reactionSet(list string) map[string]bool {
	out := map[string]bool{}
	for _, e := range strings.Fields(list) {
		out[e] = true
	}
	return out
}

// plainEmoji drops the variation selectors, which the server ignores.
func plainEmoji(e string) string { return strings.ReplaceAll(e, "\ufe0f", "") }

func (c *chat) takes(emoji string) bool {
	return allEmoji[emoji] && (c.available == nil || slices.Contains(c.available, emoji))
}

func reactionTypes(emoji []string) []apiReactionType {
	out := make([]apiReactionType, 0, len(emoji))
	for _, e := range emoji {
		out = append(out, apiReactionType{Type: "emoji", Emoji: e})
	}
	return out
}

func (s *Server) setMessageReaction(c *call) (any, *refusal) {
	emoji, ref := parseReactions(c.args.get("reaction"))
	if ref != nil {
		return nil, ref
	}
	m, ref := s.messageFor(c, toRead, "message to react")
	if ref != nil {
		return nil, ref
	}
	if len(emoji) > 1 {
		return nil, wrong("REACTIONS_TOO_MANY")
	}
	for _, e := range emoji {
		if !allEmoji[e] {
			return nil, wrong("REACTION_INVALID")
		}
		if !m.chat.takes(e) {
			return nil, bad("REACTION_INVALID")
		}
	}
	c.rec.Message = messageID(m.id)
	m.react(c.bot.user, c.bot, emoji)
	return true, nil
}

// parseReactions reads an array of ReactionType. A custom emoji becomes an empty string, which no chat takes.
func parseReactions(raw string) ([]string, *refusal) {
	if raw == "" {
		return nil, nil
	}
	if !json.Valid([]byte(raw)) {
		return nil, wrong("can't parse reaction types JSON object")
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(raw), &list) != nil || list == nil {
		return nil, wrong("expected an Array of ReactionType")
	}
	var out []string
	for _, item := range list {
		emoji, why := parseReaction(item)
		if why != "" {
			return nil, wrong("can't parse ReactionType: %s", why)
		}
		out = append(out, emoji)
	}
	return out, nil
}

func parseReaction(raw json.RawMessage) (emoji, why string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return "", "expected an Object"
	}
	var kind string
	switch {
	case fields["type"] == nil:
		return "", `can't find field "type"`
	case !stringField(fields["type"], &kind):
		return "", `field "type" must be of type String`
	case kind == "custom_emoji" && fields["custom_emoji_id"] != nil:
		return "", ""
	case kind != "emoji":
		return "", "invalid reaction type specified"
	case fields["emoji"] == nil:
		return "", `can't find field "emoji"`
	case !stringField(fields["emoji"], &emoji):
		return "", `field "emoji" must be of type String`
	}
	return plainEmoji(emoji), ""
}

// react replaces what a user has on the message and returns what it was.
func (m *message) react(u *user, account *bot, emoji []string) (old []string) {
	at := slices.IndexFunc(m.reactions, func(r reaction) bool { return r.user == u })
	switch {
	case at >= 0 && len(emoji) == 0:
		old = m.reactions[at].emoji
		m.reactions = slices.Delete(m.reactions, at, at+1)
	case at >= 0:
		old = m.reactions[at].emoji
		m.reactions[at].emoji = emoji
	case len(emoji) > 0:
		m.reactions = append(m.reactions, reaction{u, account, emoji})
	}
	m.chat.log.Touch(m)
	return old
}

// userReact is a user's reaction. Only admins among the bots are told, if they asked; in channels they are
// told of numbers alone.
func (s *Server) userReact(_ context.Context, in control.React) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.controlMessage(in.Chat, in.Message)
	if err != nil {
		return err
	}
	u, err := s.userOf(in.User)
	if err != nil {
		return err
	}
	if !inside(m.chat.members[u.id]) {
		return control.Because(control.ErrRefused, "user %s is not in chat %s", in.User, in.Chat)
	}
	emoji := make([]string, len(in.Emoji))
	for i, e := range in.Emoji {
		if emoji[i] = plainEmoji(e); !m.chat.takes(emoji[i]) {
			return control.Because(control.ErrRefused, "REACTION_INVALID: %q", e)
		}
	}
	old := m.react(u, nil, emoji)
	if !slices.Equal(old, emoji) {
		s.tellReaction(m, u, old, emoji)
	}
	return nil
}

func (s *Server) tellReaction(m *message, u *user, old, now []string) {
	kind, object := "message_reaction", any(nil)
	if m.chat.kind == kindChannel {
		kind, object = "message_reaction_count", m.reactionCount(s.now().Unix())
	} else {
		from := u.api()
		object = apiReaction{
			Chat: m.chat.api(), MessageID: m.id, User: &from, Date: s.now().Unix(),
			OldReaction: reactionTypes(old), NewReaction: reactionTypes(now),
		}
	}
	raw := encodeUpdate(kind, object)
	for _, b := range s.botList {
		if isAdmin(m.chat.members[b.user.id]) || m.chat.private != nil && m.chat.bot == b {
			s.push(b, kind, &update{raw: raw}, m.chat, m.thread)
		}
	}
}

func (m *message) reactionCount(date int64) apiReactionCount {
	counts := map[string]int{}
	var order []string
	for _, r := range m.reactions {
		for _, e := range r.emoji {
			if counts[e]++; counts[e] == 1 {
				order = append(order, e)
			}
		}
	}
	out := apiReactionCount{Chat: m.chat.api(), MessageID: m.id, Date: date, Reactions: []apiEmojiCount{}}
	for _, e := range order {
		out.Reactions = append(out.Reactions, apiEmojiCount{apiReactionType{Type: "emoji", Emoji: e}, counts[e]})
	}
	return out
}
