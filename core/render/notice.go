// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// notice says what happened in the chat. Nobody wrote it, so nobody's name stands above.
func (in Input) notice() Part {
	return Part{Text: in.words(in.news(), chat.Italic), Reply: in.target(), NoPreview: true}
}

// news is what a notice says.
func (in Input) news() string {
	n, say := in.Content.Notice, in.say()
	switch {
	case n.Outage != nil && n.Kind == chat.NoticeGap:
		return in.gap(*n.Outage)
	case n.Outage != nil:
		return in.outage(*n.Outage)
	}
	format, known := say.notices[n.Kind]
	if !known {
		format = say.noticeUnknown
	}
	if f, ok := say.several[n.Kind]; ok {
		format = say.counted(f, max(n.Count, len(n.Who), 1))
	}
	value := isolate(shorten(oneLine(n.Value), maxQuoted))
	return strings.TrimSpace(strings.NewReplacer("{who}", in.who(*n), "{value}", value).Replace(format))
}

// How many names a notice holds, and of how many people it names none: a few out of a crowd say nothing of who they are,
// and would carry whatever somebody calls themselves to every network.
const (
	maxWho = 5
	aCrowd = 50
)

// who lists names: "Ada, Bo and 3 more". Of a crowd it is the number.
func (in Input) who(n chat.Notice) string {
	say, shown := in.say(), []string(nil)
	count := max(n.Count, len(n.Who))
	if count >= aCrowd {
		return say.counted(say.people, count)
	}
	for _, name := range n.Who[:min(len(n.Who), maxWho)] {
		shown = append(shown, in.beside(in.cleanName(name)))
	}
	switch more := count - len(shown); {
	case count == 0, count == 1 && len(shown) == 0:
		return say.somebody
	case len(shown) == 0:
		return say.counted(say.people, count)
	case more > 0:
		return strings.Replace(say.counted(say.andMore, more), "{names}", strings.Join(shown, say.comma), 1)
	case len(shown) == 1:
		return shown[0]
	}
	last := len(shown) - 1
	return fmt.Sprintf(say.and, strings.Join(shown[:last], say.comma), shown[last])
}
