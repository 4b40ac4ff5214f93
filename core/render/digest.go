// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/causeway-chat/causeway/core/chat"
)

// Digest is a short hash of what a part shows: its text with spans, its media, and whether a preview may be shown. What it
// answers is no part of it. It is stored with copies, so equal parts must have equal digests for ever.
func Digest(p Part) string {
	var f fields
	f.text(p.Text.Body)
	f.number(int64(len(p.Text.Spans)))
	for _, s := range p.Text.Spans {
		f.number(int64(s.Start), int64(s.End))
		f.text(string(s.Kind), s.Value, string(s.User))
	}
	f.number(int64(len(p.Media)))
	for _, m := range p.Media {
		f.media(m)
	}
	f.flag(p.NoPreview)
	f.kinds(p)
	sum := sha256.Sum256(f)
	return hex.EncodeToString(sum[:8])
}

// fields are values one after the other, so that no two lists of values look alike.
type fields []byte

func (f *fields) text(all ...string) {
	for _, s := range all {
		*f = binary.AppendUvarint(*f, uint64(len(s)))
		*f = append(*f, s...)
	}
}

func (f *fields) number(all ...int64) {
	for _, n := range all {
		*f = binary.AppendVarint(*f, n)
	}
}

func (f *fields) flag(b bool) {
	if b {
		*f = append(*f, 1)
	} else {
		*f = append(*f, 0)
	}
}

// kinds adds nothing for a part that has none of them.
func (f *fields) kinds(p Part) {
	if l := p.Preview; l != nil {
		f.text("preview", l.URL, l.Title, l.Description)
	}
	if l := p.Place; l != nil {
		f.text("place", l.Title, l.Address, degrees(l.Lat), degrees(l.Lon))
		f.number(int64(l.Live))
	}
	if c := p.Contact; c != nil {
		f.text("contact", c.Name, c.VCard)
		f.text(c.Phones...)
	}
	if l := p.Poll; l != nil {
		f.text("poll", l.Question)
		f.flag(l.Multiple)
		f.flag(l.Closed)
		for _, o := range l.Options {
			f.text(o.Text)
		}
	}
}

// media leaves the Ref out where the bytes themselves are known: it is only a way to them.
func (f *fields) media(m chat.Media) {
	if m.Hash != "" {
		m.Ref = ""
	}
	f.text(string(m.Kind), m.Ref, m.Hash, m.MIME, m.Name, m.Emoji, string(m.Waveform))
	f.number(m.Size, int64(m.Width), int64(m.Height), int64(m.Duration))
	f.flag(m.Spoiler)
}
