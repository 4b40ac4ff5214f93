// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Merged puts messages of text into one post, in their order: each below its sender's name, which is written once for those
// that follow each other, and a late one with its time. Only the first can be a native reply; what the others answer is
// told in a line. n is how many of them, from the first on, keep to the limit of the chat; the part is theirs, and
// meaningless when n is 0.
func Merged(ins []Input) (p Part, n int) {
	if len(ins) == 0 {
		return Part{}, 0
	}
	m := merger{limit: ins[0].Caps.Text, sheet: sheet{caps: ins[0].Caps}}
	for _, in := range ins {
		if !m.add(in) {
			break
		}
		n++
	}
	p.Text = unmarked(m.sheet.text())
	p.Reply = ins[0].target()
	url := firstURL(p.Text)
	p.NoPreview = url != "" && !slices.Contains(m.urls, url)
	for _, in := range ins[:n] {
		if p.Preview == nil {
			p.Preview = in.preview(p.Text)
		}
	}
	return p, n
}

// merger writes messages below each other as long as they keep to a limit.
type merger struct {
	sheet sheet
	limit chat.TextLimit
	units int
	bytes int
	last  *Input
	clock string // that was shown last
	urls  []string
}

// add appends a message, or reports that there is no room for it.
func (m *merger) add(in Input) bool {
	separator := m.place(&in)
	shown := in.clock()
	if in.goesOn && shown == m.clock {
		in.Sent = time.Time{}
	}
	d := in.draft("", nil, true)
	text := d.whole()
	units := m.units + m.limit.Unit.Count(separator) + m.limit.Unit.Count(text.Body)
	bytes := m.bytes + len(separator) + len(text.Body)
	if units > m.limit.Max || m.limit.MaxBytes > 0 && bytes > m.limit.MaxBytes {
		return false
	}
	m.sheet.write(separator)
	m.sheet.add(text)
	m.units, m.bytes, m.last, m.clock = units, bytes, &in, shown
	m.urls = append(m.urls, d.url)
	return true
}

// place says what a message has to do with the one above it, and what parts the two.
func (m *merger) place(in *Input) (separator string) {
	if m.last == nil {
		return ""
	}
	in.Inner = true
	in.goesOn = in.Sender == m.last.Sender && in.Name == m.last.Name && in.Content.Forward == nil
	if in.goesOn {
		return "\n"
	}
	return "\n\n"
}
