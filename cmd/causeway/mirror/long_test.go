// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestLongTextsArriveWhole lets somebody on WhatsApp write more than one post holds elsewhere: 10,000 characters, and 700 emoji
// of several code points each. Each network splits by its own unit; nothing may be missing, and nothing torn.
func TestLongTextsArriveWhole(t *testing.T) {
	var words strings.Builder
	for i := 0; words.Len() < 10_000; i++ {
		fmt.Fprintf(&words, "word%d ", i)
	}
	r := newRig(t, telegram, whatsapp, signal)
	from := r.sides[1]
	for _, text := range []string{strings.TrimSpace(words.String()), strings.Repeat("👨‍👩‍👧", 700)} {
		from.post(t, sim.Post{Content: sim.Content{Text: text}})
		for _, to := range []*side{r.sides[0], r.sides[2]} {
			to.shows(t, text)
		}
	}
}

// shows waits until our posts on a side, put together, hold a text.
func (s *side) shows(t *testing.T, text string) {
	t.Helper()
	var last string
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := s.client.WaitUntil(ctx, sim.See{Chat: s.group}, func(v sim.View) bool {
		last = together(v)
		return strings.Contains(last, strings.ReplaceAll(text, " ", ""))
	})
	if err != nil {
		t.Errorf("%s: %v; of %d bytes it shows %d: …%.200s", s.name, err, len(text), len(last), last[max(0, len(last)-200):])
	}
}

// together joins our posts without the names above them and without white space, at which texts are split.
func together(v sim.View) string {
	var b strings.Builder
	for _, m := range v.Visible() {
		if _, body, named := strings.Cut(m.Text, "\n"); m.Account != "" && named {
			b.WriteString(strings.Join(strings.Fields(body), ""))
		} else if m.Account != "" {
			b.WriteString(strings.Join(strings.Fields(m.Text), ""))
		}
	}
	return b.String()
}
