// SPDX-License-Identifier: Apache-2.0

package render

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
)

// catalogue holds our own words by the code of their language. A new language is a value of words and a line here; a test
// asks that it leaves no word out and has every form that its plural rules want.
var catalogue = map[string]*words{"en": &english, "ar": &arabic}

// Languages lists the codes of the languages that Causeway speaks, in order.
func Languages() []string { return slices.Sorted(maps.Keys(catalogue)) }

// say are our own words in the language of the chat.
func (in Input) say() *words {
	if w, ok := catalogue[in.Language]; ok {
		return w
	}
	return &english
}

// forms are the plural forms of a text in which {n} is the number. Other is what is left when no rule holds.
type forms map[plural.Form]string

// counted writes a number with what it counts, by the plural rules of the language.
func (w *words) counted(f forms, n int) string {
	text, ok := f[plural.Cardinal.MatchPlural(w.tag, n, 0, 0, 0, 0)]
	if !ok {
		text = f[plural.Other]
	}
	return strings.Replace(text, "{n}", grouped(n), 1)
}

// grouped writes a number with a mark between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}
