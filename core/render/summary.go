// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxLast is how many of the last messages a summary shows in full.
const maxLast = 20

// Summary stands for many messages at once: how many, from whom, from when to when, and the last of them in full, as many
// as have room. The others are in the file that Transcript writes. There is at least one message.
func Summary(ins []Input) Part {
	head := ins[0].words(ins[0].summary(ins), chat.Italic)
	limit := ins[0].Caps.Text
	shown := slices.Clone(ins[max(0, len(ins)-maxLast):])
	for i := range shown {
		shown[i].Inner = true
	}
	for last := shown; len(last) > 0; last = last[1:] {
		p, n := Merged(last)
		s := sheet{caps: ins[0].Caps}
		s.add(head)
		s.write("\n\n")
		s.add(p.Text)
		if text := s.text(); n == len(last) && limit.Fits(text.Body) {
			return Part{Text: text, NoPreview: true}
		}
	}
	return Part{Text: split(head, limit, 0)[0], NoPreview: true}
}

// summary says how many messages there are, from whom, and when they were written.
func (in Input) summary(ins []Input) string {
	say, count := in.say(), map[string]int{}
	for _, o := range ins {
		count[o.Name]++
	}
	var names []string
	for name := range count {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	return strings.NewReplacer("{messages}", say.counted(say.kept, len(ins)), "{who}", in.who(chat.Notice{Who: names}),
		"{from}", in.beside(written(ins[0].Sent)), "{to}", in.beside(written(ins[len(ins)-1].Sent))).Replace(say.summary)
}

func written(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Transcript writes messages as a plain text for a file, each with its writer and its time.
func Transcript(ins []Input) string {
	var b strings.Builder
	for _, in := range ins {
		in.Caps, in.Inner = chat.Capabilities{}, true
		b.WriteString(in.draft("", nil, true).whole().Body)
		b.WriteString("\n\n")
	}
	return b.String()
}
