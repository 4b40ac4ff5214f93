// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Problem is one mistake in a config, in words for the one who wrote it. It never holds a secret.
type Problem struct {
	// File is the file's path as it was given, or the name of an environment variable.
	File string
	// Line and Col start at 1; both are 0 when the problem has no place in the file.
	Line, Col int
	// Key is the path of the setting, for example "accounts.tg.token"; empty for the file as a whole.
	Key string
	// Sentence says what is wrong, Suggestion what to write instead; the latter may be empty.
	Sentence, Suggestion string
}

// String writes the problem on one line: "file:line:col: key: sentence (suggestion)".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Col)
	}
	if p.Key != "" {
		b.WriteString(": " + p.Key)
	}
	b.WriteString(": " + p.Sentence)
	if p.Suggestion != "" {
		b.WriteString(" (" + p.Suggestion + ")")
	}
	return b.String()
}

// report gathers problems and the secrets that must not appear in them.
type report struct {
	problems []Problem
	secrets  []string
}

func (r *report) add(at position, key, suggestion, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		File: at.file, Line: at.line, Col: at.col, Key: key,
		Sentence: oneLine(fmt.Sprintf(format, args...)), Suggestion: oneLine(suggestion),
	})
}

// hide remembers a secret. Very short ones are left out: they would blot out ordinary words.
func (r *report) hide(secret string) {
	if len(secret) >= 6 {
		r.secrets = append(r.secrets, secret)
	}
}

// sorted returns the problems in the order of the file, the environment's last, each once, without
// secrets.
func (r *report) sorted() []Problem {
	for i := range r.problems {
		p := &r.problems[i]
		for _, s := range r.secrets {
			p.Key = strings.ReplaceAll(p.Key, s, hiddenText)
			p.Sentence = strings.ReplaceAll(p.Sentence, s, hiddenText)
			p.Suggestion = strings.ReplaceAll(p.Suggestion, s, hiddenText)
		}
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(compareEnv(a, b), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Key, b.Key))
	})
	return slices.Compact(r.problems)
}

func compareEnv(a, b Problem) int {
	rank := func(p Problem) int {
		if strings.HasPrefix(p.File, envPrefix) {
			return 1
		}
		return 0
	}
	return rank(a) - rank(b)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,40}$`)

// shownKey returns a key as it may be printed: what does not look like a key may be a secret that
// slipped into its place.
func shownKey(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return "?"
}

func join(path, key string) string {
	if path == "" {
		return shownKey(key)
	}
	return path + "." + shownKey(key)
}

// didYouMean suggests the nearest of the known words, or lists them when none is near.
func didYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return ""
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return "known: " + strings.Join(known, ", ")
}

// nearest returns the known word that a slip of the keyboard would turn into word, or "".
func nearest(word string, known []string) string {
	best, limit := "", 1+len(word)/4
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= limit {
			best, limit = k, d-1
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to turn a into b.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before, prev := []int(nil), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}
