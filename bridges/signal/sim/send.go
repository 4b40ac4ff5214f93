// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// What the apps take of edits and deletes; more has no effect.
const (
	editWindow   = 24 * time.Hour
	deleteWindow = 24 * time.Hour
	maxEdits     = 10
)

// send sends a message, or an edit of one.
func (s *Server) send(k *call) (any, *failure) {
	c, f := s.contentOf(k)
	if f != nil {
		return nil, f
	}
	edits, f := k.p.stamp("editTimestamp")
	if f != nil {
		return nil, f
	}
	if c.text == "" && len(c.files) == 0 && c.sticker == nil && edits == 0 {
		return nil, fail(codeUser, "Sending empty message is not allowed, either a message, attachment or sticker must be given.")
	}
	return s.transmit(k, func(d delivery, at uint64) {
		if edits > 0 {
			s.sendEdit(k, d, c, edits, at)
			return
		}
		m := s.sayAt(d.pl, k.a.person, linked, c, d.missed, at)
		s.rec.send(m, s.entryOf(m))
		k.rec.Message = m.id()
		s.receipts(k.a, d, at)
	})
}

// sendEdit rewrites a message of the account's own. What the apps do not take has no effect, and is a breach.
func (s *Server) sendEdit(k *call, d delivery, c content, target, at uint64) {
	m := s.own(k, d.pl, target)
	switch {
	case m == nil:
		s.noteMissing(k, target, d.pl, "edit")
		return
	case s.now().Sub(m.at) > editWindow:
		s.breach(k, "late_edit", "")
		return
	case m.edits >= maxEdits:
		s.breach(k, "many_edits", "")
		return
	}
	newest := m.newest()
	m.quote = c.quote // phones take an edit for the whole message: one without a quote answers nothing any more
	m.rewrite(c, at)
	k.rec.Message = m.id()
	s.spreadEdit(saying{pl: d.pl, from: k.a.person, device: linked, at: at, missed: d.missed}, newest, s.dataOf(d.pl, &m.content, at))
	s.receipts(k.a, d, at)
}

// own finds a message that the account wrote.
func (s *Server) own(k *call, pl place, sentAt uint64) *message {
	return s.logOf(pl).find(messageID(k.a.person, sentAt))
}

// noteMissing books a target that is not one of the account's own messages. One that is deleted already is no mistake.
func (s *Server) noteMissing(k *call, sentAt uint64, pl place, what string) {
	l := s.logOf(pl)
	if l.byID[messageID(k.a.person, sentAt)] != nil {
		return
	}
	code := "no_target"
	for _, p := range pl.people() {
		if l.byID[messageID(p, sentAt)] != nil {
			code = "foreign_" + what
		}
	}
	s.breach(k, code, "")
}

// contentOf reads what a message says from the parameters of send.
func (s *Server) contentOf(k *call) (content, *failure) {
	var c content
	var f *failure
	if c.text, f = k.p.text("message"); f != nil {
		return c, f
	}
	if len(c.text) > maxText {
		s.breach(k, "long_text", fmt.Sprintf("%d bytes", len(c.text)))
	}
	for _, read := range []func(*call, *content) *failure{s.readMarks, s.readFiles, s.readQuote, s.readSticker, s.readPreview, s.readFlags} {
		if f := read(k, &c); f != nil {
			return c, f
		}
	}
	return c, nil
}

func (s *Server) readFlags(k *call, c *content) *failure {
	once, f1 := k.p.flag("viewOnce")
	voice, f2 := k.p.flag("voiceNote")
	_, f3 := k.p.flag("noUrgent")
	_, f4 := k.p.flag("notifySelf")
	c.once = once
	for _, file := range c.files {
		file.voice = voice
	}
	return first(f1, f2, f3, f4)
}

func (s *Server) readMarks(k *call, c *content) *failure {
	mentions, f1 := k.p.texts("mention")
	styles, f2 := k.p.texts("textStyle")
	if f := first(f1, f2); f != nil {
		return f
	}
	var f *failure
	if c.mentions, f = s.parseMentions(mentions); f != nil {
		return f
	}
	if c.styles, f = parseStyles(styles); f != nil {
		return f
	}
	s.checkRanges(k, c)
	return nil
}

var rangeForm = regexp.MustCompile(`^(\d+):(\d+):(.+)$`)

// parseRange reads "start:length:value".
func parseRange(text string) (start, length int, value string, ok bool) {
	m := rangeForm.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, "", false
	}
	start, err1 := strconv.Atoi(m[1])
	length, err2 := strconv.Atoi(m[2])
	return start, length, m[3], err1 == nil && err2 == nil
}

func (s *Server) parseMentions(list []string) ([]mention, *failure) {
	var out []mention
	for _, text := range list {
		start, length, who, ok := parseRange(text)
		if !ok {
			return nil, fail(codeUser, "Invalid mention syntax (%s) expected 'start:length:recipientNumber'", text)
		}
		p := s.lookUp(who)
		if p == nil {
			return nil, fail(codeUser, "Invalid mention recipient: %s", who)
		}
		out = append(out, mention{start, length, p})
	}
	return out, nil
}

func parseStyles(list []string) ([]style, *failure) {
	var out []style
	for _, text := range list {
		start, length, name, ok := parseRange(text)
		if !ok {
			return nil, fail(codeUser, "Invalid textStyle syntax (%s) expected 'start:length:STYLE'", text)
		}
		if spanKinds[strings.ToUpper(name)] == "" {
			return nil, fail(codeUser, "Invalid style: %s", name)
		}
		out = append(out, style{start, length, strings.ToUpper(name)})
	}
	return out, nil
}

// checkRanges books what the daemon does not check: ranges outside the text, and mentions that stand on no mark.
func (s *Server) checkRanges(k *call, c *content) {
	text := utf16.Encode([]rune(c.text))
	for _, m := range c.mentions {
		if m.length != 1 || m.start >= len(text) || text[m.start] != objectMark {
			s.breach(k, "bad_range", fmt.Sprintf("mention %d:%d", m.start, m.length))
		}
	}
	index := runeIndex([]rune(c.text))
	for _, st := range c.styles {
		if _, _, ok := between(index, st.start, st.length); !ok {
			s.breach(k, "bad_range", fmt.Sprintf("%s %d:%d", st.name, st.start, st.length))
		}
	}
}

func (s *Server) readQuote(k *call, c *content) *failure {
	at, f1 := k.p.stamp("quoteTimestamp")
	author, f2 := k.p.text("quoteAuthor")
	text, f3 := k.p.text("quoteMessage")
	mentions, f4 := k.p.texts("quoteMention")
	styles, f5 := k.p.texts("quoteTextStyle")
	files, f6 := k.p.texts("quoteAttachment")
	if f := first(f1, f2, f3, f4, f5, f6); f != nil || at == 0 {
		return f
	}
	_, f7 := s.parseMentions(mentions)
	_, f8 := parseStyles(styles)
	if f := first(f7, f8); f != nil {
		return f
	}
	for _, text := range files {
		if text == "" {
			return fail(codeUser, "Invalid quote attachment: %s", text)
		}
	}
	p := s.lookUp(author)
	if p == nil {
		return fail(codeUser, "Invalid quote author: %s", author)
	}
	c.quote = &quote{author: p, sentAt: at, text: text}
	return nil
}

func (s *Server) readSticker(k *call, c *content) *failure {
	text, f := k.p.text("sticker")
	if f != nil || text == "" {
		return f
	}
	pack, number, ok := strings.Cut(text, ":")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return fail(codeUser, "Invalid sticker syntax (%s) expected 'stickerPackId:stickerId'", text)
	}
	p := s.packs[pack]
	if p == nil || n < 0 || n >= len(p.files) {
		return fail(codeUser, "Sticker pack not found, or no such sticker: %s", text)
	}
	c.sticker = &sticker{pack: pack, id: n, file: p.files[n]}
	return nil
}

func (s *Server) readPreview(k *call, c *content) *failure {
	url, f1 := k.p.text("previewUrl")
	title, f2 := k.p.text("previewTitle")
	description, f3 := k.p.text("previewDescription")
	image, f4 := k.p.text("previewImage")
	if f := first(f1, f2, f3, f4); f != nil || url == "" {
		return f
	}
	if !strings.Contains(c.text, url) {
		return fail(codeUser, "Preview url not contained in the message text")
	}
	c.preview = &preview{url: url, title: title, description: description}
	if image == "" {
		return nil
	}
	picture, f := s.loadedFile(k, image)
	c.preview.image = picture
	return f
}
