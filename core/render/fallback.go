// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
)

// quoteMark begins each line of a quotation where the network has none of its own.
const quoteMark = "> "

// marked is the span of a quotation with marks. No network has it: it ends where posts are cut, with the marks.
const marked chat.SpanKind = "marked"

// marks are what people type where there is no formatting.
var marks = map[chat.SpanKind]string{chat.Bold: "*", chat.Italic: "_", chat.Underline: "_", chat.Strike: "~", chat.Code: "`"}

// instead names a kind that says nearly the same as another one.
var instead = map[chat.SpanKind]chat.SpanKind{chat.Underline: chat.Italic, chat.Pre: chat.Code}

// adapter makes a text fit for a network: spans that it has stay, the others become what their level says.
type adapter struct {
	in    Input
	body  string
	bytes []int // where each code point of body begins, and its end
	rtl   bool
	kept  []chat.Span
	ins   []insertion
}

// adapt expects a clean text.
func adapt(t chat.Text, in Input) chat.Text {
	if len(t.Spans) == 0 {
		return t
	}
	a := adapter{in: in, body: t.Body, bytes: offsets(t.Body), rtl: rtl(t.Body)}
	for nest, s := range t.Spans {
		a.take(s, nest)
	}
	return insert(chat.Text{Body: t.Body, Spans: a.kept}, a.ins)
}

func offsets(body string) []int {
	at := make([]int, 0, utf8.RuneCountInString(body)+1)
	for i := range body {
		at = append(at, i)
	}
	return append(at, len(body))
}

func (a *adapter) take(s chat.Span, nest int) {
	level := a.in.Caps.Span(s.Kind)
	switch {
	case s.Kind == chat.Mention:
		a.mention(s, level)
	case s.Kind == chat.Link && s.Value == "":
	case level.Native():
		a.kept = append(a.kept, s)
	case s.Kind == chat.Link:
		a.link(s, nest)
	case s.Kind == chat.Spoiler: // a warning is more than a look
		a.around(s, nest, "["+a.in.say().spoiler+": ", "]")
	case level == chat.Fallback:
		a.lesser(s, nest)
	}
}

// mention keeps a mention of somebody who is known on the target network. Of others the covered text stays.
func (a *adapter) mention(s chat.Span, level chat.Level) {
	user, known := a.in.Mentions[s.User]
	if !known || s.User == "" || user == "" || !level.Native() {
		return
	}
	s.User = user
	a.kept = append(a.kept, s)
}

// link writes the address behind a text, unless the text is the address.
func (a *adapter) link(s chat.Span, nest int) {
	url := oneLine(s.Value)
	if bareURL(a.covered(s)) == bareURL(url) {
		return
	}
	address := "(" + url + ")"
	if a.rtl { // an address reads from left to right in every sentence
		address = string(lri) + address + string(pdi)
	}
	a.around(s, nest, "", " "+address)
}

func (a *adapter) covered(s chat.Span) string { return a.body[a.bytes[s.Start]:a.bytes[s.End]] }

// lesser shows a kind by another one that the network has, or by what people type.
func (a *adapter) lesser(s chat.Span, nest int) {
	if k, ok := instead[s.Kind]; ok && a.in.Caps.Span(k).Native() {
		s.Kind, s.Value = k, ""
		a.kept = append(a.kept, s)
		return
	}
	mark := marks[s.Kind]
	switch {
	case s.Kind == chat.Quote:
		a.quote(s, nest)
	case mark != "" && !strings.Contains(a.covered(s), mark):
		a.around(s, nest, mark, mark)
	}
}

// around writes words before and after what a span covers.
func (a *adapter) around(s chat.Span, nest int, before, after string) {
	if before != "" {
		a.ins = append(a.ins, insertion{at: s.Start, nest: nest, words: before})
	}
	a.ins = append(a.ins, insertion{at: s.End, after: true, nest: nest, words: after})
}

// quote marks each line of a quotation, and gives it lines of its own.
func (a *adapter) quote(s chat.Span, nest int) {
	a.kept = append(a.kept, chat.Span{Start: s.Start, End: s.End, Kind: marked})
	before, after := a.body[:a.bytes[s.Start]], a.body[a.bytes[s.End]:]
	mark := quoteMark
	if before != "" && !strings.HasSuffix(before, "\n") {
		mark = "\n" + mark
	}
	a.ins = append(a.ins, insertion{at: s.Start, nest: nest, words: mark})
	at := s.Start
	for _, r := range a.covered(s) {
		if at++; r == '\n' && at < s.End {
			a.ins = append(a.ins, insertion{at: at, nest: nest, words: quoteMark})
		}
	}
	if after != "" && !strings.HasPrefix(after, "\n") && !strings.HasSuffix(a.covered(s), "\n") {
		a.ins = append(a.ins, insertion{at: s.End, after: true, nest: nest, words: "\n"})
	}
}
