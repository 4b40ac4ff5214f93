// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
	"sort"
	"strings"
)

func renderParts(in render.Input, body string) []render.Part {
	if in.Name != "" && in.Style != chat.NoName {
		body = in.Name + "\n" + body
	}
	var r *chat.ReplyTarget
	if in.Reply != nil {
		r = in.Reply.Target
	}
	if in.Caps.Text.Fits(body) {
		return []render.Part{{Text: chat.Text{Body: body}, Reply: r}}
	}
	var out []render.Part
	for i, p := range strings.Split(body, "\n\n") {
		pt := render.Part{Text: chat.Text{Body: p}}
		if i == 0 {
			pt.Reply = r
		}
		out = append(out, pt)
	}
	return out
}
func renderMessage(in render.Input) []render.Part { return renderParts(in, in.Content.Text.Body) }
func renderEdited(in render.Input) []render.Part {
	return renderParts(in, "edited: "+in.Content.Text.Body)
}
func renderDigest(p render.Part) string { return fmt.Sprint(p.Text.Body, len(p.Media)) }
func renderReacted(name string, emoji []string, in render.Input) render.Part {
	return render.Part{Text: chat.Text{Body: strings.Join(emoji, " ")}, Reply: in.Reply.Target}
}
func renderChoose(counts map[string]int, sup chat.ReactSupport) (emoji, left []string) {
	var all []string
	for e, n := range counts {
		if n > 0 {
			all = append(all, e)
		}
	}
	sort.Strings(all)
	for _, e := range all {
		if sup.Allows(e) && (sup.Max == 0 || len(emoji) < sup.Max) {
			emoji = append(emoji, e)
		} else {
			left = append(left, e)
		}
	}
	return
}
