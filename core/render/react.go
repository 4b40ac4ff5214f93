// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// Reacted tells of reactions in words, for a chat that has none. in.Reply is the message that they are put on. An empty
// name names nobody.
func Reacted(name string, emoji []string, in Input) Part {
	s := sheet{caps: in.Caps}
	s.line(in.quoted())
	s.write(in.reacted(in.cleanName(name), oneLine(strings.Join(emoji, " "))))
	text := split(s.text(), in.Caps.Text, 0)[0]
	return Part{Text: text, Reply: in.target(), NoPreview: otherPreview(text, "")}
}

func (in Input) reacted(name, emoji string) string {
	if name == "" {
		return fmt.Sprintf(in.say().reactions, emoji)
	}
	return fmt.Sprintf(in.say().reactedWith, isolate(name), emoji)
}

// Choose says which of the counted emoji our account sets on a message, the most frequent first, and which are left: those
// that the network does not know or that are too many. Variants of one emoji count as one where the network knows only one.
func Choose(counts map[string]int, sup chat.ReactSupport) (set, left []string) {
	sums := map[string]int{}
	for e, n := range counts {
		if n > 0 {
			sums[known(e, sup.Allowed)] += n
		}
	}
	for _, e := range byCount(sums) {
		if sup.Allows(e) && (sup.Max <= 0 || len(set) < sup.Max) {
			set = append(set, e)
		} else {
			left = append(left, e)
		}
	}
	return set, left
}

// byCount lists emoji, the most frequent first; equals are in the order of their code points.
func byCount(sums map[string]int) []string {
	return slices.SortedFunc(maps.Keys(sums), func(a, b string) int {
		return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b))
	})
}

// known is the spelling of an emoji that the network knows: itself, or else the one without colours of skin and the sign
// that asks for a coloured picture.
func known(e string, allowed []string) string {
	if slices.Contains(allowed, e) {
		return e
	}
	for _, a := range allowed {
		if plainEmoji(a) == plainEmoji(e) {
			return a
		}
	}
	return e
}

func plainEmoji(e string) string {
	return strings.Map(func(r rune) rune {
		if r == '\uFE0F' || r >= 0x1F3FB && r <= 0x1F3FF {
			return drop
		}
		return r
	}, e)
}
