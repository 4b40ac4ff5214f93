// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"fmt"
	"maps"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// encode writes an act as a call of signal-cli
// (https://github.com/AsamK/signal-cli/blob/master/man/signal-cli.1.adoc); parameters are the options in camelCase.
func encode(a Act) (method string, params map[string]any) {
	switch a.Kind {
	case ActText, ActEdit:
		return "send", encodeText(a)
	case ActDelete:
		return encodeDelete(a)
	case ActReact:
		params = to(a.To)
		params["emoji"], params["targetAuthor"], params["targetTimestamp"] = a.Emoji, a.On.Author, a.On.SentAt
		if a.Remove {
			params["remove"] = true
		}
		return "sendReaction", params
	case ActPoll:
		return "sendPollCreate", encodePoll(a)
	case ActPollOver:
		params = to(a.To)
		params["pollTimestamp"] = a.On.SentAt
		return "sendPollTerminate", params
	case ActTyping:
		return "sendTyping", to(a.To)
	case ActRead:
		return "sendReceipt", map[string]any{"recipient": a.On.Author, "targetTimestamp": []uint64{a.On.SentAt}, "type": "read"}
	}
	return "", nil
}

// to names where an act goes.
func to(t Target) map[string]any {
	if t.Group != "" {
		return map[string]any{"groupId": t.Group}
	}
	return map[string]any{"recipient": t.Person}
}

// encodeDelete removes a message of our own, which On then names without an author, or as an admin one of somebody else.
func encodeDelete(a Act) (string, map[string]any) {
	params := to(a.To)
	params["targetTimestamp"] = a.On.SentAt
	if a.On.Author == "" {
		return "remoteDelete", params
	}
	params["targetAuthor"] = a.On.Author
	params["groupId"] = a.To.Group
	return "sendAdminDelete", params
}

func encodeText(a Act) map[string]any {
	params := to(a.To)
	body, styles, mentions := encodeSpans(a.Text)
	params["message"] = body
	some := map[string]any{}
	if len(styles) > 0 {
		some["textStyle"] = styles
	}
	if len(mentions) > 0 {
		some["mention"] = mentions
	}
	if len(a.Files) > 0 {
		some["attachment"] = a.Files
	}
	if a.VoiceNote {
		some["voiceNote"] = true
	}
	if a.Kind == ActEdit {
		some["editTimestamp"] = a.On.SentAt
	}
	if p := a.Preview; p != nil && p.Title != "" && strings.Contains(body, p.URL) { // signal-cli refuses any other
		some["previewUrl"], some["previewTitle"], some["previewDescription"] = p.URL, p.Title, p.Description
	}
	if a.Reply != nil {
		some["quoteTimestamp"], some["quoteAuthor"], some["quoteMessage"] = a.Reply.On.SentAt, a.Reply.On.Author, a.Reply.Text
	}
	maps.Copy(params, some)
	return params
}

func encodePoll(a Act) map[string]any {
	params := to(a.To)
	params["question"] = a.Poll.Question
	var options []string
	for _, o := range a.Poll.Options {
		options = append(options, o.Text)
	}
	params["option"] = options
	if !a.Poll.Multiple {
		params["noMulti"] = true
	}
	return params
}

// styleOf names the kinds of formatting that Signal has.
var styleOf = map[chat.SpanKind]string{
	chat.Bold: "BOLD", chat.Italic: "ITALIC", chat.Strike: "STRIKETHROUGH", chat.Spoiler: "SPOILER", chat.Code: "MONOSPACE",
}

// object stands in a text for the person whom a mention covers it with.
const object = '\uFFFC'

// encodeSpans writes a text for signal-cli: styles as "start:length:STYLE" and mentions as "start:length:ACI", counted in
// UTF-16 code units. A mention covers one character of its own, in place of the words that named the person.
func encodeSpans(t chat.Text) (body string, styles, mentions []string) {
	t, who := coverMentions(t)
	units := chat.UTF16Offsets(t.Body)
	for _, s := range t.Spans {
		style, known := styleOf[s.Kind]
		if !known || s.Start < 0 || s.End <= s.Start || s.End >= len(units) {
			continue
		}
		styles = append(styles, fmt.Sprintf("%d:%d:%s", units[s.Start], units[s.End]-units[s.Start], style))
	}
	for _, m := range who {
		mentions = append(mentions, fmt.Sprintf("%d:1:%s", units[m.Start], m.User))
	}
	return t.Body, styles, mentions
}

// coverMentions puts one character in the place of each mention of somebody who has a Signal account, and moves what
// stands behind it. Mentions that overlap an earlier one stay words.
func coverMentions(t chat.Text) (out chat.Text, who []chat.Span) {
	points := []rune(t.Body)
	at := make([]int, len(points)+1) // where each code point comes to stand
	var body []rune
	last := 0
	for _, m := range mentionsIn(t) {
		if m.Start < last {
			continue
		}
		for i := last; i < m.Start; i++ {
			at[i] = len(body)
			body = append(body, points[i])
		}
		for i := m.Start; i < m.End; i++ {
			at[i] = len(body)
		}
		who = append(who, chat.Span{Start: len(body), End: len(body) + 1, User: m.User})
		body = append(body, object)
		last = m.End
	}
	for i := last; i < len(points); i++ {
		at[i] = len(body)
		body = append(body, points[i])
	}
	at[len(points)] = len(body)
	return chat.Text{Body: string(body), Spans: moved(t.Spans, at)}, who
}

// moved counts the other spans by the new places. One that began inside a mention begins with it, or is gone with it.
func moved(spans []chat.Span, at []int) (out []chat.Span) {
	for _, s := range spans {
		if s.Kind == chat.Mention || s.Start < 0 || s.End <= s.Start || s.End >= len(at) {
			continue
		}
		s.Start, s.End = at[s.Start], at[s.End]
		if s.Start < s.End {
			out = append(out, s)
		}
	}
	return out
}
