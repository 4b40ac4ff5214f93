// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// The notation of golden files. A message has a header of "key: value" lines and its text, each line of it behind "| ".
// Spans are tags: <bold>words</bold>, <link https://example.com>words</link>, <mention 42>Bob</mention>. {U+202E} is a
// character that one does not see; {300 x ab } is "ab " 300 times. Long lines of what is sent are shown by their ends.

var (
	token    = regexp.MustCompile(`\{U\+([0-9A-F]{4,6})\}`)
	repeated = regexp.MustCompile(`\{(\d+) x ([^}]*)\}`)
	tag      = regexp.MustCompile(`<(/?)([a-z_]+)(?: ([^>]*))?>`)
)

func readMessage(s string) (message, error) {
	var m message
	var body []string
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if text, ok := strings.CutPrefix(line, "|"); ok {
			body = append(body, strings.TrimPrefix(text, " "))
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		if err := m.set(key, unescape(strings.TrimSpace(value))); err != nil {
			return m, fmt.Errorf("%q: %w", line, err)
		}
	}
	m.in.Content.Text = readText(strings.Join(body, "\n"))
	return m, nil
}

func (m *message) set(key, value string) error {
	in := &m.in
	switch key {
	case "from":
		in.Name = value
	case "names":
		in.Style = chat.NameStyle(value)
	case "sent", "now":
		return m.setTime(key, value)
	case "edited":
		m.edited = true
	case "reacted":
		m.reacted = strings.Fields(value)
	case "forwarded from":
		in.Content.Forward = &chat.Forward{From: value}
	case "preview": // address | title | description
		parts := append(strings.SplitN(value, " | ", 3), "", "")
		m.in.Content.Preview = &chat.Preview{URL: parts[0], Title: parts[1], Description: parts[2]}
	case "placeholder":
		in.Content.Placeholder = value
	case "media":
		return m.addMedia(strings.Fields(value))
	case "place", "contact", "poll", "notice":
		return m.addKind(key, strings.Split(value, "; "))
	case "language":
		in.Language = value
	case "count":
		in.Content.Notice.Count, _ = strconv.Atoi(value)
	case "outage":
		return m.addOutage(chat.NoticeOutage, strings.Split(value, "; "))
	case "gap":
		return m.addOutage(chat.NoticeGap, strings.Split(value, "; "))
	case "mention":
		from, to, _ := strings.Cut(value, " is ")
		in.Mentions = map[chat.RemoteUser]chat.RemoteUser{chat.RemoteUser(from): chat.RemoteUser(to)}
	default:
		return m.setReply(key, value)
	}
	return nil
}

func (m *message) setTime(key, value string) (err error) {
	to := &m.in.Sent
	if key == "now" {
		to = &m.in.Now
	}
	*to, err = time.Parse("2006-01-02 15:04", value)
	return err
}

func (m *message) setReply(key, value string) error {
	if m.in.Reply == nil {
		m.in.Reply = &render.Reply{}
	}
	r := m.in.Reply
	switch key {
	case "answers":
		r.Author = value
	case "who said":
		r.Excerpt = value
	case "quoting":
		r.Quote = value
	case "copy":
		id, author, _ := strings.Cut(value, " by ")
		id, r.Within = strings.CutSuffix(id, " with others")
		r.Target = &chat.ReplyTarget{ID: chat.RemoteMessage(id), Author: chat.RemoteUser(author), Quote: r.Quote}
	default:
		return fmt.Errorf("unknown key")
	}
	return nil
}

func (m *message) addMedia(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("want a kind")
	}
	one := chat.Media{Kind: chat.MediaKind(words[0]), Hash: "hash"}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		n, _ := strconv.Atoi(value)
		switch key {
		case "name":
			one.Name = value
		case "type":
			one.MIME = value
		case "bytes":
			one.Size = int64(n)
		case "pixels":
			_, _ = fmt.Sscanf(value, "%dx%d", &one.Width, &one.Height)
		case "seconds":
			one.Duration = time.Duration(n) * time.Second
		case "emoji":
			one.Emoji = value
		case "missing":
			one.Hash = ""
		case "link":
			one.Link = value
		default:
			return fmt.Errorf("unknown %q", key)
		}
	}
	m.in.Content.Media = append(m.in.Content.Media, one)
	return nil
}

// addKind reads "lat lon; live seconds; title; address", "name; phone; …", "question; option votes; …; closed" and
// "kind; value; name; …".
func (m *message) addKind(key string, words []string) error {
	c := &m.in.Content
	switch key {
	case "place":
		c.Place = &chat.Place{}
		var seconds int
		if _, err := fmt.Sscanf(words[0], "%f %f", &c.Place.Lat, &c.Place.Lon); err != nil {
			return err
		}
		for _, w := range words[1:] {
			switch _, err := fmt.Sscanf(w, "live %d", &seconds); {
			case err == nil:
				c.Place.Live = time.Duration(seconds) * time.Second
			case c.Place.Title == "":
				c.Place.Title = w
			default:
				c.Place.Address = w
			}
		}
	case "contact":
		c.Contacts = append(c.Contacts, chat.Contact{Name: words[0], Phones: words[1:]})
	case "poll":
		c.Poll = readPoll(words)
	default:
		c.Notice = &chat.Notice{Kind: chat.NoticeKind(words[0]), Value: words[1], Who: words[2:]}
	}
	return nil
}

// addOutage reads "network; since time; until time; told time; delivered n; waiting n; trouble word".
func (m *message) addOutage(kind chat.NoticeKind, words []string) (err error) {
	o := &chat.Outage{Network: words[0]}
	m.in.Content.Notice = &chat.Notice{Kind: kind, Outage: o}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, " ")
		switch key {
		case "since":
			o.Since, err = time.Parse(time.RFC3339, value)
			o.Told = o.Since.Add(3 * time.Minute)
		case "until":
			o.Until, err = time.Parse(time.RFC3339, value)
		case "told":
			o.Told, err = time.Parse(time.RFC3339, value)
		case "delivered":
			o.Delivered, err = strconv.Atoi(value)
		case "waiting":
			o.Waiting, err = strconv.Atoi(value)
		case "trouble":
			o.Trouble = chat.Trouble(value)
		default:
			err = fmt.Errorf("unknown %q", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readPoll takes the last word of each option as its votes; "?" for those that nobody tells.
func readPoll(words []string) *chat.Poll {
	p := &chat.Poll{Question: words[0]}
	for _, w := range words[1:] {
		if w == "closed" {
			p.Closed = true
			continue
		}
		at := strings.LastIndexByte(w, ' ')
		votes, err := strconv.Atoi(w[at+1:])
		if err != nil {
			votes = -1
		}
		p.Options = append(p.Options, chat.PollOption{Text: w[:at], Votes: votes})
	}
	return p
}

// writeKind shows a native place, contact or poll.
func writeKind(p render.Part) string {
	switch {
	case p.Place != nil:
		return strings.TrimSpace(fmt.Sprintf("place %g %g %s %s %s", p.Place.Lat, p.Place.Lon, p.Place.Live, p.Place.Title, p.Place.Address))
	case p.Contact != nil:
		return "contact " + escape(p.Contact.Name) + " " + strings.Join(p.Contact.Phones, " ")
	case p.Poll != nil:
		line := "poll " + escape(p.Poll.Question)
		for _, o := range p.Poll.Options {
			line += "; " + escape(o.Text)
		}
		return line
	}
	return ""
}

func unescape(s string) string {
	s = token.ReplaceAllStringFunc(s, func(found string) string {
		n, _ := strconv.ParseInt(token.FindStringSubmatch(found)[1], 16, 32)
		return string(rune(n))
	})
	return repeated.ReplaceAllStringFunc(s, func(found string) string {
		parts := repeated.FindStringSubmatch(found)
		n, _ := strconv.Atoi(parts[1])
		return strings.Repeat(parts[2], n)
	})
}

// readText reads tags; one that ends closes the latest of its kind.
func readText(s string) chat.Text {
	var out chat.Text
	for {
		at := tag.FindStringSubmatchIndex(s)
		if at == nil {
			out.Body += unescape(s)
			return out
		}
		out.Body += unescape(s[:at[0]])
		found := tag.FindStringSubmatch(s)
		out.Spans = readTag(out.Spans, found[1] == "/", chat.SpanKind(found[2]), unescape(found[3]), utf8.RuneCountInString(out.Body))
		s = s[at[1]:]
	}
}

func readTag(spans []chat.Span, closes bool, kind chat.SpanKind, value string, at int) []chat.Span {
	if !closes {
		sp := chat.Span{Start: at, End: -1, Kind: kind, Value: value}
		if kind == chat.Mention {
			sp.Value, sp.User = "", chat.RemoteUser(value)
		}
		return append(spans, sp)
	}
	for i, sp := range slices.Backward(spans) {
		if sp.Kind == kind && sp.End < 0 {
			spans[i].End = at
			return spans
		}
	}
	panic("nothing to close: " + string(kind))
}

// writeParts shows what a network is sent.
func writeParts(parts []render.Part, c chat.Capabilities) string {
	var b strings.Builder
	for i, p := range parts {
		fmt.Fprintf(&b, "post %d%s\n", i+1, about(p, len(parts), c))
		for _, m := range p.Media {
			fmt.Fprintf(&b, "+ %s\n", strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", m.Kind, m.Name, m.MIME)), " "))
		}
		if kind := writeKind(p); kind != "" {
			fmt.Fprintf(&b, "+ %s\n", kind)
		}
		if p.Text.Body == "" {
			continue
		}
		for _, line := range strings.Split(writeText(p.Text), "\n") {
			b.WriteString(strings.TrimSuffix("| "+ends(line), " ") + "\n")
		}
	}
	return b.String()
}

func about(p render.Part, of int, c chat.Capabilities) string {
	var all []string
	if of > 1 && p.Text.Body != "" {
		limit := c.Text
		if len(p.Media) > 0 {
			limit = c.Caption
		}
		all = append(all, fmt.Sprintf("%d of %d %s", limit.Unit.Count(p.Text.Body), limit.Max, limit.Unit))
	}
	if r := p.Reply; r != nil {
		all = append(all, reply(r))
	}
	if p.NoPreview {
		all = append(all, "no preview")
	}
	if v := p.Preview; v != nil {
		all = append(all, fmt.Sprintf("preview of %s: %q, %q", v.URL, v.Title, v.Description))
	}
	if len(all) == 0 {
		return ""
	}
	return ": " + strings.Join(all, ", ")
}

func reply(r *chat.ReplyTarget) string {
	s := "replies to " + string(r.ID)
	if r.Author != "" {
		s += " by " + string(r.Author)
	}
	if r.Excerpt != "" {
		s += fmt.Sprintf(" saying %q", escape(r.Excerpt))
	}
	if r.Quote != "" {
		s += fmt.Sprintf(" quoting %q", escape(r.Quote))
	}
	return s
}

// writeText writes tags. Spans that begin together begin with the longest; those that end together end with the shortest.
func writeText(t chat.Text) string {
	runes := []rune(t.Body)
	var b strings.Builder
	for i := 0; i <= len(runes); i++ {
		for _, s := range slices.Backward(t.Spans) {
			if s.End == i {
				fmt.Fprintf(&b, "</%s>", s.Kind)
			}
		}
		for _, s := range t.Spans {
			if s.Start == i {
				fmt.Fprintf(&b, "<%s>", strings.TrimSpace(string(s.Kind)+" "+cmp.Or(s.Value, string(s.User))))
			}
		}
		if i < len(runes) {
			b.WriteString(escape(string(runes[i])))
		}
	}
	return b.String()
}

// escape writes characters that one does not see by their numbers.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r != '\n' && r != ' ' && r != 0x200D && r != 0xFE0F && !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) && r != '\n' {
			fmt.Fprintf(&b, "{U+%04X}", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// ends shows both ends of a long line.
func ends(line string) string {
	const shown = 60
	n := utf8.RuneCountInString(line)
	if n <= 3*shown {
		return line
	}
	runes := []rune(line)
	return fmt.Sprintf("%s {… %d more …} %s", string(runes[:shown]), n-2*shown, string(runes[n-shown:]))
}
