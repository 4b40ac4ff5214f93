// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"cmp"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// signal-cli counts in UTF-16 code units, Causeway in code points.

// kindOf maps Signal's styles.
var kindOf = map[string]chat.SpanKind{
	"BOLD": chat.Bold, "ITALIC": chat.Italic, "STRIKETHROUGH": chat.Strike, "SPOILER": chat.Spoiler, "MONOSPACE": chat.Code,
}

// mentionsIn lists the mentions that can be written as such, in order.
func mentionsIn(t chat.Text) (out []chat.Span) {
	n := chat.CodePoints.Count(t.Body)
	for _, s := range t.Spans {
		if s.Kind == chat.Mention && isServiceID(string(s.User)) && s.Start >= 0 && s.End > s.Start && s.End <= n {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b chat.Span) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

// nameOf tells the name of a person, and empty for one that is not known.
type nameOf func(ServiceID) string

// unnamed stands for a person whose name is not known. Numbers are never shown.
const unnamed = "somebody"

// readText reads a text with its styles and mentions. Ranges that do not fit the text are left out; their text stays. The
// character that a mention covers becomes the person's name.
func readText(f fields, body string, name nameOf) chat.Text {
	t := chat.Text{Body: strings.ToValidUTF8(body, "\uFFFD")}
	points := chat.IndexUTF16(t.Body)
	for _, s := range f.objects("textStyles") {
		kind, known := kindOf[s.text("style")]
		start, end, fits := points.Range(s.number("start"), s.number("length"))
		if known && fits {
			t.Spans = append(t.Spans, chat.Span{Start: start, End: end, Kind: kind})
		}
	}
	var who []chat.Span
	for _, m := range f.objects("mentions") {
		start, end, fits := points.Range(m.number("start"), m.number("length"))
		if fits {
			who = append(who, chat.Span{Start: start, End: end, Kind: chat.Mention, User: chat.RemoteUser(m.text("uuid"))})
		}
	}
	return nameMentions(t, who, name)
}

// nameMentions puts names in the places of mentions and moves what stands behind them.
func nameMentions(t chat.Text, who []chat.Span, name nameOf) chat.Text {
	slices.SortStableFunc(who, func(a, b chat.Span) int { return cmp.Compare(a.Start, b.Start) })
	points := []rune(t.Body)
	at := make([]int, len(points)+1)
	var body []rune
	var mentions []chat.Span
	last := 0
	for _, m := range who {
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
		from := len(body)
		body = append(body, []rune("@"+cmp.Or(name(ServiceID(m.User)), unnamed))...)
		mentions = append(mentions, chat.Span{Start: from, End: len(body), Kind: chat.Mention, User: m.User})
		last = m.End
	}
	for i := last; i < len(points); i++ {
		at[i] = len(body)
		body = append(body, points[i])
	}
	at[len(points)] = len(body)
	return chat.Text{Body: string(body), Spans: append(moved(t.Spans, at), mentions...)}
}
