// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseMarkup reads text in a parse mode.
func parseMarkup(text, mode string) (string, []entity, *refusal) {
	switch strings.ToLower(mode) {
	case "html":
		return parseHTML(text)
	case "markdownv2":
		return parseMarkdown(text)
	case "markdown":
		return "", nil, wrong("can't parse entities: the legacy Markdown mode is not simulated")
	}
	return "", nil, wrong("unsupported parse_mode")
}

var htmlTypes = map[string]string{
	"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
	"s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
	"span": "spoiler", "code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote",
	"tg-emoji": "custom_emoji",
}

type openTag struct {
	name string
	ent  entity
}

// reading is how far a text is read: what it says so far, and the tags or marks that are open.
type reading struct {
	in    string
	pos   int
	out   strings.Builder
	units int
	open  []openTag
	ents  []entity
}

// htmlParser reads the server's HTML.
type htmlParser struct{ reading }

func parseHTML(text string) (string, []entity, *refusal) {
	p := &htmlParser{reading{in: text}}
	for p.pos < len(p.in) {
		if p.in[p.pos] != '<' {
			p.text()
			continue
		}
		if r := p.tag(); r != nil {
			return "", nil, r
		}
	}
	if n := len(p.open); n > 0 {
		return "", nil, wrong("can't parse entities: Can't find end tag corresponding to start tag \"%s\"", p.open[n-1].name)
	}
	return p.out.String(), validOnly(p.ents), nil
}

func (p *htmlParser) text() {
	next := strings.IndexByte(p.in[p.pos:], '<')
	if next < 0 {
		next = len(p.in) - p.pos
	}
	piece := unescapeHTML(p.in[p.pos : p.pos+next])
	p.out.WriteString(piece)
	p.units += units(piece)
	p.pos += next
}

// unescapeHTML knows the four names and the numbers that the Bot API knows.
func unescapeHTML(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s, ';')
		if end > 0 && knownEscape(s[1:end]) {
			b.WriteString(html.UnescapeString(s[:end+1]))
			s = s[end+1:]
			continue
		}
		b.WriteByte('&')
		s = s[1:]
	}
	b.WriteString(s)
	return b.String()
}

func knownEscape(name string) bool {
	if number, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(number, "x"); ok {
			number, base = hex, 16
		}
		_, err := strconv.ParseUint(number, base, 32)
		return err == nil
	}
	return slices.Contains([]string{"lt", "gt", "amp", "quot"}, name)
}

func (p *htmlParser) tag() *refusal {
	at := p.pos
	end := strings.IndexByte(p.in[at:], '>')
	if end < 0 {
		return wrong("can't parse entities: Unclosed start tag at byte offset %d", at)
	}
	inner := p.in[at+1 : at+end]
	p.pos = at + end + 1
	if name, closing := strings.CutPrefix(inner, "/"); closing {
		return p.closeTag(strings.ToLower(strings.TrimSpace(name)), at)
	}
	name, attrs, _ := strings.Cut(inner, " ")
	name = strings.ToLower(name)
	kind, ok := htmlTypes[name]
	if !ok {
		return wrong("can't parse entities: Unsupported start tag \"%s\" at byte offset %d", name, at)
	}
	if name == "span" && attribute(attrs, "class") != "tg-spoiler" {
		return wrong("can't parse entities: Tag \"span\" must have class \"tg-spoiler\" at byte offset %d", at)
	}
	p.open = append(p.open, openTag{name: name, ent: entity{
		Type: kind, Offset: p.units, URL: attribute(attrs, "href"), CustomEmoji: attribute(attrs, "emoji-id"),
		Language: strings.TrimPrefix(attribute(attrs, "class"), "language-"),
	}})
	return nil
}

func attribute(attrs, name string) string {
	_, rest, ok := strings.Cut(attrs, name+"=")
	if !ok || rest == "" {
		return ""
	}
	if q := rest[0]; q == '"' || q == '\'' {
		value, _, _ := strings.Cut(rest[1:], string(q))
		return html.UnescapeString(value)
	}
	value, _, _ := strings.Cut(rest, " ")
	return value
}

func (p *htmlParser) closeTag(name string, at int) *refusal {
	n := len(p.open) - 1
	if n < 0 {
		return wrong("can't parse entities: Unexpected end tag at byte offset %d", at)
	}
	tag := p.open[n]
	if name != "" && name != tag.name {
		return wrong("can't parse entities: Unmatched end tag at byte offset %d, expected \"</%s>\", found \"</%s>\"",
			at, tag.name, name)
	}
	p.open = p.open[:n]
	tag.ent.Length = p.units - tag.ent.Offset
	if tag.ent.Type == "text_link" && tag.ent.URL == "" {
		return nil
	}
	if tag.ent.Type != "pre" && tag.ent.Type != "code" {
		tag.ent.Language = ""
	}
	p.ents = joinPreCode(p.ents, tag.ent, n > 0 && p.open[n-1].name == "pre")
	return nil
}

// joinPreCode makes <pre><code class="language-x"> one entity, as the server does.
func joinPreCode(ents []entity, e entity, insidePre bool) []entity {
	if n := len(ents) - 1; e.Type == "pre" && n >= 0 && ents[n].Type == "code" && ents[n].Offset == e.Offset && ents[n].Length == e.Length {
		e.Language = ents[n].Language
		return append(ents[:n], e)
	}
	if e.Type == "code" && !insidePre {
		e.Language = ""
	}
	return append(ents, e)
}

// mdMarks are the two- and one-character marks of MarkdownV2, longest first.
var mdMarks = []struct{ mark, kind string }{
	{"__", "underline"}, {"||", "spoiler"}, {"*", "bold"}, {"_", "italic"}, {"~", "strikethrough"}, {"`", "code"},
}

const mdReserved = "_*[]()~`>#+-=|{}.!"

// mdParser reads MarkdownV2.
type mdParser struct{ reading }

// parseMarkdown reads MarkdownV2 without links and block quotations, and refuses unescaped reserved
// characters with the server's words.
func parseMarkdown(text string) (string, []entity, *refusal) {
	p := &mdParser{reading{in: text}}
	for p.pos < len(p.in) {
		if r := p.step(); r != nil {
			return "", nil, r
		}
	}
	if n := len(p.open) - 1; n >= 0 {
		return "", nil, wrong("can't parse entities: Can't find end of %s entity at byte offset %d", mdName(p.open[n].ent.Type), len(text))
	}
	return p.out.String(), validOnly(p.ents), nil
}

// step reads one mark or one character.
func (p *mdParser) step() *refusal {
	c := p.in[p.pos]
	if c == '\\' && p.pos+1 < len(p.in) && p.in[p.pos+1] < utf8.RuneSelf {
		p.pos++
		p.write(1)
		return nil
	}
	if mark, kind := markAt(p.in[p.pos:]); mark != "" {
		p.mark(mark, kind)
		return nil
	}
	if strings.IndexByte(mdReserved, c) >= 0 {
		return wrong("can't parse entities: Character '%c' is reserved and must be escaped with the preceding '\\'", c)
	}
	_, size := utf8.DecodeRuneInString(p.in[p.pos:])
	p.write(size)
	return nil
}

// write takes over the next bytes as they are.
func (p *mdParser) write(size int) {
	piece := p.in[p.pos : p.pos+size]
	p.out.WriteString(piece)
	p.units += units(piece)
	p.pos += size
}

// mark closes the innermost mark, or opens one.
func (p *mdParser) mark(mark, kind string) {
	p.pos += len(mark)
	n := len(p.open) - 1
	if n < 0 || p.open[n].name != mark {
		p.open = append(p.open, openTag{mark, entity{Type: kind, Offset: p.units}})
		return
	}
	e := p.open[n].ent
	e.Length = p.units - e.Offset
	p.ents, p.open = append(p.ents, e), p.open[:n]
}

func mdName(kind string) string { return strings.ToUpper(kind[:1]) + kind[1:] }

func markAt(s string) (string, string) {
	for _, m := range mdMarks {
		if strings.HasPrefix(s, m.mark) {
			return m.mark, m.kind
		}
	}
	return "", ""
}
