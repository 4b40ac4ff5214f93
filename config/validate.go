// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// validate reports every way in which n is not what s describes. Parts that are wrong become broken, so
// that nothing reads them again.
func validate(path string, n *node, s *Schema, r *report) {
	if n.kind == null || n.kind == broken {
		return
	}
	s = s.forKind(n)
	switch {
	case s.Type == "" && len(s.AnyOf) == 0 && len(s.Enum) == 0 && s.Const == nil:
		return
	case n.kind != s.kind():
		r.add(n.pos, path, kindHint(s), "wants %s, not %s", wantWords(s), kindWords[n.kind])
		n.kind = broken
	case n.kind == mapping:
		validateObject(path, n, s, r)
	case n.kind == sequence:
		validateList(path, n, s, r)
	default:
		validateScalar(path, n, s, r)
	}
}

func wantWords(s *Schema) string {
	var words []string
	for _, a := range s.AnyOf {
		words = append(words, kindWords[a.kind()])
	}
	if len(words) == 0 {
		return kindWords[s.kind()]
	}
	return strings.Join(words, " or ")
}

// kindHint shows the form of what is wanted when a value has the wrong kind.
func kindHint(s *Schema) string {
	if s.kind() == mapping && len(s.AnyOf) == 0 {
		return "write its keys on lines of their own, each as key: value, with a space after the colon"
	}
	return ""
}

func validateObject(path string, n *node, s *Schema, r *report) {
	for _, f := range n.fields {
		child := s.child(f.key)
		if child == nil {
			r.add(f.pos, join(path, f.key), didYouMean(f.key, s.keys()), "is not a key that is known here")
			f.val.kind = broken
			continue
		}
		if s.PropertyNames != nil && !matches(s.PropertyNames.Pattern, f.key) {
			r.add(f.pos, join(path, f.key), "", "is not a good name: want up to 32 of a-z, 0-9, - and _, beginning with a letter or digit")
		}
		if f.val.kind == null && len(child.Required) > 0 {
			f.val.kind, f.val.pos = mapping, f.pos
		}
		validate(join(path, f.key), f.val, child, r)
	}
	for _, key := range s.Required {
		if !n.has(key) {
			r.add(n.pos, join(path, key), requiredHint(s, key), "is missing")
		}
	}
}

// has tells whether a key was given, be it broken.
func (n *node) has(key string) bool { return n.get(key) != nil }

func requiredHint(s *Schema, key string) string {
	if s.isSecret(key) {
		return fmt.Sprintf("write %s:, %s: or %s:", key, key+fileSuffix, key+credentialSuffix)
	}
	return ""
}

func validateList(path string, n *node, s *Schema, r *report) {
	if len(n.items) < s.MinItems {
		r.add(n.pos, path, "", "wants %d or more entries", s.MinItems)
	}
	for i, item := range n.items {
		if s.Items != nil {
			validate(fmt.Sprintf("%s[%d]", path, i), item, s.Items, r)
		}
	}
}

func validateScalar(path string, n *node, s *Schema, r *report) {
	sentence, hint := scalarProblem(n, s)
	if sentence == "" {
		return
	}
	if shown := showValue(n, s); shown != "" {
		sentence = shown + " " + sentence
	}
	r.add(n.pos, path, hint, "%s", sentence)
	n.kind = broken
}

// showValue quotes a value in a problem when that is safe and short.
func showValue(n *node, s *Schema) string {
	if s.Secret || n.hidden || n.text == "" || utf8.RuneCountInString(n.text) > 48 {
		return ""
	}
	return strconv.Quote(n.text)
}

// scalarProblem returns what is wrong with a value, in words that do not hold it.
func scalarProblem(n *node, s *Schema) (sentence, hint string) {
	if sentence = typeProblem(n.text, s); sentence != "" {
		return sentence, ""
	}
	if words := enumWords(s); len(words) > 0 && !slices.Contains(words, n.text) {
		if near := nearest(n.text, words); near != "" && !s.Secret {
			hint = "did you mean " + near + "?"
		}
		return "is not one of " + strings.Join(words, ", "), hint
	}
	if s.Pattern != "" && !matches(s.Pattern, n.text) {
		return "does not have the right form", patternHint(s)
	}
	if check := formats[s.Format]; check != nil {
		if err := check(n.text); err != nil {
			return err.Error(), ""
		}
	}
	return minimumProblem(n.text, s), ""
}

func minimumProblem(text string, s *Schema) string {
	if s.minText == "" || !below(text, s.minText, s.Format) {
		return ""
	}
	what := "short"
	if s.Format == "size" {
		what = "small"
	}
	return "is too " + what + ": want " + s.minText + " or more"
}

// below tells whether a duration, or a size, is less than another one.
func below(text, least, format string) bool {
	if format == "size" {
		a, err := parseSize(text)
		b, _ := parseSize(least)
		return err == nil && a < b
	}
	a, err := parseDuration(text)
	b, _ := parseDuration(least)
	return err == nil && a < b
}

func patternHint(s *Schema) string {
	if len(s.Examples) > 0 && !s.Secret {
		return fmt.Sprintf("for example %v", s.Examples[0])
	}
	if s.Pattern == hexPattern {
		return "64 hex digits"
	}
	if first, _, _ := strings.Cut(s.Description, ". "); first != "" {
		return strings.TrimSuffix(first, ".")
	}
	return "want " + s.Pattern
}

const hexPattern = "^[0-9a-f]{64}$"

func enumWords(s *Schema) []string {
	var words []string
	for _, e := range s.Enum {
		words = append(words, fmt.Sprint(e))
	}
	if s.Const != nil {
		words = append(words, fmt.Sprint(s.Const))
	}
	return words
}

func typeProblem(text string, s *Schema) string {
	switch s.Type {
	case "boolean":
		if text != "true" && text != "false" {
			return "is neither true nor false"
		}
	case "integer", "number":
		return numberProblem(text, s)
	}
	return ""
}

func numberProblem(text string, s *Schema) string {
	x, err := strconv.ParseFloat(text, 64)
	if s.Type == "integer" {
		var i int64
		i, err = strconv.ParseInt(text, 10, 64)
		x = float64(i)
	}
	switch {
	case err != nil || x != x || x-x != 0:
		return "is not a number"
	case s.Minimum != nil && x < *s.Minimum:
		return fmt.Sprintf("is too small: want %v or more", *s.Minimum)
	case s.Maximum != nil && x > *s.Maximum:
		return fmt.Sprintf("is too large: want %v or less", *s.Maximum)
	}
	return ""
}

// matches tells whether the whole of text has the form; a pattern that does not compile takes nothing.
func matches(pattern, text string) bool {
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(text)
}
