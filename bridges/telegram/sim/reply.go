// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"strings"
)

// replyArg is what a call answers.
type replyArg struct {
	chat    string
	message int64
	lenient bool // allow_sending_without_reply
	quote   quoteArg
}

// quoteArg is the piece of the target that a reply quotes; position is a hint.
type quoteArg struct {
	text     string
	ents     []entity
	position int
}

func parseReply(c *call) (replyArg, *refusal) {
	if !c.args.has("reply_parameters") {
		return replyArg{message: leadingInt(c.args.get("reply_to_message_id")), lenient: c.args.flag("allow_sending_without_reply")}, nil
	}
	raw := c.args.get("reply_parameters")
	if raw == "" {
		return replyArg{}, nil
	}
	if !json.Valid([]byte(raw)) {
		return replyArg{}, wrong("can't parse reply parameters JSON object")
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &fields) != nil || fields == nil {
		return replyArg{}, wrong("object expected as reply parameters")
	}
	if len(fields) == 0 {
		return replyArg{}, nil
	}
	return readReply(fields)
}

func readReply(fields map[string]json.RawMessage) (replyArg, *refusal) {
	if _, ok := fields["message_id"]; !ok {
		return replyArg{}, wrong("can't find field \"message_id\"")
	}
	var in struct {
		chat, quote, mode string
		message, position int64
		lenient           bool
	}
	for _, f := range []struct {
		name string
		ok   bool
	}{
		{"chat_id", stringField(fields["chat_id"], &in.chat)},
		{"message_id", intField(fields["message_id"], &in.message)},
		{"allow_sending_without_reply", boolField(fields["allow_sending_without_reply"], &in.lenient)},
		{"quote", stringField(fields["quote"], &in.quote)},
		{"quote_parse_mode", stringField(fields["quote_parse_mode"], &in.mode)},
		{"quote_position", intField(fields["quote_position"], &in.position)},
	} {
		if !f.ok {
			return replyArg{}, wrong("field \"%s\" must be of another type", f.name)
		}
	}
	out := replyArg{chat: in.chat, message: max(in.message, 0), lenient: in.lenient}
	quote, ents, ref := in.quote, []entity(nil), (*refusal)(nil)
	if in.mode != "" {
		quote, ents, ref = parseMarkup(in.quote, in.mode)
	} else {
		ents, ref = parseEntities(string(fields["quote_entities"]))
	}
	out.quote = quoteArg{text: quote, ents: ents, position: int(in.position)}
	return out, ref
}

// stringField, intField and boolField read a field as the server does: numbers may stand in strings and the other way
// round, and what is absent changes nothing.
func stringField(raw json.RawMessage, to *string) bool {
	if raw == nil || json.Unmarshal(raw, to) == nil {
		return true
	}
	var n json.Number
	if json.Unmarshal(raw, &n) != nil {
		return false
	}
	*to = n.String()
	return true
}

func intField(raw json.RawMessage, to *int64) bool {
	if raw == nil || json.Unmarshal(raw, to) == nil {
		return true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return false
	}
	*to = leadingInt(s)
	return true
}

func boolField(raw json.RawMessage, to *bool) bool {
	return raw == nil || json.Unmarshal(raw, to) == nil
}

// target finds the message that is answered.
func (s *Server) target(m *message, c *call, reply replyArg) *refusal {
	if reply.message <= 0 {
		return nil
	}
	in := m.chat
	if reply.chat != "" && reply.chat != c.args.get("chat_id") {
		if in = s.resolveChat(c.bot, reply.chat); in == nil {
			return errNoChat
		}
	}
	target := in.log.live(reply.message)
	switch {
	case target == nil && !reply.lenient:
		return bad("message to be replied not found")
	case target != nil && in == m.chat:
		m.replyTo = target
	}
	return nil
}

// quoteOf finds the quoted piece in the target, near its position, or nil when it is no exact piece of it.
func quoteOf(target *message, quote quoteArg) *apiQuote {
	piece, ents, ref := fixText(quote.text, quote.ents)
	if ref != nil || piece == "" || len(piece) > len(target.text) {
		return nil
	}
	at := strings.Index(target.text, piece)
	if hint := byteOffset(target.text, quote.position); hint >= 0 && strings.HasPrefix(target.text[hint:], piece) {
		at = hint
	}
	if at < 0 {
		return nil
	}
	return &apiQuote{Text: piece, Entities: formatting(ents), Position: units(target.text[:at]), IsManual: true}
}

// formatting leaves out what the server finds by itself.
func formatting(ents []entity) []entity {
	var out []entity
	for _, e := range ents {
		if !typeIgnored[e.Type] {
			out = append(out, e)
		}
	}
	return out
}

// byteOffset is where a UTF-16 offset stands in the text, or -1 when it is outside or inside a symbol.
func byteOffset(text string, unit int) int {
	n := 0
	for i, r := range text {
		if n == unit {
			return i
		}
		n += unitsOf(r)
	}
	if n == unit {
		return len(text)
	}
	return -1
}
