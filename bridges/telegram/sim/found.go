// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"regexp"
	"strings"
)

// finders find what the server marks by itself. They are simpler than the real ones, and agree with them on
// ordinary text.
var finders = []struct {
	kind string
	// mark is a character without which the expression cannot match.
	mark string
	re   *regexp.Regexp
}{
	{"url", hostDot, regexp.MustCompile(`(?i)\b(?:https?://|tg://|ftp://)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|de|uk|io|me|dev|info|eu|chat|example|test|app|ru|fr|[a-z]{2})(?::\d+)?(?:[/?#][^\s<>"]*[^\s<>".,;:!?')\]]|/)?`)},
	{"url", "//", regexp.MustCompile(`(?i)\bhttps?://(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?:/[^\s<>"]*)?`)},
	{"email", "@", regexp.MustCompile(`\b[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}\b`)},
	{"mention", "@", regexp.MustCompile(`(?:^|[^A-Za-z0-9_])(@[A-Za-z][A-Za-z0-9_]{3,31})\b`)},
	{"hashtag", "#", regexp.MustCompile(`(?:^|[^\pL\pN_#])(#[\pL\pN_]*\pL[\pL\pN_]*)`)},
	{"bot_command", "/", regexp.MustCompile(`(?:^|[^\pL\pN_/<>])(/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?:$|[^\pL\pN_/<>@])`)},
	{"cashtag", "$", regexp.MustCompile(`(?:^|[^\pL\pN_$])(\$[A-Z]{1,8})\b`)},
}

// hostDot is the dot of a host name. Most texts have dots, few have one inside a word, and looking for URLs is
// what costs most.
const hostDot = "."

func hasHostDot(text string) bool {
	for i := 1; i+1 < len(text); i++ {
		if text[i] == '.' && text[i+1] > ' ' && text[i-1] > ' ' {
			return true
		}
	}
	return false
}

func findEntities(text string) []entity {
	var found []entity
	for _, f := range finders {
		if f.mark == hostDot && !hasHostDot(text) || !strings.Contains(text, f.mark) {
			continue
		}
		for _, m := range f.re.FindAllStringSubmatchIndex(text, 100) {
			from, to := m[0], m[1]
			if len(m) > 2 {
				from, to = m[2], m[3]
			}
			e := entity{Type: f.kind, Offset: units(text[:from]), Length: units(text[from:to])}
			found = addFound(found, e)
		}
	}
	return found
}

// addFound keeps the first of two that overlap, but an e-mail address wins over the host inside it.
func addFound(found []entity, e entity) []entity {
	for i, f := range found {
		if !overlaps(f, e) {
			continue
		}
		if f.Type == "url" && e.Type == "email" {
			found[i] = e
		}
		return found
	}
	return append(found, e)
}
