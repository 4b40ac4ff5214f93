// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"github.com/causeway-chat/causeway/core/chat"
)

// Networks show a preview of the first address that they find in a text. Names, quotations and file names of ours come
// before the message's own words: their addresses are not to be previewed in its place.

// otherPreview reports whether the preview of a piece would be of another address than that of the whole message.
func otherPreview(piece chat.Text, first string) bool {
	url := firstURL(piece)
	return url != "" && url != first
}

// Bounds of a preview's words; networks show less.
const (
	maxPreviewTitle = 200
	maxPreviewWords = 500
)

// preview is what the message's own network showed of the first address in a piece, for networks that show what they are given. A page
// without a title has none.
func (in Input) preview(piece chat.Text) *chat.Preview {
	p := in.Content.Preview
	if p == nil || !in.Caps.Previews.Native() || blank(p.Title) || !strings.Contains(piece.Body, p.URL) || firstURL(piece) != bareURL(p.URL) {
		return nil
	}
	return &chat.Preview{URL: p.URL, Title: shorten(oneLine(p.Title), maxPreviewTitle), Description: shorten(oneLine(p.Description), maxPreviewWords)}
}

// firstURL is the first address that a network would find in a text, in a form to compare.
func firstURL(t chat.Text) string {
	url, at := writtenURL(t.Body)
	start := utf8.RuneCountInString(t.Body[:at])
	for _, s := range t.Spans {
		if s.Kind == chat.Link && s.Value != "" && s.Start <= start {
			return bareURL(s.Value)
		}
	}
	return bareURL(url)
}

// writtenURL finds the first address that is written out in a text and the byte where its word begins: the end if there
// is none. Every address has a dot.
func writtenURL(body string) (url string, at int) {
	for from := 0; ; {
		dot := strings.IndexByte(body[from:], '.')
		if dot < 0 {
			return "", len(body)
		}
		start, end := word(body, from+dot)
		if url := urlIn(body[start:end]); url != "" {
			return url, start
		}
		from = end
	}
}

// word is where the word around byte i begins and ends.
func word(body string, i int) (start, end int) {
	if start = strings.LastIndexFunc(body[:i], unicode.IsSpace); start < 0 {
		start = 0
	} else {
		_, size := utf8.DecodeRuneInString(body[start:])
		start += size
	}
	if n := strings.IndexFunc(body[i:], unicode.IsSpace); n >= 0 {
		return start, i + n
	}
	return start, len(body)
}

// urlIn finds an address in a word, with or without a scheme.
func urlIn(word string) string {
	if i := strings.Index(word, "://"); i >= 0 {
		scheme := strings.LastIndexFunc(word[:i], func(r rune) bool { return !unicode.IsLetter(r) }) + 1
		for scheme > 0 && !utf8.RuneStart(word[scheme]) {
			scheme++
		}
		return strings.TrimRightFunc(word[scheme:], endsURL)
	}
	word = strings.TrimFunc(word, endsURL)
	host, _, _ := strings.Cut(word, "/")
	if strings.ContainsRune(host, '@') { // an e-mail address
		return ""
	}
	host, _, _ = strings.Cut(host, ":")
	if !strings.Contains(host, ".") || !isHost(host) {
		return ""
	}
	return word
}

// endsURL reports whether r is no part of an address when it stands at its end.
func endsURL(r rune) bool {
	return r != '/' && (unicode.IsPunct(r) || unicode.Is(unicode.Cf, r) || r == '`' || r == '~' || r == '|')
}

// isHost reports whether a word is a name of the internet's, so that networks make a link of it.
func isHost(s string) bool {
	if len(s) > 253 || strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '.'
	}) {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(strings.ToLower(s))
	return icann && len(suffix) < len(s) && s[0] != '.'
}

// bareURL is an address in the form in which two spellings of it are equal.
func bareURL(url string) string {
	url = strings.TrimSpace(url)
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
		if len(url) >= len(scheme) && strings.EqualFold(url[:len(scheme)], scheme) {
			url = url[len(scheme):]
			break
		}
	}
	host, path, found := strings.Cut(url, "/")
	if !found || path == "" {
		return strings.ToLower(host)
	}
	return strings.ToLower(host) + "/" + strings.TrimSuffix(path, "/")
}
